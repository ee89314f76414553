package io.jobqueue.redis;

import io.jobqueue.redis.RedisJobQueue.Outgoing;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The enqueue calls of one queue, shared by all who enqueue at the same time: who finds none under way sends all that
 * wait, so batches form by themselves while the last call is out, and a lonely caller waits for nobody. Jobs go out in the
 * order in which they came.
 *
 * <p>A call that is slow holds up nobody for long: after a while the next ones do not wait for it. Thread-safe.
 */
final class SharedCalls {

    /** What one call that makes jobs carries at the most, those of runs included. */
    static final int JOBS_A_CALL = 200;

    static final int BYTES_A_CALL = 1024 * 1024;

    private static final long PATIENCE = Duration.ofMillis(20).toNanos();

    private final Function<List<Outgoing>, CompletableFuture<String>> sending;

    // guarded by this
    private final Deque<Part> waiting = new ArrayDeque<>();
    private int underWay;
    private long lastSent;

    /**
     * Makes a line without anybody in it.
     *
     * @param sending sends jobs in one call, and answers with a letter for each
     */
    SharedCalls(Function<List<Outgoing>, CompletableFuture<String>> sending) {
        this.sending = sending;
    }

    /** The jobs of one caller, which stay together. */
    private record Part(List<Outgoing> jobs, CompletableFuture<String> answer) {

        int bytes() {
            return jobs.stream().mapToInt(Outgoing::bytes).sum();
        }
    }

    /** Sends jobs, at most as many as fit into a call; the answer has a letter for each. */
    CompletableFuture<String> send(List<Outgoing> jobs) {
        Part part = new Part(jobs, new CompletableFuture<>());
        List<Part> batch;
        synchronized (this) {
            waiting.add(part);
            if (underWay > 0 && System.nanoTime() - lastSent < PATIENCE) {
                return part.answer();
            }
            batch = take();
        }
        dispatch(batch);
        return part.answer();
    }

    /** The next parts that fit into one call, which is under way from then on. */
    private List<Part> take() {
        List<Part> batch = new ArrayList<>();
        int jobs = 0;
        int bytes = 0;
        for (Part next = waiting.peek(); next != null; next = waiting.peek()) {
            jobs += next.jobs().size();
            bytes += next.bytes();
            if (!batch.isEmpty() && (jobs > JOBS_A_CALL || bytes > BYTES_A_CALL)) {
                break;
            }
            batch.add(waiting.remove());
        }
        if (!batch.isEmpty()) {
            underWay++;
            lastSent = System.nanoTime();
        }
        return batch;
    }

    private void dispatch(List<Part> batch) {
        List<Outgoing> jobs = batch.size() == 1
                ? batch.get(0).jobs()
                : batch.stream().flatMap(part -> part.jobs().stream()).toList();
        CompletableFuture<String> call;
        try {
            call = sending.apply(jobs);
        } catch (RuntimeException | Error ex) {
            call = CompletableFuture.failedFuture(ex);
        }
        var unused = call.whenComplete((letters, failure) -> {
            next();
            answer(batch, letters, failure);
        });
    }

    /** First the next call, then the answers of the last one, whose receivers may take their time. */
    private void next() {
        List<Part> batch;
        synchronized (this) {
            underWay--;
            batch = underWay == 0 ? take() : List.of();
        }
        if (!batch.isEmpty()) {
            dispatch(batch);
        }
    }

    private static void answer(List<Part> batch, @Nullable String letters, @Nullable Throwable failure) {
        int from = 0;
        for (Part part : batch) {
            if (letters == null) {
                part.answer().completeExceptionally(failure);
            } else {
                part.answer()
                        .complete(letters.substring(from, from + part.jobs().size()));
                from += part.jobs().size();
            }
        }
    }
}
