package io.jobqueue.worker;

import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The signals of stores in memory. */
final class InMemorySignals implements Signals {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final Map<String, InMemoryJobStore> stores;
    private final Set<String> wanted = ConcurrentHashMap.newKeySet();
    private volatile Consumer<String> hinted = queue -> {};

    InMemorySignals(InMemoryJobStore... stores) {
        this.stores = Stream.of(stores).collect(Collectors.toMap(InMemoryJobStore::queue, Function.identity()));
    }

    @Override
    public void hear(Consumer<String> listener) {
        hinted = listener;
    }

    @Override
    public void want(String queue) {
        if (wanted.add(queue)) {
            try {
                ask(queue);
            } catch (RuntimeException | Error ex) {
                wanted.remove(queue);
                throw ex;
            }
        }
    }

    private void ask(String queue) {
        stores.get(queue).hint(LONG).whenComplete((hint, failure) -> {
            if (failure == null && hint && wanted.remove(queue)) {
                hinted.accept(queue);
            } else if (failure != null && wanted.contains(queue)) {
                CompletableFuture.delayedExecutor(20, TimeUnit.MILLISECONDS).execute(() -> ask(queue));
            }
        });
    }

    @Override
    public void ignore(String queue) {
        wanted.remove(queue);
        stores.get(queue).stopHints();
    }

    @Override
    public void hearCancels(String queue, CancelListener listener) {
        stores.get(queue).hearCancels(listener);
    }

    @Override
    public void ignoreCancels(String queue, CancelListener listener) {
        stores.get(queue).ignoreCancels(listener);
    }

    @Override
    public CompletableFuture<Set<String>> unannounced(Collection<String> queues) {
        List<CompletableFuture<Boolean>> looks =
                queues.stream().map(queue -> stores.get(queue).hasWork()).toList();
        return CompletableFuture.allOf(looks.toArray(CompletableFuture[]::new)).thenApply(all -> {
            Set<String> found = new HashSet<>();
            int at = 0;
            for (String queue : queues) {
                if (looks.get(at++).join()) {
                    found.add(queue);
                }
            }
            return found;
        });
    }
}
