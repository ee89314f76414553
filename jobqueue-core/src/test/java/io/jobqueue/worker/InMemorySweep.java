package io.jobqueue.worker;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The sweep of an {@link InMemoryJobStore}.
 *
 * @param rounds does one round
 */
record InMemorySweep(String queue, Supplier<CompletableFuture<Chore.Round>> rounds) implements Chore {

    @Override
    public String name() {
        return "sweep";
    }

    @Override
    public CompletableFuture<Round> round() {
        return rounds.get();
    }

    @Override
    public void stop() {
        // it holds nothing
    }
}
