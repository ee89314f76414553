package io.jobqueue.redis;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The enqueue calls of one queue, shared by all callers that enqueue at the same time. A caller that finds no call in
 * flight sends everything queued so far; callers that come while a call is in flight share the next one. So batches
 * grow under load, and a single caller never waits. Jobs are sent in the order in which they came.
 *
 * <p>A slow call does not delay later callers for long: after {@link #PATIENCE} the next call is sent without waiting
 * for it. Thread-safe.
 *
 * @param <T> a job
 */
final class SharedCalls<T> {

    private static final long PATIENCE = Duration.ofMillis(20).toNanos();

    private final Function<List<T>, CompletableFuture<List<String>>> sending;
    private final ToIntFunction<T> bytes;

    // guarded by this
    private final Deque<Part<T>> waiting = new ArrayDeque<>();
    private int inFlight;
    private long lastSent;

    /**
     * Makes a line that is empty.
     *
     * @param sending sends jobs in one call; it gives one answer for each job
     * @param bytes how large a job is
     */
    SharedCalls(Function<List<T>, CompletableFuture<List<String>>> sending, ToIntFunction<T> bytes) {
        this.sending = sending;
        this.bytes = bytes;
    }

    /** The jobs of one caller. They stay together. */
    private record Part<T>(List<T> jobs, int bytes, CompletableFuture<List<String>> answers) {}

    /** Sends jobs, at most as many as fit into one call. There is one answer for each job. */
    CompletableFuture<List<String>> send(List<T> jobs) {
        Part<T> part = new Part<>(jobs, jobs.stream().mapToInt(bytes).sum(), new CompletableFuture<>());
        List<Part<T>> batch;
        synchronized (this) {
            waiting.add(part);
            if (inFlight > 0 && System.nanoTime() - lastSent < PATIENCE) {
                return part.answers();
            }
            batch = take();
        }
        dispatch(batch);
        return part.answers();
    }

    /** Takes the next parts that fit into one call, and counts that call as in flight. */
    private List<Part<T>> take() {
        Batch<Part<T>> batch = Batch.ofJobs();
        for (Part<T> next = waiting.peek(); next != null; next = waiting.peek()) {
            if (!batch.add(next, next.jobs().size(), next.bytes())) {
                break;
            }
            waiting.remove();
        }
        if (!batch.isEmpty()) {
            inFlight++;
            lastSent = System.nanoTime();
        }
        return batch.items();
    }

    private void dispatch(List<Part<T>> batch) {
        List<T> jobs = batch.size() == 1
                ? batch.get(0).jobs()
                : batch.stream().flatMap(part -> part.jobs().stream()).toList();
        CompletableFuture<List<String>> call;
        try {
            call = sending.apply(jobs);
        } catch (RuntimeException | Error ex) {
            call = CompletableFuture.failedFuture(ex);
        }
        var unused = call.whenComplete((answers, failure) -> {
            next();
            answer(batch, answers, failure);
        });
    }

    /** Sends the next call before it answers the last one, because the receivers of answers may take their time. */
    private void next() {
        List<Part<T>> batch;
        synchronized (this) {
            inFlight--;
            batch = inFlight == 0 ? take() : List.of();
        }
        if (!batch.isEmpty()) {
            dispatch(batch);
        }
    }

    private void answer(List<Part<T>> batch, @Nullable List<String> answers, @Nullable Throwable failure) {
        int from = 0;
        for (Part<T> part : batch) {
            if (answers == null) {
                part.answers().completeExceptionally(failure);
            } else {
                part.answers().complete(answers.subList(from, from + part.jobs().size()));
                from += part.jobs().size();
            }
        }
    }
}
