package io.jobqueue.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.redis.Chores;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the guide's clients do to the histories, and how the audit repairs that. */
class HistoryStory extends Story {

    @Row("it cuts dead letters to 50: the audit puts ours back")
    @ParameterizedTest
    @EnumSource
    void itCutsOurDeadLettersAndTheAuditPutsThemBack(Dialect dialect) {
        GuideClient guide = guide(dialect);
        List<String> ids = IntStream.range(0, 60).mapToObj(i -> "dead-" + i).toList();
        queue.enqueueAll(ids.stream()
                .map(id -> JobRequest.of("email", null).id(id).maxAttempts(1))
                .toList());
        ids.forEach(
                id -> queue.worker().fail(queue.worker().claim(Duration.ZERO).orElseThrow(), "boom"));
        String theirs = guide.enqueue("{\"kind\":\"email\"}");
        redis.hset("queue:shared:job:" + theirs, "attempts", "2");
        assertThat(guide.fail(guide.claim().orElseThrow(), "boom")).isEqualTo(2);
        assertThat(list("failed")).hasSize(50);

        upkeep(Duration.ofMillis(100), Duration.ofMillis(20));

        await().untilAsserted(() -> assertThat(list("failed")).hasSize(61).containsAll(ids));
        assertThat(queue.admin().list(JobStatus.FAILED, 0, 100)).hasSize(61);
        assertThat(queue.stats().repairedTotal()).isEqualTo(11);
        assertThat(events)
                .filteredOn(event ->
                        event instanceof JobEvent.Repaired repaired && repaired.damage() != JobEvent.Damage.TRIMMED)
                .isEmpty();
    }

    @Row("beside it under load the audit, in a tight loop, finds nothing to repair")
    @ParameterizedTest
    @EnumSource
    void theAuditFindsNothingToRepairOnAHealthyQueue(Dialect dialect) {
        int jobs = 90;
        Map<String, Integer> runs = new ConcurrentHashMap<>();
        Set<String> byGuide = ConcurrentHashMap.newKeySet();
        Set<String> taken = ConcurrentHashMap.newKeySet();
        AtomicBoolean over = new AtomicBoolean();
        upkeep(Duration.ofMillis(20), Duration.ZERO);
        GuideClient worker = guide(dialect).keeping(1000);
        GuideClient producer = guide(dialect);
        GuideClient sweeper = guide(dialect);
        List<Thread> threads = List.of(
                new Thread(() -> {
                    while (!over.get()) {
                        worker.claim().ifPresent(job -> {
                            runs.merge(job.id(), 1, Integer::sum);
                            byGuide.add(job.id());
                            worker.complete(job, Map.of());
                        });
                    }
                }),
                new Thread(() -> {
                    while (!over.get()) {
                        taken.addAll(sweeper.reclaim());
                    }
                }),
                new Thread(() -> {
                    while (!over.get()) {
                        events.addAll(Chores.audit(queues, QUEUE).round().join().events());
                    }
                }));
        threads.forEach(Thread::start);

        for (int i = 0; i < jobs / 2; i++) {
            producer.enqueue(Map.of("kind", "email", "n", i));
            JobRequest request = JobRequest.of("email", Map.of("n", i));
            queue.enqueue(i % 5 == 0 ? request.delay(Duration.ofMillis(100)) : request);
            if (i == 10) {
                await().until(() -> !byGuide.isEmpty());
                pool(4, "email", Map.class, (job, context) -> {
                    return runs.merge(job.id(), 1, Integer::sum);
                });
            }
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> {
            var stats = queue.stats();
            return runs.size() == jobs && stats.pendingDepth() + stats.processingDepth() + stats.delayedDepth() == 0;
        });
        over.set(true);
        threads.forEach(HistoryStory::join);

        assertThat(runs).allSatisfy((id, times) -> assertThat(times).isEqualTo(1));
        assertThat(byGuide).isNotEmpty();
        assertThat(taken).isEmpty();
        assertThat(list("completed")).hasSize(jobs);
        assertThat(events).noneMatch(event -> event instanceof JobEvent.Lost || event instanceof JobEvent.Repaired);
        assertThat(queue.stats().repairedTotal()).isZero();
    }

    private static void join(Thread thread) {
        try {
            thread.join(10_000);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
