package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.JobCodec;
import io.jobqueue.JobRunException;
import io.jobqueue.RedisUnavailableException;
import io.jobqueue.UnreadableJsonException;
import io.lettuce.core.KeyValue;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Waits until one run and its gather job have ended. A message on the channel makes the waiter check at once. Messages
 * can be lost, so the waiter also polls, with growing pauses.
 */
final class GatherWaiter {

    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    private final QueueRedis redis;
    private final String runId;
    private final Semaphore told = new Semaphore(0);
    private final ChannelListener hearing;

    GatherWaiter(QueueRedis redis, String runId) {
        this.redis = redis;
        this.runId = runId;
        String mark = "\"run\":\"" + runId + "\"";
        this.hearing = message -> {
            if (message.contains(mark)) {
                told.release();
            }
        };
    }

    <T> Optional<T> await(Class<T> type, Duration timeout) {
        long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
        try {
            Duration pause = SHORTEST_PAUSE;
            while (true) {
                Optional<End> end = end(deadline);
                if (end.isPresent()) {
                    return end.get().value(runId, redis.codec(), type);
                }
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return Optional.empty();
                }
                if (told.tryAcquire(Math.min(left, pause.toNanos()), TimeUnit.NANOSECONDS)) {
                    told.drainPermits();
                }
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } finally {
            redis.connector().subscriptions().remove(redis.keys().lifecycle(), hearing);
        }
    }

    /** The end of the run with its gather, if it is through. Listens first, so that nothing is missed in between. */
    private Optional<End> end(long deadline) {
        try {
            if (deadline - System.nanoTime() > 0) {
                redis.connector().subscriptions().add(redis.keys().lifecycle(), hearing);
            }
            return waitFor(this::readEnd);
        } catch (RedisUnavailableException ex) {
            // perhaps it comes back in time
            if (deadline - System.nanoTime() <= 0) {
                throw ex;
            }
            return Optional.empty();
        }
    }

    private CompletableFuture<Optional<End>> readEnd() {
        return redis.<List<KeyValue<String, String>>>command(commands ->
                        commands.hmget(redis.keys().run(runId), "state", "gather_state", "gather_error", "result"))
                .thenApply(fields -> {
                    String state = fields.get(0).getValueOrElse("unknown");
                    String gather = fields.get(1).getValueOrElse("");
                    boolean live = state.equals("open") || state.equals("sealed") || gather.equals("waiting");
                    return live
                            ? Optional.empty()
                            : Optional.of(new End(
                                    state,
                                    gather,
                                    fields.get(2).getValueOrElse(""),
                                    fields.get(3).getValueOrElse("null")));
                });
    }

    /** How a run ended, and what its gather job came to. */
    private record End(String state, String gather, String error, String result) {

        <T> Optional<T> value(String runId, JobCodec codec, Class<T> type) {
            if (state.equals("unknown")) {
                throw new JobRunException("run '%s' was not started, or is forgotten".formatted(runId));
            }
            if (!state.equals("completed")) {
                throw new JobRunException(
                        state.equals("cancelled")
                                ? "run '%s' was cancelled".formatted(runId)
                                : "run '%s' failed: its units ended without meeting its policy".formatted(runId));
            }
            if (gather.equals("failed")) {
                throw new JobRunException("the gather job of run '%s' failed: %s".formatted(runId, error));
            }
            if (result.equals("null")) {
                return Optional.empty();
            }
            try {
                return Optional.of(codec.json(result).as(type));
            } catch (UnreadableJsonException ex) {
                throw ex.of("the result of the gather of run '" + runId + "'");
            }
        }
    }
}
