package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobWorker;
import io.jobqueue.RetryPolicy;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.JobStore.Renewal;
import io.jobqueue.worker.JobStore.Renewed;
import io.jobqueue.worker.Settlement;
import io.jobqueue.worker.Settlement.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Claims and settles single jobs for a worker without the engine. It uses the same {@link RedisJobStore} as the engine.
 */
final class RedisJobWorker implements JobWorker {

    /** How often a waiting claim looks for jobs whose producer pushed no hint. */
    private static final Duration POLL = Duration.ofMillis(500);

    private static final Duration SHORTEST_LEASE = Duration.ofMillis(1);
    private static final Duration LONGEST_LEASE = Duration.ofDays(7);

    private final RedisJobStore store;
    private final JobListener listener;

    RedisJobWorker(RedisJobStore store, JobListener listener) {
        this.store = store;
        this.listener = listener;
    }

    // ---- claim

    @Override
    public Optional<Claim> claim(Duration timeout) {
        ClaimWait wait = new ClaimWait(timeout);
        return waitFor(wait::start, wait::giveUp);
    }

    @Override
    public CompletableFuture<Optional<Claim>> claimAsync(Duration timeout) {
        return new ClaimWait(timeout).start();
    }

    /**
     * One call that waits for a claim: it looks, pauses until a hint comes or the poll interval is over, and looks
     * again.
     */
    private final class ClaimWait {

        private final CompletableFuture<Optional<Claim>> claimed = new CompletableFuture<>();
        private final long deadline;
        private volatile boolean givenUp;
        private volatile @Nullable CompletableFuture<Boolean> pause;

        ClaimWait(Duration timeout) {
            deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
        }

        CompletableFuture<Optional<Claim>> start() {
            look();
            return claimed;
        }

        /** Ends the pause. A look that is under way is the last one; its claim, if it gets one, is the caller's. */
        void giveUp() {
            givenUp = true;
            CompletableFuture<Boolean> waiting = pause;
            if (waiting != null) {
                waiting.complete(false);
            }
        }

        private void look() {
            var unused = store.claim(1).whenComplete((claims, failure) -> {
                try {
                    if (failure != null) {
                        claimed.completeExceptionally(failure);
                    } else {
                        listener.onAll(claims.events());
                        goOn(claims);
                    }
                } catch (RuntimeException | Error ex) {
                    claimed.completeExceptionally(ex);
                }
            });
        }

        private void goOn(JobStore.Claims claims) {
            Duration left = Duration.ofNanos(deadline - System.nanoTime());
            boolean over = givenUp || left.isNegative() || left.isZero();
            if (!claims.jobs().isEmpty()) {
                claimed.complete(Optional.of(claims.jobs().get(0)));
            } else if (claims.more()) {
                // the call only removed ids whose jobs are gone or have ended, and more ids are behind them
                look();
            } else if (over) {
                claimed.complete(Optional.empty());
            } else {
                pause(pauseOf(left, claims.nextDue()));
            }
        }

        private void pause(Duration length) {
            CompletableFuture<Boolean> hint = hintOrPause(length);
            pause = hint;
            if (givenUp) {
                hint.complete(false);
            }
            var unused = hint.whenComplete((hinted, failure) -> look());
        }
    }

    /** When no hints arrive, the claim goes on polling; the next poll fails if Redis is away. */
    private CompletableFuture<Boolean> hintOrPause(Duration pause) {
        return store.hint(pause).exceptionallyCompose(failure -> new CompletableFuture<Boolean>()
                .completeOnTimeout(false, pause.toMillis(), TimeUnit.MILLISECONDS));
    }

    private static Duration pauseOf(Duration left, @Nullable Duration nextDue) {
        Duration pause = left.compareTo(POLL) < 0 ? left : POLL;
        return nextDue == null || nextDue.compareTo(pause) >= 0 ? pause : nextDue;
    }

    // ---- settle

    @Override
    public boolean complete(Claim claim, @Nullable Object result) {
        return waitFor(() -> completeAsync(claim, result));
    }

    @Override
    public CompletableFuture<Boolean> completeAsync(Claim claim, @Nullable Object result) {
        JobCodec.Result written = store.codec()
                .result(result, Object.class, store.settings().result().maxSize());
        return settle(new Settlement.Complete(claim, written.object(), claim.hasOutput() ? written.output() : ""));
    }

    @Override
    public boolean fail(Claim claim, String error) {
        return waitFor(() -> failAsync(claim, error));
    }

    @Override
    public CompletableFuture<Boolean> failAsync(Claim claim, String error) {
        RetryPolicy policy = store.settings().retry();
        Duration delay = claim.backoff(policy).delayAfter(claim.attempt(), ThreadLocalRandom.current());
        return settle(new Settlement.Retry(claim, FailureReason.handler(error), delay, claim.maxAttempts(policy)));
    }

    @Override
    public boolean release(Claim claim) {
        return waitFor(() -> releaseAsync(claim));
    }

    @Override
    public CompletableFuture<Boolean> releaseAsync(Claim claim) {
        return settle(new Settlement.Release(claim));
    }

    private CompletableFuture<Boolean> settle(Settlement end) {
        return store.settle(List.of(end)).thenApply(settled -> {
            Answer answer = settled.answers().get(0);
            listener.on(end.event(answer, Duration.ZERO));
            listener.onAll(settled.events());
            return answer != Answer.REFUSED;
        });
    }

    // ---- leases

    @Override
    public boolean extend(Claim claim, Duration lease) {
        return waitFor(() -> extendAsync(claim, lease));
    }

    @Override
    public CompletableFuture<Boolean> extendAsync(Claim claim, Duration lease) {
        if (lease.isNegative() || lease.isZero() || lease.compareTo(LONGEST_LEASE) > 0) {
            throw new IllegalArgumentException("lease must be positive and at most 7 days, was " + lease);
        }
        return renew(claim, lease).thenApply(answer -> answer != Renewed.LOST);
    }

    @Override
    public boolean isCancelled(Claim claim) {
        return waitFor(() -> isCancelledAsync(claim));
    }

    @Override
    public CompletableFuture<Boolean> isCancelledAsync(Claim claim) {
        // a lease that already ends later stays as it is
        return renew(claim, SHORTEST_LEASE).thenApply(answer -> answer == Renewed.CANCELLED);
    }

    private CompletableFuture<Renewed> renew(Claim claim, Duration lease) {
        return store.extend(List.of(new Renewal(claim, lease))).thenApply(answers -> answers.get(0));
    }

    @Override
    public List<String> reclaimStuck() {
        return waitFor(this::reclaimStuckAsync);
    }

    @Override
    public CompletableFuture<List<String>> reclaimStuckAsync() {
        List<String> reclaimed = new ArrayList<>();
        List<JobEvent> events = new ArrayList<>();
        // reported together, so that a pass is one line in the log; includes what a failed pass did before it failed
        return reclaimPage(true, reclaimed, events)
                .whenComplete((done, failure) -> listener.onAll(events))
                .thenApply(done -> List.copyOf(reclaimed));
    }

    private CompletableFuture<Sweep.Page> reclaimPage(boolean begin, List<String> reclaimed, List<JobEvent> events) {
        return Sweep.pageAtOnce(store.redis(), begin).thenCompose(page -> {
            reclaimed.addAll(page.reclaimed());
            events.addAll(page.events());
            return page.more() ? reclaimPage(false, reclaimed, events) : CompletableFuture.completedFuture(page);
        });
    }
}
