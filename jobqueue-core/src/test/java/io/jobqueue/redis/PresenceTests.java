package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@RedisServer
class PresenceTests {

    private final List<String> keys =
            IntStream.range(0, 400).mapToObj(i -> "queue:q" + i + ":pending").toList();
    private Bench bench;
    private Presence presence;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server);
        presence = new Presence(bench.connector);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private long calls(String command) {
        return bench.redis
                .info("commandstats")
                .lines()
                .filter(line -> line.startsWith("cmdstat_" + command + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1")))
                .sum();
    }

    private Set<String> existing() {
        return presence.existing(keys).join();
    }

    @Test
    void oneCommandShowsThatNoneOfManyKeysExists() {
        long before = calls("exists");

        assertThat(existing()).isEmpty();

        assertThat(calls("exists")).isEqualTo(before + 1);
    }

    @Test
    void aFewKeysAmongManyAreFoundWithFewCommands() {
        bench.redis.lpush("queue:q17:pending", "one");
        bench.redis.lpush("queue:q333:pending", "one");
        long before = calls("exists");

        assertThat(existing()).containsExactlyInAnyOrder("queue:q17:pending", "queue:q333:pending");

        assertThat(calls("exists") - before).isLessThan(40);
    }

    @Test
    void keysThatGoOnExistingMakeTheLookAtTheOthersNoDearer() {
        bench.redis.lpush("queue:q17:pending", "one");
        bench.redis.lpush("queue:q333:pending", "one");
        existing();
        long before = calls("exists");

        assertThat(existing()).hasSize(2);

        assertThat(calls("exists")).isEqualTo(before + 2);
    }

    @Test
    void aKeyThatVanishesIsSeenAtTheNextLook() {
        bench.redis.lpush("queue:q17:pending", "one");
        existing();
        bench.redis.del("queue:q17:pending");

        assertThat(existing()).isEmpty();
    }

    @Test
    void looksThatAreAskedForTogetherShareTheirCommands() {
        bench.redis.lpush("queue:q17:pending", "one");
        presence.look("queue:q0:pending").join();
        long before = calls("exists");

        List<CompletableFuture<Presence.Seen>> looks =
                keys.subList(0, 100).stream().map(presence::look).toList();

        for (int i = 0; i < looks.size(); i++) {
            assertThat(looks.get(i).join().exists()).as(keys.get(i)).isEqualTo(i == 17);
        }
        assertThat(calls("exists") - before).isLessThan(30);
    }

    @Test
    void aLookReturnsItsTimeByTheClockOfRedis() {
        long before = time();

        long at = presence.look("queue:q0:pending").join().at().orElseThrow();

        assertThat(at).isBetween(before, time());
    }

    private long time() {
        List<String> time = bench.redis.time();
        return Long.parseLong(time.get(0)) * 1000 + Long.parseLong(time.get(1)) / 1000;
    }
}
