package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.redis.RedisAccess;
import io.lettuce.core.RedisClient;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.stereotype.Component;

/** An application checks the rights of its Redis user when it starts. */
@RedisServer
@ExtendWith(OutputCaptureExtension.class)
class RightsAtStartTests {

    @Component
    static class Ticker {

        @JobHandler("tick")
        void tick() {}
    }

    /** Makes the user by the documented line, and then changes its rights. */
    private static void user(EmbeddedRedis server, RedisAccess access, String... changes) {
        RedisClient client = RedisClient.create(server.uri());
        try (var connection = client.connect()) {
            Stream.of(
                            access.aclLine("app", "queue").substring("ACL ".length()),
                            String.join(" ", "SETUSER", "app", String.join(" ", changes)))
                    .forEach(line -> {
                        CommandArgs<String, String> args = new CommandArgs<>(StringCodec.UTF8);
                        Stream.of(line.strip().split(" ")).forEach(args::add);
                        connection.sync().dispatch(CommandType.ACL, new StatusOutput<>(StringCodec.UTF8), args);
                    });
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }

    private static ApplicationContextRunner application(EmbeddedRedis redis, Class<?>... beans) {
        return Applications.on(redis, beans)
                .withPropertyValues("spring.data.redis.username=app", "spring.data.redis.password=password");
    }

    private static void assertThatJobsFlow(ApplicationContext context) {
        JobQueue jobs = context.getBean(JobQueue.class);
        JobRef ref = jobs.enqueue(JobRequest.of("tick", null));
        await().atMost(Duration.ofSeconds(20))
                .until(() -> jobs.find(ref).orElseThrow().status() == JobStatus.COMPLETED);
    }

    @Test
    void theDocumentedLineIsEnough(EmbeddedRedis redis, CapturedOutput output) {
        user(redis, RedisAccess.WORKER);

        application(redis, Ticker.class).run(RightsAtStartTests::assertThatJobsFlow);

        assertThat(output).doesNotContain("NOPERM", "may not");
    }

    @Test
    @Proves(
            fault = "the Redis user lacks rights that the queue needs",
            holds = "the application does not start; the failure names the rights and the ACL line that grants them")
    void aMissingRightRefusesTheStartWithTheRightAndTheLine(EmbeddedRedis redis) {
        user(redis, RedisAccess.WORKER, "-hsetnx", "-lset");

        application(redis, Ticker.class).run(context -> {
            assertThat(context).hasFailed();
            FailureAnalysis analysis = new JobQueueStartFailureAnalyzer().analyze(context.getStartupFailure());
            assertThat(analysis.getDescription()).contains("+hsetnx").contains("+lset");
            assertThat(analysis.getAction())
                    .contains("ACL SETUSER")
                    .contains("reset resetchannels on >password ~queue:* &queue:* +blpop")
                    .contains("jobqueue.check-rights=false");
        });
    }

    @Test
    void anApplicationThatOnlyEnqueuesNeedsTheRightsOfAProducer(EmbeddedRedis redis) {
        user(redis, RedisAccess.PRODUCER);

        application(redis).run(context -> assertThat(context).hasNotFailed());
        application(redis, Ticker.class)
                .withPropertyValues("jobqueue.worker.enabled=false")
                .run(context -> assertThat(context).hasNotFailed());
        application(redis, Ticker.class).run(context -> assertThat(context).hasFailed());
    }

    @Test
    void theCheckCanBeSwitchedOff(EmbeddedRedis redis) {
        user(redis, RedisAccess.WORKER, "-lset");

        application(redis, Ticker.class)
                .withPropertyValues("jobqueue.check-rights=false")
                .run(RightsAtStartTests::assertThatJobsFlow);
    }

    @Test
    void missingChannelsAreOneWarning(EmbeddedRedis redis, CapturedOutput output) {
        user(redis, RedisAccess.WORKER, "resetchannels");

        application(redis, Ticker.class).run(RightsAtStartTests::assertThatJobsFlow);

        assertThat(output).containsOnlyOnce("may not publish to the channel queue:jobs:events");
    }

    @Test
    void anApplicationStartsWhileRedisIsAwayAndTheCheckFollows(CapturedOutput output) {
        EmbeddedRedis gone = EmbeddedRedis.start();
        gone.close();
        application(gone, Ticker.class).run(context -> {
            assertThat(context).hasNotFailed();
            try (EmbeddedRedis back = EmbeddedRedis.startOn(gone.port())) {
                user(back, RedisAccess.WORKER, "-lset");
                await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(output)
                        .contains("The Redis user lacks rights that the job queue needs: +lset"));
                assertThatJobsFlow(context);
            }
        });
    }

    @Test
    void aStartDoesNotWaitLongForARedisThatDoesNotAnswer(EmbeddedRedis redis) {
        user(redis, RedisAccess.WORKER);
        RedisClient client = RedisClient.create(redis.uri());
        try (var connection = client.connect()) {
            connection.sync().clientPause(20_000);
            long begin = System.nanoTime();

            application(redis).run(context -> {
                assertThat(context).hasNotFailed();
                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(15));
            });
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }
}
