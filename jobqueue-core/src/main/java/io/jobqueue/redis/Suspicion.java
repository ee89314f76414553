package io.jobqueue.redis;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A job that looks damaged, but may only be between two steps of a guide client. Redis remembers when the audit first
 * saw it. The suspicion is confirmed when the same job, in the same state, looks the same one lease later.
 *
 * @param look what looked wrong
 * @param place the place where it looked wrong, {@code null} for {@link Look#NOWHERE}
 * @param state the state of the job, see {@link AuditedJob#state()}
 * @param id the id
 */
record Suspicion(Look look, @Nullable Place place, String state, String id) {

    private static final Pattern TEXT = Pattern.compile("(listed|doubled|nowhere)\\|([a-z]+|-)\\|([0-9a-f]*)\\|(.*)");

    /** How a job was looked at. */
    enum Look {
        /** The id is in a place that does not match the status of its job. */
        LISTED,
        /** The id is in a list more than once. */
        DOUBLED,
        /** The job exists, and its id seems to be in no place. */
        NOWHERE
    }

    /** The form in which Redis remembers it. */
    String text() {
        return look.name().toLowerCase(Locale.ROOT) + "|" + (place == null ? "-" : place.key()) + "|" + state + "|"
                + id;
    }

    /** Reads that form; empty when it is none. */
    static Optional<Suspicion> parse(String text) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            return Optional.empty();
        }
        Look look = Look.valueOf(parts.group(1).toUpperCase(Locale.ROOT));
        if ((look == Look.NOWHERE) != parts.group(2).equals("-")) {
            return Optional.empty();
        }
        try {
            Place place =
                    look == Look.NOWHERE ? null : Place.valueOf(parts.group(2).toUpperCase(Locale.ROOT));
            return Optional.of(new Suspicion(look, place, parts.group(3), parts.group(4)));
        } catch (IllegalArgumentException ex) {
            return Optional.empty(); // no such place
        }
    }
}
