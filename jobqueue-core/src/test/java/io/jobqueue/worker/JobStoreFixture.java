package io.jobqueue.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.QueueSettings;
import io.jobqueue.worker.JobStore.Claims;
import io.jobqueue.worker.Settlement.Answer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;

/** A store under test, and the steps that the tests of the contract share. */
public abstract class JobStoreFixture {

    /** Long enough that nothing runs out by itself while a busy machine takes a test's steps. */
    static final Duration LONG = Duration.ofSeconds(30);

    static final Duration SHORT = Duration.ofMillis(60);
    static final Duration PERIOD = Duration.ofSeconds(20);

    /** The store under test, empty; set anew for each test. */
    protected JobStore store;

    /** An empty store with these settings. */
    protected abstract JobStore open(QueueSettings settings);

    /** Waits for a hint; {@code true} on a hint, {@code false} when the time is over. */
    protected abstract CompletableFuture<Boolean> hint(Duration timeout);

    /** Waits for a hint in another process. */
    protected abstract CompletableFuture<Boolean> hintElsewhere(Duration timeout);

    protected abstract void stopHints();

    /** The sweep of the store under test. */
    protected abstract Chore sweep(Duration period);

    Told sweep() {
        return Told.by(sweep(PERIOD));
    }

    protected abstract String enqueue(JobRequest request);

    protected abstract JobSnapshot find(String id);

    protected abstract boolean isKept(String id);

    /** Deletes the job behind an id, as an eviction does. */
    protected abstract void lose(String id);

    /** Pauses the queue. */
    protected abstract void pause();

    protected abstract void resume();

    /** Pauses a kind of the queue. */
    protected abstract void pauseKind(String kind);

    protected abstract void resumeKind(String kind);

    /** Lets a job that waits become due after a delay. */
    protected abstract boolean reschedule(String id, Duration delay);

    /** Cancels a job. */
    protected abstract boolean cancel(String id);

    /** The result of the job before in the chain, as the handler of a claim reads it. */
    protected abstract @Nullable String previous(Claim claim);

    protected abstract @Nullable String output(String runId, String unitId);

    protected abstract @Nullable String failure(String runId, String unitId);

    /** Returns when so much time has passed by the store's clock. */
    protected abstract void pass(Duration time);

    @BeforeEach
    void openStore() {
        store = open(QueueSettings.defaults().withVisibility(LONG));
    }

    void openWithShortLease(int maxCrashes) {
        store = open(QueueSettings.defaults().withVisibility(SHORT).withMaxCrashes(maxCrashes));
        // the first sweep after a gap holds back; begun now, the hold is over when the first lease is
        sweep();
    }

    void enqueueAll(String... ids) {
        Arrays.stream(ids).forEach(id -> enqueue(email(id)));
    }

    static JobRequest report(String id) {
        return JobRequest.of("report", null).id(id);
    }

    static JobRequest email(String id) {
        return JobRequest.of("email", Map.of("to", id)).id(id);
    }

    List<String> claimIds(int max) {
        return ids(store.claim(max).join());
    }

    static List<String> ids(Claims claims) {
        return claims.jobs().stream().map(Claim::id).toList();
    }

    Claim claimOne() {
        List<Claim> jobs = store.claim(1).join().jobs();
        assertThat(jobs).hasSize(1);
        return jobs.get(0);
    }

    Answer settle(Settlement settlement) {
        return store.settle(List.of(settlement)).join().answers().get(0);
    }

    static Settlement complete(Claim claim) {
        return new Settlement.Complete(claim, "{\"done\":true}", "");
    }

    static Settlement completeUnit(Claim claim, String output) {
        return new Settlement.Complete(claim, "{}", output);
    }

    static Settlement retry(Claim claim, Duration delay, int maxAttempts) {
        return new Settlement.Retry(claim, FailureReason.handler("it rained"), delay, maxAttempts);
    }

    static Settlement snooze(Claim claim, Duration delay) {
        return new Settlement.Snooze(claim, delay);
    }

    static Settlement fail(Claim claim) {
        return new Settlement.Fail(claim, FailureReason.handler("broken"));
    }

    static Settlement release(Claim claim) {
        return JobRunner.release(claim);
    }

    static Settlement unknown(Claim claim, Duration unknownFor) {
        return new Settlement.Unknown(
                claim, new FailureReason(FailureReason.Code.UNKNOWN_KIND, "no handler"), unknownFor);
    }

    static Claim withToken(Claim claim, String token) {
        return new Claim(
                claim.queue(),
                claim.id(),
                claim.kind(),
                token,
                claim.attempt(),
                claim.maxAttempts(),
                claim.deadline(),
                claim.fence(),
                claim.payload(),
                claim.headers(),
                claim.enqueuedAt(),
                claim.runPart(),
                claim.linked());
    }

    Told sweepAfterTheLease() {
        pass(SHORT.plusMillis(20));
        return sweep();
    }
}
