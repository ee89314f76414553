package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.JobEvent;
import io.jobqueue.JobStatus;
import io.jobqueue.worker.FailingCalls.Call;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How many jobs a pool claims and runs at the same time, and how it settles them in batches. */
class WorkerPoolSlotTests extends WorkerPoolFixture {

    @Test
    void neverMoreHandlersRunThanThereAreSlots() {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<String> ids = IntStream.range(0, 50).mapToObj(i -> enqueue("work")).toList();

        pool(slots(3), handler("work", (job, context) -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            if (ran.size() < 3) {
                ran.add(job.id());
                await().until(() -> ran.size() == 3);
            }
            running.decrementAndGet();
            return null;
        }));

        ids.forEach(id -> assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED));
        assertThat(most).hasValue(3);
    }

    @Test
    void noMoreJobsAreClaimedThanThereAreFreeSlots() {
        List<String> ids = IntStream.range(0, 5).mapToObj(i -> enqueue("work")).toList();

        pool(slots(3), handler("work", (job, context) -> atTheGate(context)));

        await().until(() -> ran.size() == 3);
        assertThat(ran).containsExactlyInAnyOrderElementsOf(ids.subList(0, 3));
        assertThat(ids.subList(3, 5)).allMatch(id -> job(id).status() == JobStatus.PENDING);
        assertThat(store.claimSizes()).allMatch(size -> size <= 3);
        gate.countDown();
        ids.forEach(this::ended);
    }

    @Test
    void aFreedSlotAsksForOneJobWhenJobsTakeLongerThanACall() throws InterruptedException {
        BlockingQueue<String> go = new SynchronousQueue<>();
        pool(slots(2), handler("wait", (job, context) -> atTheGate(context)), handler("pass", (job, context) -> {
            ran.add(job.id());
            return go.take(); // until the test has seen it
        }));
        enqueue("wait");
        await().until(() -> ran.size() == 1);
        int before = store.claimSizes().size();

        IntStream.range(0, 5).forEach(i -> enqueue("pass"));

        for (int seen = 2; seen <= 6; seen++) {
            int expected = seen;
            await().until(() -> ran.size() == expected);
            go.put("on");
        }
        assertThat(store.claimSizes().subList(before, store.claimSizes().size()))
                .isNotEmpty()
                .allMatch(size -> size <= 1);
    }

    @Test
    void jobsThatAreShorterThanACallAreClaimedAhead() {
        store.answerLate(LONGER_THAN_A_JOB);
        pool(slots(4), handler("work", (job, context) -> {
            ran.add(job.id());
            return null;
        }));

        IntStream.range(0, 500).forEach(i -> enqueue("work"));

        await().until(() -> ran.size() == 500);
        assertThat(store.claimSizes()).anyMatch(size -> size > 4);
    }

    @Test
    void jobsClaimedAheadAreHandedBackWhenJobsBecomeLonger() {
        pool(
                slots(2),
                handler("short", (job, context) -> {
                    ran.add(job.id());
                    return null;
                }),
                handler("long", (job, context) -> atTheGate(context)));
        IntStream.range(0, 200).forEach(i -> enqueue("short"));
        List<String> ids = IntStream.range(0, 6).mapToObj(i -> enqueue("long")).toList();

        await().until(() -> ran.size() == 202);
        await().until(() -> ids.stream()
                        .filter(id -> job(id).status() == JobStatus.PROCESSING)
                        .count()
                == 2);

        gate.countDown();
        ids.forEach(id -> assertThat(ended(id).attempts()).isEqualTo(1));
    }

    @Test
    void aFullPoolWaitsInsteadOfSpinning() {
        pool(slots(1).withPollInterval(Duration.ofMillis(1)), handler("work", (job, context) -> atTheGate(context)));
        enqueue("work");
        await().until(() -> ran.size() == 1);

        await().pollInterval(Duration.ofMillis(2))
                .during(Duration.ofMillis(100))
                .until(() -> waits("dispatcher"));
    }

    @Test
    void manyJobsAllRunOnce() {
        List<String> ids =
                IntStream.range(0, 1000).mapToObj(i -> enqueue("work")).toList();

        pool(slots(8), handler("work", (job, context) -> {
            ran.add(job.id());
            return null;
        }));

        await().until(() -> heard(JobEvent.Completed.class).size() == 1000);
        assertThat(ran).containsExactlyInAnyOrderElementsOf(ids);
    }

    @Test
    void aThreadThatCannotBeMadeHandsTheJobBack() {
        AtomicInteger made = new AtomicInteger();
        ThreadFactory failsAtFirst = work -> {
            switch (made.incrementAndGet()) {
                case 1 -> throw new OutOfMemoryError("unable to create native thread");
                case 2 -> throw new IllegalStateException("no thread today");
                default -> {
                    return new Thread(work);
                }
            }
        };
        String id = enqueue("work");

        pool(slots(1), events::add, failsAtFirst, handler("work", (job, context) -> null));

        assertThat(ended(id).attempts()).isEqualTo(1);
        assertThat(heard(JobEvent.Released.class)).hasSize(2);
    }

    @Test
    void attemptsThatEndDuringASettlementShareTheNextOne() {
        CountDownLatch first = new CountDownLatch(1);
        pool(
                slots(5),
                handler("first", (job, context) -> {
                    ran.add(job.id());
                    first.await();
                    return null;
                }),
                handler("work", (job, context) -> atTheGate(context)));
        enqueue("first");
        IntStream.range(0, 4).forEach(i -> enqueue("work"));
        await().until(() -> ran.size() == 5);
        store.holdAnswers(Call.SETTLE);

        first.countDown();
        await().until(() -> store.heldAnswers() == 1);
        gate.countDown();
        await().until(WorkerPoolFixture::workersIdle);
        store.giveAnswers();

        await().until(() -> heard(JobEvent.Completed.class).size() == 5);
        assertThat(store.batchSizes()).containsExactly(1, 4);
    }

    @Test
    void aSettlementWithoutAReplyIsRepeatedAndReportedOnce() {
        String id = enqueue("work");
        store.failNextAfterEffect(Call.SETTLE, 1);

        pool(slots(1), handler("work", (job, context) -> {
            ran.add(job.id());
            return null;
        }));

        awaitEvent(JobEvent.Completed.class);
        assertThat(store.batchSizes()).containsExactly(1, 1);
        assertThat(heard(JobEvent.Completed.class)).hasSize(1);
        assertThat(heard(JobEvent.Refused.class)).isEmpty();
        assertThat(ran).containsExactly(id);
    }
}
