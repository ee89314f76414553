package io.jobqueue;

import java.util.Optional;

/**
 * The job that tells a handler of a dead letter. When a job of kind {@code email} becomes a dead letter on a queue where some
 * application handles the kind {@code dead-letter:email}, the queue enqueues a job of that kind, with the payload and the
 * headers of the dead letter. It is a job like all others, so it is retried, and becomes a dead letter itself if its handler
 * keeps failing; it has no notice of its own.
 *
 * @since 0.1.0
 */
public final class DeadLetterNotice {

    /** The kind of a notice is this prefix and the kind of the dead letter. */
    public static final String PREFIX = "dead-letter:";

    /** Stands for all kinds that have no notice of their own. */
    public static final String ALL_OTHERS = "*";

    /** The header of a notice that holds the id of the dead letter. */
    public static final String ID_HEADER = "dead-letter-id";

    private DeadLetterNotice() {}

    /**
     * The kind of the notices for dead letters of a kind.
     *
     * @param kind the kind of the dead letters, or {@link #ALL_OTHERS}
     * @throws IllegalArgumentException when the kind is that of a notice, which has none itself
     */
    public static String kindFor(String kind) {
        if (kind.startsWith(PREFIX)) {
            throw new IllegalArgumentException(
                    "'%s' is the kind of a notice, and notices have no notices".formatted(Names.printable(kind)));
        }
        return Names.kind(PREFIX + kind);
    }

    /** The kind of the dead letters that a notice tells of; empty when a kind is not that of a notice. */
    public static Optional<String> deadLetterKind(String kind) {
        return kind.startsWith(PREFIX) ? Optional.of(kind.substring(PREFIX.length())) : Optional.empty();
    }
}
