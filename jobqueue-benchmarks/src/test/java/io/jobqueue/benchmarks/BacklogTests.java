package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A backlog has to be what the queue itself would have left. */
@RedisServer
class BacklogTests {

    private Wire admin;
    private Product product;
    private Backlog backlog;

    @BeforeEach
    void connect(EmbeddedRedis redis) {
        admin = new Wire(redis.port());
        product = new Product(redis.port());
        backlog = new Backlog(admin);
    }

    @AfterEach
    void disconnect() {
        product.close();
        admin.close();
    }

    @Test
    void itsJobsDifferFromAnEnqueuedOneInIdAndNumberOnly() {
        backlog.fill(product, 3);

        List<JobSnapshot> waiting = product.queue().admin().list(JobStatus.PENDING, 0, 10);
        Map<String, String> enqueued = hash(waiting.get(0));
        for (int number = 0; number < 3; number++) {
            Map<String, String> expected = new HashMap<>(enqueued);
            expected.put("id", waiting.get(number).id());
            expected.put("payload", NoOp.of(number).json());
            assertThat(hash(waiting.get(number))).isEqualTo(expected);
        }
    }

    private Map<String, String> hash(JobSnapshot job) {
        List<?> words = admin.askList("HGETALL", "queue:jobs:job:" + job.id());
        Map<String, String> fields = new HashMap<>();
        for (int at = 0; at < words.size(); at += 2) {
            fields.put((String) words.get(at), (String) words.get(at + 1));
        }
        return fields;
    }

    @Test
    void allOfItsJobsAreWorkedOnOnce() throws InterruptedException {
        backlog.fill(product, 2345);
        Tally tally = new Tally(2345);

        try (Product.Workers workers = product.workers(50, List.of(tally.handler()), tally)) {
            workers.start();
            tally.await();
        }

        tally.verify();
        assertThat(product.queue().stats().completedTotal()).isEqualTo(2345);
        assertThat(product.queue().stats().pendingDepth()).isZero();
    }

    @Test
    void itIsForAnEmptyQueue() {
        product.queue().enqueueAll(IntStream.range(0, 5).mapToObj(NoOp::of).toList());

        assertThatIllegalStateException()
                .isThrownBy(() -> backlog.fill(product, 10))
                .withMessage("10 jobs should wait, but 15 do");
    }
}
