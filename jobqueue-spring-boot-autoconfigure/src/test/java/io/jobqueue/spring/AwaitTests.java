package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jobqueue.AwaitTimeoutException;
import io.jobqueue.FailureReason;
import io.jobqueue.JobFailedException;
import io.jobqueue.JobOutcome;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;
import reactor.core.publisher.Mono;

/** Specifies how an application awaits the results of its handlers, inside of transactions and in reactive code too. */
@RedisServer
class AwaitTests {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final EmbeddedRedis redis;

    AwaitTests(EmbeddedRedis redis) {
        this.redis = redis;
    }

    record Greeting(String words) {}

    static final class Greeter {

        @JobHandler(value = "greet", maxAttempts = "1")
        Greeting greet(Map<String, Object> fields) {
            return switch (String.valueOf(fields.get("who"))) {
                case "nobody" -> throw new IllegalStateException("nobody is there");
                case "spam" -> throw JobOutcome.discard("spam").asException();
                default -> new Greeting("hello " + fields.get("who"));
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Beans {

        @Bean
        Greeter greeter() {
            return new Greeter();
        }

        @Bean
        DataSource dataSource() {
            return new DriverManagerDataSource("jdbc:h2:mem:" + UUID.randomUUID());
        }

        @Bean
        PlatformTransactionManager transactionManager(DataSource dataSource) {
            return new DataSourceTransactionManager(dataSource);
        }
    }

    private record Application(ApplicationContext context) {

        JobQueue jobs() {
            return context.getBean(JobQueue.class);
        }

        TransactionTemplate transaction(int propagation) {
            TransactionTemplate template = new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
            template.setPropagationBehavior(propagation);
            template.setName("Greetings.send");
            return template;
        }

        TransactionTemplate transaction() {
            return transaction(TransactionDefinition.PROPAGATION_REQUIRED);
        }
    }

    private void run(Consumer<Application> test) {
        Applications.on(redis, Beans.class).run(context -> test.accept(new Application(context)));
    }

    private static JobRequest greet(String who) {
        return JobRequest.of("greet", Map.of("who", who));
    }

    @Test
    void theCallerGetsWhatTheHandlerReturnsOrWhyItFailed() {
        run(application -> {
            JobQueue jobs = application.jobs();

            assertThat(jobs.enqueueAndAwait(greet("Ada"), Greeting.class, LONG)).isEqualTo(new Greeting("hello Ada"));
            assertThatThrownBy(() -> jobs.enqueueAndAwait(greet("nobody"), Greeting.class, LONG))
                    .isInstanceOf(JobFailedException.class)
                    .hasMessageContaining("nobody is there");
            assertThatThrownBy(() -> jobs.enqueueAndAwait(greet("spam"), Greeting.class, LONG))
                    .isInstanceOfSatisfying(
                            JobFailedException.class,
                            ex -> assertThat(ex.reason().code()).isEqualTo(FailureReason.Code.DISCARDED));
        });
    }

    // ---- transactions

    @Test
    void enqueueAndAwaitInsideATransactionIsRefusedBecauseTheJobWaitsForTheCommit() {
        run(application -> {
            application.transaction().executeWithoutResult(status -> assertThatThrownBy(
                            () -> application.jobs().enqueueAndAwait(greet("Ada"), Greeting.class, LONG))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("an awaited job of kind 'greet' is sent after the commit")
                    .hasMessageContaining("transaction 'Greetings.send'")
                    .hasMessageContaining("afterCommit(false)"));
            assertThat(application.jobs().stats().enqueuedTotal()).isZero();

            Greeting atOnce = application.transaction().execute(status -> application
                    .jobs()
                    .enqueueAndAwait(greet("Ada").afterCommit(false), Greeting.class, LONG));
            assertThat(atOnce).isEqualTo(new Greeting("hello Ada"));
        });
    }

    @Test
    void waitingForAJobThatWaitsForTheCommitOfTheSameTransactionIsRefused() {
        run(application -> {
            JobQueue jobs = application.jobs();
            JobRef sent = application.transaction().execute(status -> {
                JobRef deferred = jobs.enqueue(greet("Ada").id("deferred"));
                assertThatThrownBy(() -> jobs.await(deferred, Greeting.class, LONG))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("job 'deferred' is sent after the commit");
                assertThatThrownBy(() -> jobs.await("deferred", Greeting.class, LONG))
                        .isInstanceOf(IllegalStateException.class);
                return deferred;
            });

            assertThat(jobs.await(sent, Greeting.class, LONG)).isEqualTo(new Greeting("hello Ada"));
        });
    }

    @Test
    void aJobOfAnotherTransactionMayBeAwaited() {
        run(application -> {
            JobQueue jobs = application.jobs();
            JobRef before = jobs.enqueue(greet("Ada"));
            application.transaction().executeWithoutResult(status -> {
                jobs.enqueue(greet("Bob"));
                JobRef inner = application
                        .transaction(TransactionDefinition.PROPAGATION_REQUIRES_NEW)
                        .execute(innerStatus -> jobs.enqueue(greet("Eve")));

                assertThat(jobs.await(before, Greeting.class, LONG)).isEqualTo(new Greeting("hello Ada"));
                assertThat(jobs.await(inner, Greeting.class, LONG)).isEqualTo(new Greeting("hello Eve"));
            });
        });
    }

    @Test
    void aFutureOfATransactionCompletesAfterItsCommitAndNotAfterARollback() {
        run(application -> {
            JobQueue jobs = application.jobs();
            CompletableFuture<Greeting> committed = application.transaction().execute(status -> {
                CompletableFuture<Greeting> greeting = jobs.enqueueAndAwaitAsync(greet("Ada"), Greeting.class, LONG);
                assertThat(greeting).isNotDone();
                return greeting;
            });
            CompletableFuture<Greeting> rolledBack = application.transaction().execute(status -> {
                status.setRollbackOnly();
                return jobs.enqueueAndAwaitAsync(greet("Bob"), Greeting.class, Duration.ofMillis(300));
            });

            assertThat(committed).succeedsWithin(LONG).isEqualTo(new Greeting("hello Ada"));
            assertThat(rolledBack)
                    .failsWithin(LONG)
                    .withThrowableThat()
                    .withCauseInstanceOf(AwaitTimeoutException.class)
                    .withMessageContaining("it was not seen");
        });
    }

    // ---- reactive code

    @Test
    void aMonoOfTheResultIsEmptyForNothingAndItsCancellationEndsTheWait() {
        run(application -> {
            JobQueue jobs = application.jobs();
            Mono<Greeting> greeting =
                    Mono.fromFuture(() -> jobs.enqueueAndAwaitAsync(greet("Ada"), Greeting.class, LONG));
            assertThat(greeting.map(Greeting::words).block(LONG)).isEqualTo("hello Ada");

            JobRef never =
                    jobs.enqueue(JobRequest.of("nobody-handles-this", null).delay(Duration.ofHours(1)));
            CompletableFuture<?>[] wait = new CompletableFuture<?>[1];
            Mono.fromFuture(() -> {
                        CompletableFuture<Greeting> made = jobs.awaitAsync(never, Greeting.class, LONG);
                        wait[0] = made;
                        return made;
                    })
                    .subscribe()
                    .dispose();
            assertThat(wait[0]).isCancelled();
        });
    }

    @Test
    void aStopOfTheApplicationEndsItsWaits() {
        CompletableFuture<?>[] wait = new CompletableFuture<?>[1];
        run(application -> {
            JobRef never = application
                    .jobs()
                    .enqueue(JobRequest.of("nobody-handles-this", null).delay(Duration.ofHours(1)));
            wait[0] = application.jobs().awaitAsync(never, Greeting.class, LONG);
        });

        assertThat(wait[0]).failsWithin(LONG).withThrowableThat().withMessageContaining("the job queue is stopped");
    }
}
