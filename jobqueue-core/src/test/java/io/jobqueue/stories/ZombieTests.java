package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.worker.Settlement;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Workers fall silent for longer than their lease and then return with results. */
@RedisServer
class ZombieTests {

    private static final Duration LEASE = Duration.ofMillis(60);

    /** A claim, and what its worker produced. */
    private record Worker(Claim claim, String output) {}

    @Test
    @Proves(
            fault = "zombies complete units that others own by now",
            holds = "each unit has exactly the output of the completion that was accepted")
    void ofManyUnitsAndTheirZombiesEachHasExactlyTheOutputOfItsAcceptedCompletion(EmbeddedRedis server) {
        int units = 2000;
        long seed = System.nanoTime();
        Random random = new Random(seed);
        QueueSettings settings = QueueSettings.defaults()
                .withVisibility(LEASE)
                .withMaxCrashes(100)
                .withRetry(new RetryPolicy(100, Duration.ZERO, 1, Duration.ZERO, 0))
                .withRetention(new Retention(Duration.ofHours(1), 100_000), new Retention(Duration.ofHours(1), 100));
        try (Stage stage = new Stage(server.port(), settings).notAlone()) {
            stage.queue.enqueueAll(IntStream.range(0, units)
                    .mapToObj(i -> JobRequest.of("unit", null).unit("run", "unit-" + i))
                    .toList());
            Map<String, String> accepted = new HashMap<>();
            List<Worker> zombies = new ArrayList<>();
            int refused = 0;
            int stale = 0;

            for (int round = 0; accepted.size() < units; round++) {
                List<Worker> owners = claimAll(stage);
                // the last round is without zombies, so that the story ends
                int share = round < 4 ? 40 + random.nextInt(40) : 0;
                List<Worker> ending = new ArrayList<>();
                for (Worker owner : owners) {
                    (random.nextInt(100) < share ? zombies : ending).add(owner);
                }
                // old zombies come back among the owners, in any order
                int returning = zombies.size() / 2;
                Collections.shuffle(zombies, random);
                List<Worker> back = round == 0 ? List.of() : List.copyOf(zombies.subList(0, returning));
                ending.addAll(back);
                Collections.shuffle(ending, random);
                for (Map.Entry<Worker, Answer> end : complete(stage, ending)) {
                    String unit =
                            Objects.requireNonNull(end.getKey().claim().unit()).unitId();
                    if (end.getValue() == Answer.DONE) {
                        assertThat(accepted.put(unit, end.getKey().output()))
                                .as("unit %s was accepted before, seed %d", unit, seed)
                                .isNull();
                    } else if (end.getValue() == Answer.REFUSED) {
                        refused++;
                    }
                }
                Stage.pass(LEASE.plusMillis(5));
                List<String> reclaimed = stage.queue.worker().reclaimStuck();
                stale += reclaimed.size();
                // those that come back while their job waits
                for (Map.Entry<Worker, Answer> end : complete(stage, back)) {
                    assertThat(end.getValue()).isIn(Answer.REFUSED, Answer.ALREADY);
                }
            }
            for (Map.Entry<Worker, Answer> end : complete(stage, zombies)) {
                assertThat(end.getValue()).isIn(Answer.REFUSED, Answer.ALREADY);
            }

            assertThat(stage.queue.outputs().all("run", String.class))
                    .as("seed %d", seed)
                    .isEqualTo(accepted);
            assertThat(stage.queue.stats().completedTotal()).isEqualTo(units);
            assertThat(stage.list("completed")).hasSize(units).doesNotHaveDuplicates();
            assertThat(stage.list("processing")).isEmpty();
            assertThat(stage.list("pending")).isEmpty();
            assertThat(stale).isGreaterThan(units / 2);
            assertThat(refused).isGreaterThan(units / 4);
        }
    }

