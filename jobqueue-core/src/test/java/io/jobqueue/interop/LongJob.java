package io.jobqueue.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Long jobs that run while the sweepers of all dialects look for jobs to reclaim. */
abstract class LongJob extends Story {

    void runsBesideTheirSweepers(Duration visibility, Duration time) {
        CountDownLatch done = new CountDownLatch(1);
        AtomicInteger runs = new AtomicInteger();
        pool(2, "email", Map.class, (job, context) -> {
            runs.incrementAndGet();
            assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
            return context.isLeaseLost();
        });
        List<GuideClient> guides = Stream.of(Dialect.values())
                .map(dialect -> guide(dialect, visibility))
                .toList();
        queue.enqueue(JobRequest.of("email", null).id("ours"));
        String theirs = guides.get(0).enqueue("{\"kind\":\"email\"}");
        await().until(() -> runs.get() == 2);
        age(theirs, Duration.ofHours(1));

        List<String> taken = new ArrayList<>();
        long over = System.nanoTime() + time.toNanos();
        await().atMost(time.plusSeconds(20)).pollInterval(Duration.ofMillis(25)).until(() -> {
            guides.forEach(guide -> taken.addAll(guide.reclaim()));
            return System.nanoTime() > over;
        });
        done.countDown();

        await().untilAsserted(() -> assertThat(list("completed")).containsExactlyInAnyOrder("ours", theirs));
        assertThat(taken).isEmpty();
        assertThat(runs).hasValue(2);
        assertThat(heard(JobEvent.LeaseLost.class)).isFalse();
        assertThat(job("ours")).containsEntry("result", "{\"value\":false}");
    }
}
