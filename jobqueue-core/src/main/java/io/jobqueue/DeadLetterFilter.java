package io.jobqueue;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Selects dead letters. A part that is {@code null} matches every dead letter; a dead letter must match all other parts.
 * Immutable.
 *
 * <pre>{@code
 * DeadLetterFilter.all().kind("email").error("connection refused").failedFrom(yesterday)
 * }</pre>
 *
 * @param kind the job's kind
 * @param error words that the job's last error contains. Upper and lower case of the letters A to Z are the same
 * @param failedFrom the job failed then or later, by the clock of Redis, to the millisecond
 * @param failedBefore the job failed earlier than that
 * @param tag one of the job's tags, see {@link JobRequest#tag}
 * @since 0.1.0
 */
public record DeadLetterFilter(
        @Nullable String kind,
        @Nullable String error,
        @Nullable Instant failedFrom,
        @Nullable Instant failedBefore,
        @Nullable String tag) {

    /**
     * Checks the parts.
     *
     * @throws IllegalArgumentException when the kind breaks the rule of {@link Names#kind(String)} or the tag that of {@link Names#tag(String)},
     *     when the words are blank, or when no time lies between the two bounds
     */
    public DeadLetterFilter {
        if (kind != null) {
            Names.kind(kind);
        }
        if (tag != null) {
            Names.tag(tag);
        }
        if (error != null && error.isBlank()) {
            throw new IllegalArgumentException(
                    "error must hold words to look for, was '%s'; leave it out to match every error"
                            .formatted(Names.printable(error)));
        }
        if (failedFrom != null && failedBefore != null && !failedFrom.isBefore(failedBefore)) {
            throw new IllegalArgumentException(
                    "failedFrom must be earlier than failedBefore, was %s and %s; nothing can match"
                            .formatted(failedFrom, failedBefore));
        }
    }

    /** Matches every dead letter. */
    public static DeadLetterFilter all() {
        return new DeadLetterFilter(null, null, null, null, null);
    }

    /** This filter for one kind. */
    public DeadLetterFilter kind(String kind) {
        return new DeadLetterFilter(kind, error, failedFrom, failedBefore, tag);
    }

    /** This filter for errors that contain these words. */
    public DeadLetterFilter error(String error) {
        return new DeadLetterFilter(kind, error, failedFrom, failedBefore, tag);
    }

    /** This filter for jobs that failed at this time or later. */
    public DeadLetterFilter failedFrom(Instant from) {
        return new DeadLetterFilter(kind, error, from, failedBefore, tag);
    }

    /** This filter for jobs that failed earlier than this time. */
    public DeadLetterFilter failedBefore(Instant before) {
        return new DeadLetterFilter(kind, error, failedFrom, before, tag);
    }

    /** This filter for jobs that carry a tag. */
    public DeadLetterFilter tag(String tag) {
        return new DeadLetterFilter(kind, error, failedFrom, failedBefore, tag);
    }
}
