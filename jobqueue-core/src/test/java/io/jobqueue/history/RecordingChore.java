package io.jobqueue.history;

import io.jobqueue.worker.Chore;
import java.util.concurrent.CompletableFuture;

/** A chore that records on a tape what its rounds did. */
public final class RecordingChore implements Chore {

    private final Chore chore;
    private final Tape tape;

    public RecordingChore(Chore chore, Tape tape) {
        this.chore = chore;
        this.tape = tape;
    }

    @Override
    public String queue() {
        return chore.queue();
    }

    @Override
    public String name() {
        return chore.name();
    }

    /** The caller goes on only when the answer, or that there is none, is written down. */
    @Override
    public CompletableFuture<Round> round() {
        long call = tape.sweeping();
        return chore.round().whenComplete((round, failure) -> {
            if (failure == null) {
                tape.swept(call, round.events());
                tape.damaged(round.events());
            } else {
                tape.unanswered(call);
            }
        });
    }

    @Override
    public void stop() {
        chore.stop();
    }
}
