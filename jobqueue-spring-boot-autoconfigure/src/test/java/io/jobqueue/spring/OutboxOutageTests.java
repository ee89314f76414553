package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.guarantees.Proves;
import java.time.Duration;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** What becomes of the jobs of an outbox while there is no Redis. */
@ExtendWith(OutputCaptureExtension.class)
class OutboxOutageTests {

    @Test
    @Proves(
            fault = "Redis is away while an application with an outbox commits transactions",
            holds =
                    "no transaction fails or waits; when Redis is back, every job is sent once, in order; one warning tells of the outage")
    void jobsThatAreCommittedWhileRedisIsAwayAreSentInOrderWhenItIsBack(CapturedOutput output) {
        EmbeddedRedis redis = EmbeddedRedis.start();
        try {
            Applications.on(redis, OutboxApplication.Database.class)
                    .withPropertyValues(
                            "test.url=jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1",
                            "jobqueue.outbox.enabled=true")
                    .run(context -> {
                        OutboxApplication application = new OutboxApplication(context);
                        redis.kill();
                        for (int i = 0; i < 300; i++) {
                            String id = "job-" + i;
                            application.transaction().executeWithoutResult(status -> application.enqueue(id));
                        }
                        await().atMost(Duration.ofSeconds(60))
                                .until(() -> !application.failures().isEmpty());
                        assertThat(application.rows()).isEqualTo(300);

                        try (EmbeddedRedis back = EmbeddedRedis.startOn(redis.port())) {
                            await().atMost(Duration.ofSeconds(60)).until(() -> application.rows() == 0);
                            assertThat(application.claimAll())
                                    .containsExactlyElementsOf(IntStream.range(0, 300)
                                            .mapToObj(i -> "job-" + i)
                                            .toList());
                        }
                        assertThat(application.failures()).hasSize(1);
                        assertThat(output.getOut()
                                        .lines()
                                        .filter(line -> line.contains("could not be sent after commit")))
                                .hasSize(1);
                        assertThat(output).contains("the outbox can send jobs again");
                    });
        } finally {
            redis.close();
        }
    }
}
