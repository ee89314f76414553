package io.jobqueue;

/**
 * Removes secrets from texts, such as a password in the message of an exception. The engine calls it for every text of
 * a failed attempt before it stores the text: the last error of the job, the message, and the stack trace. It does not
 * see payloads and results, which are never stored with an error.
 *
 * <p>Must be thread-safe. Runs on the threads of handlers. If it throws, the text is dropped.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface Redactor {

    /**
     * Redacts a text.
     *
     * @param text the text, perhaps of many lines
     * @return the text as it may be stored
     */
    String redact(String text);

    /** Keeps every text as it is. */
    static Redactor none() {
        return text -> text;
    }
}
