package io.jobqueue.redis;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/**
 * Waits for replies of Redis and takes failures out of the wrappers that futures put around them. Every blocking method of
 * this package waits here.
 */
final class Answers {

    private Answers() {}

    /**
     * Waits for a reply. Needs no time limit: the connection limits every command.
     *
     * @return what the future completed with
     * @throws RuntimeException what the future failed with, with the waiting caller's stack as a suppressed exception
     */
    static <T> T waitFor(CompletableFuture<T> reply) {
        try {
            return reply.join();
        } catch (CompletionException ex) {
            throw rethrown(ex);
        }
    }

    /** The failure inside a wrapper, ready to be thrown, with the caller's stack as a suppressed exception. */
    static RuntimeException rethrown(Throwable wrapper) {
        Throwable cause = unwrap(wrapper);
        if (cause instanceof Error error) {
            throw error;
        }
        RuntimeException failure = cause instanceof RuntimeException known ? known : new CompletionException(cause);
        failure.addSuppressed(new Throwable("waited for here"));
        return failure;
    }

    /** The failure itself: what is inside any number of {@link CompletionException}s and {@link ExecutionException}s. */
    static Throwable unwrap(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
