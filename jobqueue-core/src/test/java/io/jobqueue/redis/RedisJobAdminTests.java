package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The operations of an operator on a queue. */
@RedisServer
class RedisJobAdminTests {

    private Bench bench;

    private JobQueue queue;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server);
        queue = bench.queue;
    }

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void aListIsReadByPages() {
        for (int i = 0; i < 5; i++) {
            queue.enqueue(JobRequest.of("email", null).id("p" + i));
        }
        queue.enqueue(JobRequest.of("email", null).id("late").delay(Duration.ofMinutes(2)));
        queue.enqueue(JobRequest.of("email", null).id("soon").delay(Duration.ofMinutes(1)));

        assertThat(queue.admin().list(JobStatus.PENDING, 1, 2))
                .extracting(JobSnapshot::id)
                .containsExactly("p1", "p2");
        assertThat(queue.admin().list(JobStatus.PENDING, 4, 10))
                .extracting(JobSnapshot::id)
                .containsExactly("p4");
        assertThat(queue.admin().list(JobStatus.PENDING, 5, 10)).isEmpty();
        assertThat(queue.admin().list(JobStatus.SCHEDULED, 0, 10))
                .extracting(JobSnapshot::id)
                .containsExactly("soon", "late");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> queue.admin().list(JobStatus.PENDING, -1, 1))
                .withMessageContaining("-1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> queue.admin().list(JobStatus.PENDING, 0, 201))
                .withMessageContaining("201");
    }
}
