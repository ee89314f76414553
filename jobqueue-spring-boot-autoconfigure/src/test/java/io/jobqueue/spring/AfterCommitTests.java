package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Specifies what becomes of jobs that are enqueued inside a Spring transaction. */
@RedisServer
class AfterCommitTests {

    private final EmbeddedRedis redis;

    AfterCommitTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    @Configuration(proxyBeanMethods = false)
    static class Database {

        @Bean
        DataSource dataSource() {
            return new DriverManagerDataSource("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
        }

        @Bean
        PlatformTransactionManager transactionManager(DataSource dataSource) {
            return new DataSourceTransactionManager(dataSource);
        }

        @Bean
        Events events() {
            return new Events();
        }
    }

    /** The failures that the application was told of. */
    static final class Events implements JobListener {

        private final List<JobEvent.SendFailed> failures = new CopyOnWriteArrayList<>();

        @Override
        public void on(JobEvent event) {
            if (event instanceof JobEvent.SendFailed failed) {
                failures.add(failed);
            }
        }
    }

    // the example of docs/features/after-commit.md
    static final class Orders {

        private final JdbcTemplate jdbc;
        private final JobQueue jobs;

        Orders(DataSource dataSource, JobQueue jobs) {
            this.jdbc = new JdbcTemplate(dataSource);
            this.jobs = jobs;
        }

        /** Runs inside a transaction. */
        JobRef place(int order) {
            jdbc.update("insert into orders (id) values (?)", order);
            return jobs.enqueue(JobRequest.of("confirm", Map.of("order", order)));
        }
    }

    private record Application(ApplicationContext context) {

        JobQueue jobs() {
            return context.getBean(JobQueue.class);
        }

        TransactionTemplate transaction() {
            return new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
        }

        TransactionTemplate transaction(int propagation) {
            TransactionTemplate template = transaction();
            template.setPropagationBehavior(propagation);
            return template;
        }

        JobRef enqueue(String id) {
            return jobs().enqueue(JobRequest.of("work", null).id(id));
        }

        boolean exists(String id) {
            return jobs().find(id).isPresent();
        }

        void awaitJob(String id) {
            await().atMost(Duration.ofSeconds(20)).until(() -> exists(id));
        }

        void maxMemory(String bytes) {
            try (RedisConnection connection =
                    context.getBean(RedisConnectionFactory.class).getConnection()) {
                connection.serverCommands().setConfig("maxmemory", bytes);
            }
        }

        List<JobEvent.SendFailed> failures() {
            return context.getBean(Events.class).failures;
        }
    }

    private void run(Consumer<Application> test, String... properties) {
        Applications.on(redis, Database.class)
                .withPropertyValues(properties)
                .run(context -> test.accept(new Application(context)));
    }

    @Test
    void theExampleOfThePageSendsTheJobOfACommittedOrderAndNotThatOfARolledBackOne() {
        run(application -> {
            DataSource dataSource = application.context().getBean(DataSource.class);
            new JdbcTemplate(dataSource).execute("create table orders (id int primary key)");
            Orders orders = new Orders(dataSource, application.jobs());

            JobRef placed = application.transaction().execute(status -> {
                JobRef ref = orders.place(1);
                assertThat(ref.state()).isEqualTo(JobRef.State.DEFERRED);
                assertThat(application.exists(ref.id())).isFalse();
                return ref;
            });
            JobRef rolledBack = application.transaction().execute(status -> {
                status.setRollbackOnly();
                return orders.place(2);
            });

            application.awaitJob(placed.id());
            assertThat(application.exists(rolledBack.id())).isFalse();
        });
    }

    @Test
    void aPayloadThatCannotBeWrittenIsRefusedInsideTheTransaction() {
        run(application -> application.transaction().executeWithoutResult(status -> assertThatThrownBy(
                        () -> application.jobs().enqueue(JobRequest.of("work", "no object")))
                .isInstanceOf(IllegalArgumentException.class)));
    }

    @Test
    void everyWayToEnqueueWaitsAndTheJobsKeepTheirOrder() {
        run(application -> {
            application.transaction().executeWithoutResult(status -> {
                application.enqueue("1");
                application
                        .jobs()
                        .enqueueAll(List.of(
                                JobRequest.of("work", null).id("2"),
                                JobRequest.of("work", null).id("3")));
                application
                        .jobs()
                        .enqueueAsync(JobRequest.of("work", null).id("4"))
                        .join();
                assertThat(application.jobs().stats().pendingDepth()).isZero();
            });

            application.awaitJob("4");
            assertThat(List.of(1, 2, 3, 4)).allSatisfy(n -> assertThat(application
                            .jobs()
                            .worker()
                            .claim(Duration.ZERO)
                            .orElseThrow()
                            .id())
                    .isEqualTo(String.valueOf(n)));
        });
    }

    @Test
    void aRequestMayBeSentAtOnce() {
        run(application -> application.transaction().executeWithoutResult(status -> {
            List<JobRef> refs = application
                    .jobs()
                    .enqueueAll(List.of(
                            JobRequest.of("work", null).id("later"),
                            JobRequest.of("work", null).id("now").afterCommit(false)));
            status.setRollbackOnly();

            assertThat(refs)
                    .extracting(JobRef::id, JobRef::state)
                    .containsExactly(tuple("later", JobRef.State.DEFERRED), tuple("now", JobRef.State.CREATED));
            assertThat(application.exists("now")).isTrue();
        }));
    }

