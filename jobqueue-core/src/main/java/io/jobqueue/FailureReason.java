package io.jobqueue;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Why an attempt or a job failed: a code for machines and words for people. A job stores {@link #text()} as its last
 * error. Immutable.
 *
 * @param code what kind of failure it is
 * @param words what happened, without the code. Cut so that {@link #text()} has at most 4,096 characters; an unpaired
 *     surrogate becomes a question mark, because UTF-8 cannot encode it
 * @since 0.1.0
 */
public record FailureReason(Code code, String words) {

    private static final int MAX_LENGTH = 4096;

    /** The kinds of failure. */
    public enum Code {
        /** The handler threw an exception, or asked for a retry or a dead letter. Its text has no prefix. */
        HANDLER,
        /** No handler on the queue knows the job's kind, and none came in time; or the payload names no kind. */
        UNKNOWN_KIND,
        /** The payload does not fit the handler's type, and no version that reads it came in time; or none ever can. */
        BAD_PAYLOAD,
        /** The handler's result cannot be written as JSON. */
        BAD_RESULT,
        /** The handler's result is larger than the queue allows. */
        RESULT_TOO_LARGE,
        /** The run did not accept the unit's output. */
        BAD_OUTPUT,
        /** The handler ran longer than its time limit. */
        TIMED_OUT,
        /** Too many workers fell silent while they worked on the job. */
        WORKER_DIED,
        /** The handler discarded the job. */
        DISCARDED,
        /** The job or its run was cancelled, or the run that the job gathers was opened again. */
        CANCELLED,
        /** No worker started the job in time; see {@link JobRequest#expiresIn}. */
        EXPIRED,
        /** The job was retried until its deadline, and failed again after that; see {@link JobRequest#deadline}. */
        DEADLINE_PASSED,
        /** The job's hash, payload or output is gone from Redis. */
        LOST,
        /** Somebody removed the job. */
        PURGED;

        private final String prefix =
                name().equals("HANDLER") ? "" : name().toLowerCase(Locale.ROOT).replace('_', '-') + ": ";
    }

    /** Cuts the words to what a job stores. */
    public FailureReason {
        int room = MAX_LENGTH - code.prefix.length();
        String kept = words.length() > room ? words.substring(0, room) : words;
        words = new String(kept.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    /** A failure of the handler itself. */
    public static FailureReason handler(String words) {
        return new FailureReason(Code.HANDLER, words);
    }

    /**
     * Reads a stored text. A text that begins with no known code is a failure of the handler.
     *
     * @param text what a job, a run or a unit stores as its error
     */
    public static FailureReason read(String text) {
        for (Code code : Code.values()) {
            if (code != Code.HANDLER && text.startsWith(code.prefix)) {
                return new FailureReason(code, text.substring(code.prefix.length()));
            }
        }
        return handler(text);
    }

    /** The reason as it is stored: {@code timed-out: ran longer than PT30S}. A handler's failure has no prefix. */
    public String text() {
        return code.prefix + words;
    }

    @Override
    public String toString() {
        return text();
    }
}
