package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Specifies the outbox on one kind of database. */
@RedisServer
abstract class OutboxTestBase {

    private static final Duration CAP = Duration.ofSeconds(30);

    private final EmbeddedRedis redis;
    private String[] database = {};

    OutboxTestBase(EmbeddedRedis redis) {
        this.redis = redis;
    }

    /** The properties {@code test.url}, {@code test.user} and {@code test.password} of a database without tables. */
    abstract String[] emptyDatabase() throws Exception;

    @BeforeEach
    void makeDatabase() throws Exception {
        database = emptyDatabase();
    }

    private void run(Consumer<OutboxApplication> test, String... properties) {
        Applications.on(redis, OutboxApplication.Database.class)
                .withPropertyValues(database)
                .withPropertyValues("jobqueue.outbox.enabled=true", "jobqueue.outbox.initialize-schema=always")
                .withPropertyValues(properties)
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    test.accept(new OutboxApplication(context));
                });
    }

    private static void awaitEmpty(OutboxApplication application) {
        await().atMost(CAP).until(() -> application.rows() == 0);
    }

    @Test
    void theExampleOfThePageSendsTheJobOfACommittedOrderAndNotThatOfARolledBackOne() {
        run(application -> {
            OutboxApplication.Orders orders = application.orders();

            JobRef placed = application.transaction().execute(status -> {
                JobRef ref = orders.place(1);
                assertThat(ref.state()).isEqualTo(JobRef.State.DEFERRED);
                assertThat(application.rows()).as("seen by this transaction").isEqualTo(1);
                assertThat(application.jobs().find(ref)).isEmpty();
                return ref;
            });
            JobRef rolledBack = application.transaction().execute(status -> {
                status.setRollbackOnly();
                return orders.place(2);
            });

            awaitEmpty(application);
            assertThat(application.jobs().find(placed))
                    .hasValueSatisfying(
                            job -> assertThat(job.payload().text()).isEqualTo("{\"kind\":\"confirm\",\"order\":1}"));
            assertThat(application.jobs().find(rolledBack)).isEmpty();
        });
    }

    @Test
    void aRequestArrivesWithAllThatItAskedFor() {
        Instant at = Instant.parse("2100-01-01T00:00:00Z");
        run(application -> {
            application.transaction().executeWithoutResult(status -> application
                    .jobs()
                    .enqueue(JobRequest.of("work", Map.of("text", "ä€😀"))
                            .id("rich")
                            .at(at)
                            .maxAttempts(7)
                            .header("trace", "\"x\"")));

            awaitEmpty(application);
            assertThat(application.jobs().find("rich")).hasValueSatisfying(job -> {
                assertThat(job.dueAt()).isEqualTo(at);
                assertThat(job.headers()).containsEntry("trace", "\"x\"");
                assertThat(job.payload().text()).contains("ä€😀");
            });
        });
    }

    @Test
    void jobsOfOneTransactionAndOfOneThreadKeepTheirOrder() {
        run(application -> {
            List<String> ids = IntStream.range(0, 600).mapToObj(i -> "job-" + i).toList();
            application.transaction().executeWithoutResult(status -> application
                    .jobs()
                    .enqueueAll(ids.subList(0, 500).stream()
                            .map(id -> JobRequest.of("work", null).id(id))
                            .toList()));
            ids.subList(500, 600)
                    .forEach(id -> application.transaction().executeWithoutResult(status -> application.enqueue(id)));

            awaitEmpty(application);
            assertThat(application.claimAll()).isEqualTo(ids);
        });
    }

    @Test
    void severalInstancesSendEveryJobOnceAndInTheOrderOfItsThread() {
        run(one -> run(other -> {
            List<CompletableFuture<Void>> threads = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                int thread = t;
                OutboxApplication application = t % 2 == 0 ? one : other;
                threads.add(
                        CompletableFuture.runAsync(() -> IntStream.range(0, 100).forEach(i -> application
                                .transaction()
                                .executeWithoutResult(status -> application.enqueue(thread + "-" + i)))));
            }
            CompletableFuture.allOf(threads.toArray(CompletableFuture[]::new)).join();
            awaitEmpty(one);

            List<String> sent = one.claimAll();
            assertThat(sent).hasSize(400);
            for (int t = 0; t < 4; t++) {
                String prefix = t + "-";
                assertThat(sent.stream().filter(id -> id.startsWith(prefix)))
                        .containsExactlyElementsOf(IntStream.range(0, 100)
                                .mapToObj(i -> prefix + i)
                                .toList());
            }
        }));
    }

    @Test
    void anInstanceSendsWhatAnotherOneLeftBehind() {
        run(application -> application.transaction().executeWithoutResult(status -> application.enqueue("left")));
        run(
                application -> {
                    awaitEmpty(application);
                    assertThat(application.jobs().find("left")).isPresent();
                },
                "jobqueue.outbox.interval=100ms");
    }

    @Test
    void anInnerTransactionAndASavepointDecideOverTheirOwnJobs() {
        run(application -> {
            application.transaction().executeWithoutResult(outer -> {
                application
                        .transaction(TransactionDefinition.PROPAGATION_REQUIRES_NEW)
                        .executeWithoutResult(status -> {
                            application.enqueue("inner-rolled-back");
                            status.setRollbackOnly();
                        });
                application.enqueue("kept");
                application
                        .transaction(TransactionDefinition.PROPAGATION_NESTED)
                        .executeWithoutResult(status -> {
                            application.enqueue("nested-rolled-back");
                            status.setRollbackOnly();
                        });
            });

            awaitEmpty(application);
            assertThat(application.claimAll()).containsExactly("kept");
        });
    }

    @Test
    void anOutageOfRedisIsToldOnceAndSendsAllJobsInOrderWhenItEnds() {
        run(application -> {
            application.enqueue("warm-up");
            application.claimAll();
            application.maxMemory("1");
            try {
                application.transaction().executeWithoutResult(status -> application.enqueue("first"));
                await().atMost(CAP).until(() -> !application.failures().isEmpty());
                application.transaction().executeWithoutResult(status -> application.enqueue("second"));
                assertThat(application.rows()).isEqualTo(2);
                OutboxFigures figures = application.context().getBean(OutboxFigures.class);
                await().atMost(CAP).until(() -> figures.pending() == 2);
                assertThat(figures.refused()).isZero();
            } finally {
                application.maxMemory("0");
            }

            awaitEmpty(application);
            assertThat(application.claimAll()).containsExactly("first", "second");
            assertThat(application.failures()).hasSize(1).allSatisfy(failure -> {
                assertThat(failure.ids()).containsExactly("first");
                assertThat(failure.givenUp()).isFalse();
                assertThat(failure.reason()).contains("OOM");
            });
        });
    }

    @Test
    void aRowThatCanNeverBeSentIsMarkedAndToldAndStopsNoOther() {
        run(application -> {
            application.transaction().executeWithoutResult(status -> {
                application.enqueue("good");
                application
                        .jdbc()
                        .update(
                                "insert into JOBQUEUE_OUTBOX (QUEUE, ID, KIND, PAYLOAD, OPTIONS) values ('jobs', 'bad', 'work', '[]', '[]')");
                application.enqueue("also-good");
            });

            await().atMost(CAP).until(() -> application.rows() == 1);
            assertThat(application.claimAll()).containsExactly("good", "also-good");
            assertThat(application
                            .jdbc()
                            .queryForObject("select REFUSAL from JOBQUEUE_OUTBOX where ID = 'bad'", String.class))
                    .contains("must be a JSON object");
            assertThat(application.failures()).singleElement().satisfies(failure -> {
                assertThat(failure.ids()).containsExactly("bad");
                assertThat(failure.givenUp()).isTrue();
                assertThat(failure.reason()).contains("its row stays in JOBQUEUE_OUTBOX");
            });
            await().atMost(CAP)
                    .until(() ->
                            application.context().getBean(OutboxFigures.class).refused() == 1);

            application.jdbc().update("update JOBQUEUE_OUTBOX set PAYLOAD = '{}', REFUSAL = null");
            awaitEmpty(application);
            assertThat(application.claimAll()).containsExactly("bad");
        });
    }

    @Test
    void aQueueThatCannotTakeJobsStopsNoOther() {
        run(application -> {
            JobQueue spoilt = application.jobs().on("spoilt");
            redisCommand(application, "SET", "queue:spoilt:pending", "no list");

            application.transaction().executeWithoutResult(status -> {
                spoilt.enqueue(JobRequest.of("work", null).id("stuck"));
                application.enqueue("through");
            });

            await().atMost(CAP).until(() -> application.jobs().find("through").isPresent());
            await().atMost(CAP).until(() -> !application.failures().isEmpty());
            redisCommand(application, "DEL", "queue:spoilt:pending");
            awaitEmpty(application);
            assertThat(spoilt.find("stuck")).isPresent();
        });
    }

    private static void redisCommand(OutboxApplication application, String command, String... arguments) {
        try (RedisConnection connection =
                application.context().getBean(RedisConnectionFactory.class).getConnection()) {
            connection.execute(
                    command, Arrays.stream(arguments).map(String::getBytes).toArray(byte[][]::new));
        }
    }

    @Test
    void aDatabaseThatWasRestoredFromABackupLosesNoJob() {
        run(application -> {
            application.transaction().executeWithoutResult(status -> application.enqueue("before"));
            awaitEmpty(application);
            // the clock of the database was ahead then
            String outbox = application.jdbc().queryForObject("select OUTBOX from JOBQUEUE_OUTBOX_RELAY", String.class);
            redisCommand(application, "SET", "queue:jobs:outbox:" + outbox, "99999999999999");

            application.transaction().executeWithoutResult(status -> application.enqueue("after"));

            awaitEmpty(application);
            assertThat(application.claimAll()).containsExactly("before", "after");
        });
    }

    @Test
    void outsideOfATransactionAndByRequestAJobIsSentAtOnce() {
        run(application -> {
            assertThat(application.enqueue("outside").state()).isEqualTo(JobRef.State.CREATED);
            application.transaction().executeWithoutResult(status -> {
                assertThat(application
                                .jobs()
                                .enqueue(JobRequest.of("work", null).id("now").afterCommit(false))
                                .state())
                        .isEqualTo(JobRef.State.CREATED);
                assertThat(application.rows()).isZero();
            });
        });
    }

    @Test
    void aJobOfAnAfterCommitCallbackIsSentAndLeavesNoRowBehind() {
        run(application -> {
            for (String first : List.of("with", "without")) {
                application.transaction().executeWithoutResult(status -> {
                    if (first.equals("with")) {
                        application.enqueue("first");
                    }
                    TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                        @Override
                        public void afterCommit() {
                            application.enqueue("late-" + first);
                        }
                    });
                });
            }

            await().atMost(CAP)
                    .until(() -> application.jobs().find("late-without").isPresent());
            await().atMost(CAP).until(() -> application.jobs().find("late-with").isPresent());
            awaitEmpty(application);
            assertThat(application.claimAll()).containsExactlyInAnyOrder("first", "late-with", "late-without");
        });
    }

    @Test
    void aRunIsRefusedInsideATransaction() {
        run(application -> {
            JobRunOptions options = JobRunOptions.of("count");
            application.transaction().executeWithoutResult(status -> {
                assertThatThrownBy(() -> application
                                .jobs()
                                .runs()
                                .start("r1", List.of("a"), unit -> unit, unit -> Map.of(), options))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("run 'r1'")
                        .hasMessageContaining("enqueue a job whose handler starts the run");
                assertThatThrownBy(() -> application.jobs().runs().open("r1", options))
                        .isInstanceOf(IllegalStateException.class);
                assertThatThrownBy(() -> application.jobs().runs().seal("r1"))
                        .isInstanceOf(IllegalStateException.class);
            });
            assertThat(application.jobs().runs().find("r1")).isEmpty();
            application.jobs().runs().start("r1", List.of("a"), unit -> unit, unit -> Map.of(), options);
        });
    }
}