    @Test
    void thePropertySwitchesWaitingOffAndARequestSwitchesItOnAgain() {
        run(
                application -> application.transaction().executeWithoutResult(status -> {
                    assertThat(application.enqueue("now").state()).isEqualTo(JobRef.State.CREATED);
                    assertThat(application
                                    .jobs()
                                    .enqueue(JobRequest.of("work", null).afterCommit(true))
                                    .state())
                            .isEqualTo(JobRef.State.DEFERRED);
                }),
                "jobqueue.after-commit=false");
    }

    @Test
    void anInnerTransactionDecidesOverItsOwnJobs() {
        run(application -> {
            TransactionTemplate inner = application.transaction(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
            application.transaction().executeWithoutResult(outer -> {
                application.enqueue("outer");
                inner.executeWithoutResult(status -> application.enqueue("inner"));
                inner.executeWithoutResult(status -> {
                    application.enqueue("inner-rolled-back");
                    status.setRollbackOnly();
                });
                application.awaitJob("inner");
                application
                        .transaction(TransactionDefinition.PROPAGATION_NOT_SUPPORTED)
                        .executeWithoutResult(suspended -> assertThat(
                                        application.enqueue("suspended").state())
                                .isEqualTo(JobRef.State.CREATED));
                assertThat(application.exists("outer")).isFalse();
            });

            application.awaitJob("outer");
            assertThat(application.exists("inner-rolled-back")).isFalse();
        });
    }

    @Test
    void aRollbackToASavepointDropsTheJobsSinceThen() {
        run(application -> {
            TransactionTemplate nested = application.transaction(TransactionDefinition.PROPAGATION_NESTED);
            application.transaction().executeWithoutResult(outer -> {
                nested.executeWithoutResult(status -> {
                    application.enqueue("first-dropped");
                    status.setRollbackOnly();
                });
                application.enqueue("kept");
                nested.executeWithoutResult(status -> {
                    application.enqueue("dropped");
                    status.setRollbackOnly();
                });
                nested.executeWithoutResult(status -> application.enqueue("last"));
            });

            application.awaitJob("last");
            assertThat(application.exists("kept")).isTrue();
            assertThat(application.exists("first-dropped")).isFalse();
            assertThat(application.exists("dropped")).isFalse();
        });
    }

    @Test
    void aJobThatAnAfterCommitCallbackEnqueuesIsSentToo() {
        run(application -> {
            application.transaction().executeWithoutResult(status -> {
                application.enqueue("first");
                TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                    @Override
                    public void afterCommit() {
                        application.enqueue("second");
                    }
                });
            });

            application.awaitJob("second");
            assertThat(application.exists("first")).isTrue();
        });
    }

    @Test
    void aReadOnlyTransactionRefusesAJobThatWouldWaitForIt() {
        run(application -> {
            TransactionTemplate readOnly = application.transaction();
            readOnly.setReadOnly(true);
            readOnly.setName("Orders.list");

            readOnly.executeWithoutResult(status -> {
                assertThatThrownBy(() -> application.enqueue("refused"))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("kind 'work'")
                        .hasMessageContaining("read-only transaction 'Orders.list'")
                        .hasMessageContaining("afterCommit(false)");
                assertThat(application
                                .jobs()
                                .enqueue(JobRequest.of("work", null).afterCommit(false))
                                .isCreated())
                        .isTrue();
            });
        });
    }

    @Test
    void aSendThatFailsAfterTheCommitIsReportedAndRepeatedInOrder() {
        run(application -> {
            application.enqueue("warm-up");
            application.maxMemory("1");
            try {
                application.transaction().executeWithoutResult(status -> application.enqueue("first"));
                await().until(() -> !application.failures().isEmpty());
                application.transaction().executeWithoutResult(status -> application.enqueue("second"));
                assertThat(application.exists("first")).isFalse();
            } finally {
                application.maxMemory("0");
            }

            application.awaitJob("second");
            assertThat(application.exists("first")).isTrue();
            assertThat(application.failures())
                    .extracting(JobEvent.SendFailed::ids)
                    .containsExactly(List.of("first"), List.of("second"));
            assertThat(application.failures()).noneMatch(JobEvent.SendFailed::givenUp);
        });
    }

    @Test
    void aStopReportsTheJobsThatItCouldNotSend() {
        Events[] events = new Events[1];
        try {
            run(application -> {
                events[0] = application.context().getBean(Events.class);
                application.enqueue("warm-up");
                application.maxMemory("1");
                application.transaction().executeWithoutResult(status -> application.enqueue("lost"));
                await().until(() -> !application.failures().isEmpty());
            });
        } finally {
            run(application -> application.maxMemory("0"));
        }

        assertThat(events[0].failures).extracting(JobEvent.SendFailed::givenUp).containsExactly(false, true);
        assertThat(events[0].failures.get(1).reason()).isEqualTo("the application stops");
    }

    @Test
    void withoutTransactionsOnTheClassPathJobsAreSentAtOnce() {
        Applications.on(redis)
                .withClassLoader(new FilteredClassLoader("org.springframework.transaction"))
                .run(context -> {
                    assertThat(context).hasNotFailed().doesNotHaveBean(DeferredJobs.class);
                    assertThat(context.getBean(JobQueue.class)
                                    .enqueue(JobRequest.of("work", null))
                                    .isCreated())
                            .isTrue();
                });
    }
}
