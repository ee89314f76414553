package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.QueueSettings;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

class InMemoryJobStoreTests extends JobStoreContract {

    private final AtomicLong clock = new AtomicLong(1_000_000);
    private InMemoryJobStore inMemory = new InMemoryJobStore(QueueSettings.defaults(), clock::get);

    @Override
    protected JobStore open(QueueSettings settings) {
        inMemory = new InMemoryJobStore(settings, clock::get);
        return inMemory;
    }

    @Override
    protected CompletableFuture<Boolean> hint(Duration timeout) {
        return inMemory.hint(timeout);
    }

    @Override
    protected CompletableFuture<Boolean> hintElsewhere(Duration timeout) {
        return inMemory.hint(timeout);
    }

    @Override
    protected void stopHints() {
        inMemory.stopHints();
    }

    @Override
    protected Chore sweep(Duration period) {
        return inMemory.sweep(period);
    }

    @Override
    protected String enqueue(JobRequest request) {
        return inMemory.enqueue(request);
    }

    @Override
    protected JobSnapshot find(String id) {
        return inMemory.find(id).orElseThrow();
    }

    @Override
    protected boolean isKept(String id) {
        return inMemory.find(id).isPresent();
    }

    @Override
    protected void lose(String id) {
        inMemory.lose(id);
    }

    @Override
    protected void pause() {
        inMemory.pause();
    }

    @Override
    protected void resume() {
        inMemory.resume();
    }

    @Override
    protected void pauseKind(String kind) {
        inMemory.pauseKind(kind);
    }

    @Override
    protected void resumeKind(String kind) {
        inMemory.resumeKind(kind);
    }

    @Override
    protected boolean reschedule(String id, Duration delay) {
        return inMemory.reschedule(id, delay);
    }

    @Override
    protected boolean cancel(String id) {
        return inMemory.cancel(id);
    }

    @Override
    protected @Nullable String previous(Claim claim) {
        return inMemory.findPrevious(claim).join().orElse(null);
    }

    @Override
    protected @Nullable String output(String runId, String unitId) {
        return inMemory.output(runId, unitId);
    }

    @Override
    protected @Nullable String failure(String runId, String unitId) {
        return inMemory.failure(runId, unitId);
    }

    @Override
    protected void pass(Duration time) {
        clock.addAndGet(time.toMillis());
    }

    @AfterEach
    void everyIdStandsInOnePlace() {
        inMemory.checkConsistency();
    }
}
