package io.jobqueue;

/**
 * A stored JSON document is malformed, or does not fit the type it is read into. The message names the place and the
 * type, never the document's values.
 *
 * @since 0.1.0
 */
public final class UnreadableJsonException extends JobQueueException {

    private static final long serialVersionUID = 1L;

    UnreadableJsonException(String message) {
        super(message, null);
    }

    /** The same, with the name of the document in front, for example {@code "the output of unit 'a'"}. */
    public UnreadableJsonException of(String document) {
        UnreadableJsonException named = new UnreadableJsonException(document + " " + getMessage());
        named.setStackTrace(getStackTrace());
        return named;
    }
}
