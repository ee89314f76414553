package io.jobqueue.history;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.QueueSettings;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.Settlement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A store that records its requests and replies on a tape. */
public final class RecordingStore implements JobStore {

    private final JobStore store;
    private final Tape tape;

    public RecordingStore(JobStore store, Tape tape) {
        this.store = store;
        this.tape = tape;
    }

    @Override
    public String queue() {
        return store.queue();
    }

    @Override
    public QueueSettings settings() {
        return store.settings();
    }

    @Override
    public JobCodec codec() {
        return store.codec();
    }

    @Override
    public CompletableFuture<Claims> claim(int max) {
        long call = tape.claiming(max, settings().lease().visibilityTimeout());
        return heard(call, store.claim(max), claims -> {
            tape.claimed(call, claims.jobs());
            tape.expired(call, claims.events());
            tape.damaged(claims.events());
        });
    }

    @Override
    public CompletableFuture<Settled> settle(List<Settlement> batch) {
        long call = tape.settling(batch);
        return heard(call, store.settle(batch), settled -> tape.settled(call, settled.answers()));
    }

    @Override
    public CompletableFuture<List<Renewed>> extend(List<Renewal> renewals) {
        long call = tape.extending(renewals);
        return heard(call, store.extend(renewals), answers -> tape.extended(call, answers));
    }

    /** The caller goes on only when the answer, or that there is none, is written down. */
    private <T> CompletableFuture<T> heard(long call, CompletableFuture<T> answer, Consumer<T> write) {
        return answer.whenComplete((reply, failure) -> {
            if (failure == null) {
                write.accept(reply);
            } else {
                tape.unanswered(call);
            }
        });
    }

    /** A handler begins to work on a claim of this store. */
    public long started(Claim claim) {
        return tape.started(claim.id(), claim.attempt(), claim.fence());
    }
}
