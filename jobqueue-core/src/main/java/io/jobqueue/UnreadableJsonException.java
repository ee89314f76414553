package io.jobqueue;

/**
 * A stored JSON document cannot be read into a type. The message names the type and the property, never the document's
 * values.
 *
 * @since 0.1.0
 */
public final class UnreadableJsonException extends JobQueueException {

    private static final long serialVersionUID = 1L;

    private final boolean wellFormed;

    UnreadableJsonException(String message, boolean wellFormed) {
        super(message, null);
        this.wellFormed = wellFormed;
    }

    /**
     * Whether another version of the application may be able to read the document. During a rolling deployment an old
     * worker meets payloads of the new version, and a new worker meets payloads of the old one.
     *
     * @return {@code true} when the document is well-formed JSON that does not fit the type; {@code false} when it is
     *     malformed, {@code null}, or beyond the limits of the JSON reader, so that no version can read it
     */
    public boolean mayFitAnotherVersion() {
        return wellFormed;
    }

    /** The same exception with the name of the document in front, for example {@code "the output of unit 'a'"}. */
    public UnreadableJsonException of(String document) {
        UnreadableJsonException named = new UnreadableJsonException(document + " " + getMessage(), wellFormed);
        named.setStackTrace(getStackTrace());
        return named;
    }
}
