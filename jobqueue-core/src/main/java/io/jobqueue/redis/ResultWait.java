package io.jobqueue.redis;

import io.jobqueue.AwaitTimeoutException;
import io.jobqueue.FailureReason;
import io.jobqueue.JobCodec;
import io.jobqueue.JobFailedException;
import io.jobqueue.JobNotFoundException;
import io.jobqueue.JobStatus;
import io.jobqueue.RedisUnavailableException;
import io.jobqueue.UnreadableJsonException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One caller that waits for the result of one job. The wait looks for the job on one queue after the other and stays on
 * the queue that has it. It ends when its future is completed or cancelled, and releases everything that it holds.
 *
 * @param <T> what the result is read into
 */
final class ResultWait<T> {

    /** Longer than any process runs, and short enough for every clock of the JDK. */
    private static final Duration LONGEST = Duration.ofDays(3650);

    private final JobCodec codec;
    private final Class<T> type;
    private final Duration timeout;
    private final CompletableFuture<@Nullable T> result = new CompletableFuture<>();

    /** Done when the job was looked at once, so that a short timeout, too, knows where the job is. */
    private final CompletableFuture<@Nullable Void> looked = new CompletableFuture<>();

    private volatile String id = "";
    private volatile @Nullable JobStatus status;
    private volatile @Nullable RedisUnavailableException outage;

    /**
     * Makes a wait that has not begun.
     *
     * @param timeout how long it lasts at most; zero looks once
     * @throws IllegalArgumentException when the timeout is negative
     */
    ResultWait(JobCodec codec, Class<T> type, Duration timeout) {
        this.codec = Objects.requireNonNull(codec);
        this.type = Objects.requireNonNull(type, "the type of the result must not be null");
        if (timeout.isNegative()) {
            throw new IllegalArgumentException(
                    "the timeout of a wait must not be negative, was %s; zero looks once".formatted(timeout));
        }
        this.timeout = timeout;
    }

    /** What becomes of the wait. Cancelling it ends the wait. */
    CompletableFuture<@Nullable T> result() {
        return result;
    }

    /** Starts the clock. */
    ResultWait<T> started() {
        long nanos = Math.min(TimeUnit.NANOSECONDS.convert(timeout), LONGEST.toNanos());
        CompletableFuture<@Nullable Void> clock =
                new CompletableFuture<@Nullable Void>().orTimeout(nanos, TimeUnit.NANOSECONDS);
        var unused = clock.whenComplete((never, over) -> {
            if (over instanceof TimeoutException) {
                // what depends on the result must not run on the thread that serves all clocks
                looked.thenRunAsync(
                        () -> result.completeExceptionally(new AwaitTimeoutException(id, timeout, status, outage)));
            }
        });
        var ended = result.whenComplete((value, failure) -> clock.cancel(false));
        return this;
    }

    /**
     * Waits for a job.
     *
     * @param queues where the job may be, in the order to look
     * @param mayCome whether the job may come into being during the wait
     */
    CompletableFuture<@Nullable T> on(List<JobEnds> queues, String id, boolean mayCome) {
        this.id = id;
        new OnQueue(queues, 0, mayCome).begin();
        return result;
    }

    /** Ends the wait of a thread that was interrupted. */
    void interrupted() {
        result.completeExceptionally(new CancellationException(
                "the thread was interrupted while it waited for job '%s'; the job goes on".formatted(id)));
    }

    /** The part of a wait that one queue serves. */
    private final class OnQueue implements JobEnds.Waiter {

        private final List<JobEnds> queues;
        private final int at;
        private final boolean mayCome;
        private volatile boolean found;

        OnQueue(List<JobEnds> queues, int at, boolean mayCome) {
            this.queues = queues;
            this.at = at;
            this.mayCome = mayCome;
        }

        void begin() {
            JobEnds ends = queues.get(at);
            ends.add(this);
            var unused = result.whenComplete((value, failure) -> ends.remove(this));
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public boolean seen(JobEnds.Look look) {
            outage = null;
            if (look.status() == null) {
                return absent(look.announced());
            }
            found = true;
            status = JobStatus.of(look.status()).orElse(null);
            if (status == JobStatus.COMPLETED) {
                complete(look.result());
            } else if (status == JobStatus.FAILED) {
                FailureReason reason =
                        FailureReason.read(Objects.requireNonNullElse(look.error(), "no reason was stored"));
                result.completeExceptionally(
                        new JobFailedException(queues.get(at).queue(), id, look.attempts(), reason));
            }
            looked.complete(null);
            return !result.isDone();
        }

        private boolean absent(@Nullable EndMessage announced) {
            if (announced != null) {
                forgotten(announced);
                return false;
            }
            if (!found && mayCome) {
                looked.complete(null);
                return !result.isDone();
            }
            if (!found && at + 1 < queues.size()) {
                new OnQueue(queues, at + 1, false).begin();
            } else {
                result.completeExceptionally(new JobNotFoundException(id, whyAbsent()));
            }
            return false;
        }

        /** The job has ended, and its history was full before its hash could be read. */
        private void forgotten(EndMessage end) {
            if (end.completed() && type == Void.class) {
                result.complete(null);
                return;
            }
            String status = end.completed() ? "completed" : "failed";
            result.completeExceptionally(new JobNotFoundException(
                    id,
                    "job '%s' of queue '%s' %s, but its history dropped it before the result could be read; raise jobqueue.retention.%s.count"
                            .formatted(id, queues.get(at).queue(), status, status)));
        }

        private String whyAbsent() {
            if (found) {
                return "job '%s' is no longer on queue '%s': it was removed, or its history dropped it (jobqueue.retention)"
                        .formatted(id, queues.get(at).queue());
            }
            String names = queues.stream().map(each -> "'" + each.queue() + "'").collect(Collectors.joining(", "));
            return "there is no job '%s' on queue %s: it was never enqueued, was removed, or jobqueue.retention is over"
                    .formatted(id, names);
        }

        @Override
        public boolean failed(Throwable cause) {
            if (cause instanceof RedisUnavailableException away) {
                outage = away; // perhaps it comes back in time
                looked.complete(null);
            } else {
                result.completeExceptionally(cause);
            }
            return !result.isDone();
        }
    }

    private void complete(@Nullable String stored) {
        try {
            result.complete(stored == null ? null : codec.readResult(stored, type));
        } catch (UnreadableJsonException ex) {
            result.completeExceptionally(ex.of("the result of job '" + id + "'"));
        } catch (RuntimeException | Error ex) {
            result.completeExceptionally(ex); // of a deserializer of the application
        }
    }
}
