package io.jobqueue.worker;

import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One exchange of a dispatcher with its store: a settlement of many attempts and a claim. Both are sent together; each
 * has its own reply.
 *
 * @param batch the attempts to settle, perhaps none
 * @param claims how many jobs the claim asks for; {@link #NO_CLAIM} when there is no claim
 * @param sentAt when it was sent
 * @param settled the answer to the settlement, {@code null} inside when there was nothing to settle
 * @param claimed the answer to the claim, {@code null} inside when there was none
 */
record Exchange(
        List<Attempt> batch,
        int claims,
        long sentAt,
        CompletableFuture<JobStore.@Nullable Settled> settled,
        CompletableFuture<JobStore.@Nullable Claims> claimed) {

    /** No claim at all. A claim of none is one: it passes a hint on to another worker. */
    static final int NO_CLAIM = -1;

    /** Sends both calls. Failures of either come with its answer. */
    static Exchange send(JobStore store, List<Attempt> batch, int claims) {
        return new Exchange(
                batch,
                claims,
                System.nanoTime(),
                batch.isEmpty()
                        ? CompletableFuture.completedFuture(null)
                        : ask(() -> store.settle(
                                batch.stream().map(Attempt::settlement).toList())),
                claims == NO_CLAIM ? CompletableFuture.completedFuture(null) : ask(() -> store.claim(claims)));
    }

    private static <T> CompletableFuture<T> ask(Supplier<? extends CompletableFuture<? extends T>> call) {
        try {
            return call.get().thenApply(answer -> answer);
        } catch (RuntimeException | Error ex) {
            return CompletableFuture.failedFuture(ex);
        }
    }

    boolean hasClaim() {
        return claims != NO_CLAIM;
    }

    /** Whether it settles and claims. */
    boolean hasBoth() {
        return hasClaim() && !batch.isEmpty();
    }

    boolean isAnswered() {
        return settled.isDone() && claimed.isDone();
    }

    /** Waits for an answer; returns the failure instead of it, or {@code null} when there is an answer. */
    static @Nullable RuntimeException failure(CompletableFuture<?> call) {
        try {
            call.join();
            return null;
        } catch (CompletionException | CancellationException ex) {
            return ex;
        }
    }
}
