package io.jobqueue.mutation;

import static org.awaitility.Awaitility.await;

import io.jobqueue.redis.ScriptSwap;
import io.lettuce.core.RedisClient;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.platform.engine.UniqueId;

/** Which directed tests run which statements of the scripts. */
final class Coverage {

    private final Map<UniqueId, Set<String>> points = new LinkedHashMap<>();

    /** Runs all tests once, with scripts that tell which of their statements run. */
    static Coverage measure(DirectedTests tests, ScriptSwap scripts, List<UniqueId> all) {
        Coverage coverage = new Coverage();
        RedisClient client = RedisClient.create(tests.uri(Duration.ofMinutes(1)));
        Set<String> told = ConcurrentHashMap.newKeySet();
        try (var subscription = client.connectPubSub();
                var connection = client.connect()) {
            subscription.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String channel, String message) {
                    told.add(message);
                }
            });
            for (UniqueId test : all) {
                told.clear();
                subscription.sync().subscribe(Instrument.CHANNEL);
                scripts.replace(Instrument::instrument);
                tests.run(test);
                subscription.sync().subscribe(Instrument.CHANNEL); // the test may have forbidden it for a while
                String end = "end of " + test;
                await(end)
                        .atMost(Duration.ofMinutes(1))
                        .pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(2))
                        .until(() -> {
                            connection.sync().publish(Instrument.CHANNEL, end);
                            return told.contains(end);
                        });
                told.remove(end);
                scripts.close();
                if (!told.isEmpty()) {
                    coverage.points.put(test, new TreeSet<>(told));
                }
            }
        } finally {
            scripts.close();
            client.shutdown();
        }
        return coverage;
    }

    /** How many tests run a script. */
    int size() {
        return points.size();
    }

    /**
     * The tests that run the statement of a mutant: of each class first the one that is most about the file, then of each
     * class the second one, and so on, because each class looks at a script from another side.
     */
    List<UniqueId> testsOf(Mutant mutant) {
        String point = Instrument.point(mutant.file(), mutant.statement());
        Map<UniqueId, List<UniqueId>> byClass = points.entrySet().stream()
                .filter(each -> each.getValue().contains(point))
                .sorted(Comparator.comparingDouble(each -> -share(each.getValue(), mutant.file())))
                .map(Map.Entry::getKey)
                .collect(Collectors.groupingBy(UniqueId::removeLastSegment, LinkedHashMap::new, Collectors.toList()));
        int most = byClass.values().stream().mapToInt(List::size).max().orElse(0);
        return IntStream.range(0, most)
                .boxed()
                .flatMap(rank -> byClass.values().stream()
                        .filter(tests -> rank < tests.size())
                        .map(tests -> tests.get(rank)))
                .toList();
    }

    private static double share(Set<String> points, String file) {
        long ofFile =
                points.stream().filter(point -> point.startsWith(file + ":")).count();
        return (double) ofFile * ofFile / points.size();
    }
}
