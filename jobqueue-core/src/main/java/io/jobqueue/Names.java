package io.jobqueue;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * The rules for names that reach Redis. Every name is checked once, where it enters the API. There are two rules:
 *
 * <ul>
 *   <li>A name that becomes a part of a Redis key or of a link, which is the name of a queue, the key prefix, and the
 *       id of a job or a run, consists of ASCII letters, digits and a few marks. So it can never change the structure
 *       of a key.
 *   <li>A name that is only data, which is a kind, the id of a unit and the name of a step, is any text without control
 *       characters. Spaces count like other characters, even at both ends.
 * </ul>
 *
 * <p>All names are compared character by character; {@code null} is refused.
 *
 * @since 0.1.0
 */
public final class Names {

    private static final Pattern QUEUE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");
    private static final String QUEUE_RULE =
            "1 to 64 characters of A-Z a-z 0-9 _ . - that begin with a letter or digit";
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_.:-]{1,128}");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_.:-]{1,64}");
    private static final String NO_TEXT = "control characters and halves of surrogate pairs";
    private static final int MAX_UNIT_BYTES = 256;
    private static final int MAX_KIND_LENGTH = 128;
    private static final int MAX_HEADER_BYTES = 256;

    private Names() {}

    /**
     * Checks a queue's name.
     *
     * @param name the name
     * @return the name
     * @throws IllegalArgumentException when it is not 1 to 64 characters of {@code A-Z a-z 0-9 _ . -}, or begins with
     *     {@code _ . -}
     */
    public static String queue(String name) {
        return check("queue name", name, QUEUE, QUEUE_RULE);
    }

    /**
     * Checks the first part of all keys.
     *
     * @param prefix the prefix
     * @return the prefix
     * @throws IllegalArgumentException when it breaks the rule of queue names
     */
    public static String keyPrefix(String prefix) {
        return check("key prefix", prefix, QUEUE, QUEUE_RULE);
    }

    /**
     * Checks a job's id.
     *
     * @param id the id
     * @return the id
     * @throws IllegalArgumentException when it is not 1 to 128 characters of {@code A-Z a-z 0-9 _ . : -}
     */
    public static String id(String id) {
        return check("job id", id, ID, "1 to 128 characters of A-Z a-z 0-9 _ . : -");
    }

    /**
     * Checks a tag of a job.
     *
     * @param tag the tag
     * @return the tag
     * @throws IllegalArgumentException when it is not 1 to 64 characters of {@code A-Z a-z 0-9 _ . : -}
     */
    public static String tag(String tag) {
        return check("tag", tag, TAG, "1 to 64 characters of A-Z a-z 0-9 _ . : -");
    }

    /**
     * Checks a run's id.
     *
     * @param id the id
     * @return the id
     * @throws IllegalArgumentException when it is not 1 to 128 characters of {@code A-Z a-z 0-9 _ . : -}
     */
    public static String run(String id) {
        return check("run id", id, ID, "1 to 128 characters of A-Z a-z 0-9 _ . : -");
    }

    /**
     * Checks a unit's id, which is data of the user: a path, a name in any script.
     *
     * @param id the id
     * @return the id
     * @throws IllegalArgumentException when it is not 1 to 256 bytes of UTF-8, or holds a control character or half of
     *     a surrogate pair
     */
    public static String unit(String id) {
        if (id == null || !isUnit(id)) {
            throw refused("unit id", id, "1 to 256 bytes of UTF-8 without " + NO_TEXT);
        }
        return id;
    }

    /**
     * Checks a unique key, which is data of the user as a unit's id is.
     *
     * @param key the key
     * @return the key
     * @throws IllegalArgumentException when it is not 1 to 256 bytes of UTF-8, or holds a control character or half of
     *     a surrogate pair
     */
    public static String uniqueKey(String key) {
        if (key == null || !isUnit(key)) {
            throw refused("unique key", key, "1 to 256 bytes of UTF-8 without " + NO_TEXT);
        }
        return key;
    }

    /**
     * Checks the name of a step of a job.
     *
     * @param name the name
     * @return the name
     * @throws IllegalArgumentException when it is not 1 to 128 characters, or holds a control character or half of a
     *     surrogate pair
     */
    public static String step(String name) {
        if (name == null || name.isBlank() || name.length() > MAX_KIND_LENGTH || !isText(name)) {
            throw refused("step name", name, "1 to 128 characters, not blank, without " + NO_TEXT);
        }
        return name;
    }

    /**
     * Checks a kind.
     *
     * @param kind the kind
     * @return the kind
     * @throws IllegalArgumentException when it is not 1 to 128 characters, or holds a control character or half of a
     *     surrogate pair
     */
    public static String kind(String kind) {
        if (kind == null || kind.isBlank() || kind.length() > MAX_KIND_LENGTH || !isText(kind)) {
            throw refused("kind", kind, "1 to 128 characters, not blank, without " + NO_TEXT);
        }
        return kind;
    }

    /**
     * Checks the name of a recurring job, which becomes a part of job ids.
     *
     * @param name the name
     * @return the name
     * @throws IllegalArgumentException when it breaks the rule of queue names
     */
    public static String recurring(String name) {
        return check("name of a recurring job", name, QUEUE, QUEUE_RULE);
    }

    /** Whether a run's id keeps the rule. */
    static boolean isRun(String id) {
        return ID.matcher(id).matches();
    }

    /** Whether a unit's id keeps the rule. */
    static boolean isUnit(String id) {
        int bytes = id.getBytes(StandardCharsets.UTF_8).length;
        return bytes >= 1 && bytes <= MAX_UNIT_BYTES && isText(id);
    }

    /** Whether a text holds no control character, and no half of a surrogate pair, which UTF-8 cannot write. */
    private static boolean isText(String value) {
        for (int i = 0; i < value.length(); i++) {
            char letter = value.charAt(i);
            if (Character.isISOControl(letter)) {
                return false;
            }
            if (Character.isSurrogate(letter)) {
                boolean pair = Character.isHighSurrogate(letter)
                        && i + 1 < value.length()
                        && Character.isLowSurrogate(value.charAt(i + 1));
                if (!pair) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }

    /** Refuses a header that a job cannot carry. */
    static void checkHeader(String name, String value) {
        if (value == null) {
            throw new IllegalArgumentException(
                    "the value of header '%s' is null; leave the header out".formatted(printable(name)));
        }
        int bytes = (name + value).getBytes(StandardCharsets.UTF_8).length;
        if (name.isEmpty() || bytes > MAX_HEADER_BYTES) {
            throw new IllegalArgumentException("header name and value must be 1 to %s bytes together, '%s' has %s"
                    .formatted(MAX_HEADER_BYTES, printable(name), bytes));
        }
    }

    private static String check(String what, String value, Pattern rule, String remedy) {
        if (value == null || !rule.matcher(value).matches()) {
            throw refused(what, value, remedy);
        }
        return value;
    }

    private static IllegalArgumentException refused(String what, String value, String rule) {
        return new IllegalArgumentException(
                "%s must be %s, was %s".formatted(what, rule, value == null ? "null" : "'" + printable(value) + "'"));
    }

    /** Bad names end up in logs: no line breaks, no escapes, no megabytes. */
    static String printable(String value) {
        String head = value.length() > 80 ? value.substring(0, 80) + "…" : value;
        StringBuilder out = new StringBuilder(head.length());
        head.chars().forEach(c -> {
            if (Character.isISOControl(c) || Character.isSurrogate((char) c)) {
                out.append("\\u%04x".formatted(c));
            } else {
                out.append((char) c);
            }
        });
        return out.toString();
    }
}
