package io.jobqueue.redis;

import io.netty.util.concurrent.FastThreadLocalThread;
import java.lang.StackWalker.StackFrame;
import java.util.Arrays;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/**
 * Waits for replies of Redis, and unwraps the exceptions that futures wrap. Every blocking method of this package waits
 * here.
 */
final class Answers {

    private Answers() {}

    /**
     * Sends a command and waits for its reply. Needs no time limit: the connection limits every command.
     *
     * @param call sends the command; is not called when the wait is refused
     * @return what the future completed with
     * @throws RuntimeException what the future failed with, with the waiting caller's stack as a suppressed exception
     * @throws IllegalStateException on a thread of the Redis client
     */
    static <T> T waitFor(Supplier<CompletableFuture<T>> call) {
        refuseOnClientThread();
        try {
            return call.get().join();
        } catch (CompletionException ex) {
            throw rethrown(ex);
        } catch (CancellationException ex) {
            // newer JDKs put the exception that ended the future into another one
            throw ex.getCause() instanceof CancellationException own ? own : ex;
        }
    }

    /**
     * Sends a command and waits for its reply. An interrupt shortens the wait and stays set.
     *
     * @param call as in {@link #waitFor(Supplier)}
     * @param giveUp is called when the thread is interrupted; it must make the future complete soon
     */
    static <T> T waitFor(Supplier<CompletableFuture<T>> call, Runnable giveUp) {
        return waitFor(() -> {
            CompletableFuture<T> reply = call.get();
            try {
                reply.get();
            } catch (InterruptedException ex) {
                giveUp.run();
                Thread.currentThread().interrupt();
            } catch (ExecutionException ex) {
                return reply; // the caller throws its failure
            }
            return reply;
        });
    }

    /**
     * Refuses to block a thread of the Redis client. Such a thread delivers the replies of many callers, often the very
     * reply that the caller wants to wait for. Callers get there by {@code thenApply} on a future of ours, or in a
     * listener.
     *
     * <p>The stack shows whose thread it is, because applications may name and make the client's threads themselves,
     * and other libraries use Netty's threads as well. The stack of other threads is not looked at, as that takes time.
     */
    private static void refuseOnClientThread() {
        if (!(Thread.currentThread() instanceof FastThreadLocalThread)) {
            return;
        }
        StackWalker stack = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);
        if (stack.walk(frames -> frames.anyMatch(frame -> frame.getClassName().startsWith("io.lettuce.core.")))) {
            String blocked = "the thread '%s' of the Redis client, which delivers the replies of all callers"
                    .formatted(Thread.currentThread().getName());
            String ownThread = "to a thread of your own, for example by thenApplyAsync(…, executor)";
            throw new IllegalStateException(
                    stack.walk(frames -> frames.filter(Answers::hasTwin).findFirst())
                            .map(StackFrame::getMethodName)
                            .map(method -> "'%s' would block %s; call '%sAsync' there, or move the blocking call %s"
                                    .formatted(method, blocked, method, ownThread))
                            .orElseGet(() -> "a call that has no asynchronous twin would block %s; move the call %s"
                                    .formatted(blocked, ownThread)));
        }
    }

    private static boolean hasTwin(StackFrame frame) {
        Class<?> type = frame.getDeclaringClass();
        return type.getPackage() == Answers.class.getPackage()
                && Arrays.stream(type.getMethods())
                        .anyMatch(method -> method.getName().equals(frame.getMethodName() + "Async"));
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

    /**
     * The failure itself: what is inside any number of {@link CompletionException}s and {@link ExecutionException}s.
     */
    static Throwable unwrap(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
