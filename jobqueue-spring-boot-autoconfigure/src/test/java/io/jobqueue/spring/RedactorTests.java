package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.Redactor;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;

/** A bean removes secrets from the errors of jobs, as docs/features/dead-letters.md shows. */
@RedisServer
class RedactorTests {

    static class Login {

        @JobHandler("login")
        void login() {
            throw new IllegalStateException("refused: password=secret");
        }

        @Bean
        Redactor redactor() {
            return text -> text.replaceAll("password=\\S+", "password=***");
        }
    }

    @Test
    void theBeanSeesEachErrorBeforeItIsStored(EmbeddedRedis redis) {
        Applications.on(redis, Login.class).run(context -> {
            JobQueue jobs = context.getBean(JobQueue.class);
            String id =
                    jobs.enqueue(JobRequest.of("login", null).maxAttempts(1)).id();
            await().until(() -> jobs.find(id).orElseThrow().status() == JobStatus.FAILED);

            JobSnapshot job = jobs.find(id).orElseThrow();
            assertThat(job.lastError()).endsWith("refused: password=***");
            assertThat(job.errors()).singleElement().satisfies(error -> {
                assertThat(error.message()).isEqualTo("refused: password=***");
                assertThat(error.trace()).doesNotContain("secret").contains("at io.jobqueue.spring.RedactorTests");
            });
        });
    }
}
