package io.jobqueue.sample;

import java.math.BigDecimal;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The fields of a form. An empty field counts as absent, because browsers send empty fields. An invalid field is refused
 * with its name, its value and the values it may have.
 */
record Form(Map<String, String> fields) {

    private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]{1,18}");
    private static final Pattern NUMBER =
            Pattern.compile("[+-]?([0-9]{1,18}(\\.[0-9]{0,30})?|\\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?");

    String text(String name, String otherwise) {
        String value = fields.getOrDefault(name, "");
        return value.isBlank() ? otherwise : value;
    }

    /** A text of limited length. */
    String text(String name, String otherwise, int longest) {
        String value = text(name, otherwise);
        if (value.length() > longest) {
            throw new RefusedException(
                    "%s must be at most %s characters, was %s".formatted(name, longest, value.length()));
        }
        return value;
    }

    int whole(String name, int otherwise, int from, int to) {
        String value = text(name, String.valueOf(otherwise)).strip();
        if (WHOLE.matcher(value).matches()) {
            long number = Long.parseLong(value);
            if (number >= from && number <= to) {
                return (int) number;
            }
        }
        throw refused(name, "a whole number from %s to %s".formatted(from, to), value);
    }

    /** A share, from 0 to 1. */
    double share(String name, double otherwise) {
        String value = text(name, "").strip();
        if (value.isEmpty()) {
            return otherwise;
        }
        if (NUMBER.matcher(value).matches()) {
            BigDecimal share = new BigDecimal(value);
            if (share.signum() >= 0 && share.compareTo(BigDecimal.ONE) <= 0) {
                return share.doubleValue();
            }
        }
        throw refused(name, "a number from 0 to 1", value);
    }

    /** A field that must be there. */
    boolean yesOrNo(String name) {
        String value = text(name, "").strip();
        if (value.equals("true") || value.equals("false")) {
            return value.equals("true");
        }
        throw refused(name, "true or false", value);
    }

    private static RefusedException refused(String name, String rule, String value) {
        String shown = value.length() > 40 ? value.substring(0, 40) + "…" : value;
        return new RefusedException("%s must be %s, was '%s'".formatted(name, rule, shown));
    }
}