    private static List<Worker> claimAll(Stage stage) {
        List<Worker> owners = new ArrayList<>();
        for (List<Claim> claims = stage.store.claim(100).join().jobs();
                !claims.isEmpty();
                claims = stage.store.claim(100).join().jobs()) {
            claims.forEach(claim -> owners.add(new Worker(
                    claim,
                    Objects.requireNonNull(claim.unit()).unitId() + " by attempt " + claim.attempt() + ", fence "
                            + claim.fence())));
        }
        return owners;
    }

    private static List<Map.Entry<Worker, Answer>> complete(Stage stage, List<Worker> workers) {
        List<Map.Entry<Worker, Answer>> answers = new ArrayList<>();
        for (int from = 0; from < workers.size(); from += 50) {
            List<Worker> batch = workers.subList(from, Math.min(from + 50, workers.size()));
            List<Answer> answered = stage.store
                    .settle(batch.stream()
                            .<Settlement>map(worker ->
                                    new Settlement.Complete(worker.claim(), "{}", "\"" + worker.output() + "\""))
                            .toList())
                    .join()
                    .answers();
            for (int i = 0; i < batch.size(); i++) {
                answers.add(Map.entry(batch.get(i), answered.get(i)));
            }
        }
        return answers;
    }

    @Test
    void everyCallOfAZombieIsRefusedInEveryOrder(EmbeddedRedis server) {
        try (Stage stage = new Stage(server.port(), Stage.settings().withVisibility(LEASE)).notAlone()) {
            int round = 0;
            for (Verb late : Verb.values()) {
                for (Verb owners : Verb.values()) {
                    for (int order = 0; order < 3; order++) {
                        String id = "job-" + round++;
                        stage.queue.enqueue(JobRequest.of("unit", null)
                                .id(id)
                                .unit("run", id)
                                .maxAttempts(9));
                        Claim zombie = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
                        stage.redis.hset("queue:q:job:" + id, "lease", zombie.token() + ":1:60");
                        assertThat(stage.queue.worker().reclaimStuck()).containsExactly(id);
                        // the zombie comes while the job waits, while its next owner works, or after that
                        if (order == 0) {
                            assertThat(settle(stage, zombie, late)).isEqualTo(Answer.REFUSED);
                        }
                        Claim owner = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
                        assertThat(owner.fence()).isGreaterThan(zombie.fence());
                        if (order == 1) {
                            assertThat(settle(stage, zombie, late)).isEqualTo(Answer.REFUSED);
                            assertThat(stage.queue.worker().extend(zombie, LEASE))
                                    .isFalse();
                        }
                        assertThat(settle(stage, owner, owners)).isEqualTo(Answer.DONE);
                        Map<String, String> before = stage.dump();
                        assertThat(settle(stage, zombie, late)).isEqualTo(Answer.REFUSED);
                        assertThat(stage.dump()).isEqualTo(before);
                        stage.queue.admin().purge();
                    }
                }
            }
        }
    }

    @Test
    void onlyTheVeryEndThatWasMadeIsAnsweredAsAlreadyMade(EmbeddedRedis server) {
        try (Stage stage = new Stage(server.port()).notAlone()) {
            for (Verb made : Verb.values()) {
                for (Verb repeated : Verb.values()) {
                    stage.queue.admin().purge();
                    stage.enqueue("unit", made + "-" + repeated, 1);
                    Claim claim = stage.queue.worker().claim(Duration.ZERO).orElseThrow();
                    assertThat(settle(stage, claim, made)).isEqualTo(Answer.DONE);
                    Map<String, String> before = stage.dump();

                    assertThat(settle(stage, claim, repeated))
                            .as("%s after %s", repeated, made)
                            .isEqualTo(made == repeated ? Answer.ALREADY : Answer.REFUSED);
                    assertThat(stage.dump()).isEqualTo(before);
                }
            }
        }
    }

    private static Answer settle(Stage stage, Claim claim, Verb verb) {
        return stage.store
                .settle(List.of(verb.of(claim, "{}", "\"" + claim.fence() + "\"", Duration.ZERO, 9)))
                .join()
                .answers()
                .get(0);
    }
}
