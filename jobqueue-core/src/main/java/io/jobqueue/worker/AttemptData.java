package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.JsonText;
import io.jobqueue.Names;
import io.jobqueue.UnreadableJsonException;
import io.jobqueue.WorkOutputs;
import java.lang.reflect.Type;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** The data that the handler of an attempt stores and reads. Each call waits for the store. */
final class AttemptData {

    private final Claim claim;
    private final AttemptNotes notes;
    private final JobCodec codec;
    private final int maxSize;

    /** @param maxSize the most bytes of a value, written as JSON */
    AttemptData(Claim claim, AttemptNotes notes, JobCodec codec, int maxSize) {
        this.claim = claim;
        this.notes = notes;
        this.codec = codec;
        this.maxSize = maxSize;
    }

    boolean output(Object output, boolean leaseLost) {
        if (claim.unit() == null) {
            throw new IllegalStateException("job %s/%s does not belong to a run, so its only output is its result"
                    .formatted(claim.queue(), claim.id()));
        }
        String json = codec.output(output, maxSize);
        return !leaseLost && waitFor(notes.putOutput(claim, json));
    }

    <T> T step(String name, Class<T> type, Callable<? extends T> work) throws Exception {
        Names.step(name);
        Optional<JsonText> done = waitFor(notes.findStep(claim, name));
        if (done.isPresent()) {
            try {
                return done.get().as(type);
            } catch (UnreadableJsonException ex) {
                throw ex.of("what step '" + name + "' came to");
            }
        }
        T value = work.call();
        if (value == null) {
            throw new IllegalArgumentException("step '%s' returned null".formatted(name));
        }
        if (!waitFor(notes.putStep(claim, name, codec.output(value, maxSize)))) {
            throw new IllegalStateException("step '%s' cannot be saved, because this worker no longer owns job %s/%s"
                    .formatted(name, claim.queue(), claim.id()));
        }
        return value;
    }

    <T> @Nullable T previous(Class<T> type) {
        String result = waitFor(notes.findPrevious(claim))
                .orElseThrow(
                        () -> new IllegalStateException("job %s/%s follows no other job, so there is no previous result"
                                .formatted(claim.queue(), claim.id())));
        try {
            return codec.readResult(result, type);
        } catch (UnreadableJsonException ex) {
            throw ex.of("the result of the job before job '" + claim.id() + "'");
        }
    }

    WorkOutputs<?> outputs(Type type) {
        String run = claim.gathers();
        if (run == null) {
            throw new IllegalStateException("job %s/%s gathers no run".formatted(claim.queue(), claim.id()));
        }
        return notes.outputs(run, type);
    }

    /** The store's own failure is what the handler sees. */
    private static <T> T waitFor(CompletableFuture<T> answer) {
        try {
            return answer.join();
        } catch (CompletionException ex) {
            throw ex.getCause() instanceof RuntimeException cause ? cause : ex;
        }
    }
}
