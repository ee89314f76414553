package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.HandlerThreads;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import io.jobqueue.worker.FailingCalls.Call;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

/** A handler that runs longer than its time limit. */
class WorkerPoolTimeLimitTests extends WorkerPoolFixture {

    private Handler limited(Duration limit, JobFunction function) {
        return new Handler("limited", Map.class, AT_ONCE, limit, Set.of(), function);
    }

    @Test
    void aHandlerThatIsInterruptedAtItsTimeLimitTimesOutAndIsRetried() {
        pool(
                slots(1),
                limited(Duration.ofMillis(50), (job, context) -> job.attempt() == 1 ? atTheGate(context) : null));

        String id = enqueue("limited");

        assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(heard(JobEvent.Retried.class))
                .singleElement()
                .extracting(retried -> retried.reason().text())
                .isEqualTo("timed-out: ran longer than PT0.05S");
        assertThat(heard(JobEvent.Stuck.class)).isEmpty();
    }

    @Test
    void anExtensionMovesTheLimit() {
        pool(slots(1), limited(Duration.ofMillis(400), (job, context) -> {
            ran.add(String.valueOf(context.extend(LONG)));
            return atTheGate(context);
        }));
        String id = enqueue("limited");
        await().until(() -> ran.size() == 2);

        await().during(Duration.ofMillis(600)).until(() -> job(id).status() == JobStatus.PROCESSING);
        gate.countDown();

        assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(ran).containsExactly("true", id);
        assertThat(heard(JobEvent.Retried.class)).isEmpty();
    }

    @Test
    void anExtendedAttemptIsInterruptedAtItsNewLimit() {
        pool(slots(1), limited(Duration.ofMillis(200), (job, context) -> {
            context.extend(Duration.ofMillis(1)); // takes nothing away
            context.extend(Duration.ofMillis(400));
            return job.attempt() == 1 ? atTheGate(context) : null;
        }));

        String id = enqueue("limited");

        assertThat(ended(id).attempts()).isEqualTo(2);
        assertThat(heard(JobEvent.Retried.class)).singleElement().satisfies(retried -> {
            assertThat(retried.took()).isGreaterThanOrEqualTo(Duration.ofMillis(400));
            assertThat(retried.reason().text()).startsWith("timed-out: ran longer than PT0.4");
        });
    }

    @Test
    void anExtensionRenewsTheLeaseForAsLongAsItLasts() {
        AtomicLong clock = new AtomicLong();
        store = new InMemoryJobStore(SETTINGS, clock::get);
        pool(slots(1), limited(LONG, (job, context) -> {
            context.extend(Duration.ofHours(1));
            store.goAway(Call.EXTEND);
            return atTheGate(context);
        }));
        String id = enqueue("limited");
        await().until(() -> ran.size() == 1);

        Told.by(store.sweep(Duration.ofHours(1)));
        clock.addAndGet(Duration.ofMinutes(59).toMillis());
        Told good = Told.by(store.sweep(Duration.ofHours(1)));
        clock.addAndGet(Duration.ofMinutes(2).toMillis());
        Told over = Told.by(store.sweep(Duration.ofHours(1)));

        assertThat(good.reclaimed()).isEmpty();
        assertThat(over.reclaimed()).containsExactly(id);
    }

    @Test
    void anExtensionOfAnythingButAPositiveTimeIsAMistakeOfTheHandler() {
        pool(slots(1), limited(LONG, (job, context) -> context.extend(Duration.ZERO)));

        String id = store.enqueue(JobRequest.of("limited", null).maxAttempts(1));

        assertThat(ended(id).lastError()).contains("duration must be positive, was PT0S");
    }

    @Test
    void anExtensionOfMoreThanAWeekIsAMistakeOfTheHandler() {
        pool(
                slots(1),
                limited(
                        LONG,
                        (job, context) -> context.extend(Duration.ofDays(7).plusMillis(1))));

        String id = store.enqueue(JobRequest.of("limited", null).maxAttempts(1));

        assertThat(ended(id).lastError()).contains("duration must be at most 7 days");
    }

    @Test
    void aVeryLongLimitIsNoLimit() {
        pool(
                slots(1),
                limited(Duration.ofSeconds(Long.MAX_VALUE), (job, context) -> context.extend(Duration.ofDays(7))));

        assertThat(ended(enqueue("limited")).status()).isEqualTo(JobStatus.COMPLETED);
    }

    @Test
    void aHandlerThatIgnoresTheInterruptIsLeftBehindAndItsSlotReplaced() {
        patience = LITTLE;
        pool(
                slots(1),
                limited(Duration.ofMillis(20), (job, context) -> job.attempt() == 1 ? stubborn(context) : null),
                handler("next", (job, context) -> null));
        String id = enqueue("limited");
        await().until(() -> ran.size() == 1);

        String next = enqueue("next");

        assertThat(ended(next).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(ended(id).status()).isEqualTo(JobStatus.COMPLETED);
        assertThat(heard(JobEvent.Stuck.class)).hasSize(1);
        assertThat(heard(JobEvent.Retried.class))
                .singleElement()
                .extracting(retried -> retried.reason().text())
                .asString()
                .startsWith("timed-out: ");
        gate.countDown();
        await().until(WorkerPoolFixture::workersIdle);
        assertThat(heard(JobEvent.Refused.class)).isEmpty();
    }

    @Test
    void noMoreHandlersAreLeftBehindThanThereAreSlots() {
        patience = LITTLE;
        pool(
                slots(1),
                limited(Duration.ofMillis(20), (job, context) -> stubborn(context)),
                handler("next", (job, context) -> null));
        enqueue("limited");
        enqueue("limited");
        await().until(() -> ran.size() == 2);
        String next = enqueue("next");

        await().during(Duration.ofMillis(200)).until(() -> job(next).status() == JobStatus.PENDING);
        assertThat(heard(JobEvent.Stuck.class)).hasSize(1);
        gate.countDown();

        assertThat(ended(next).status()).isEqualTo(JobStatus.COMPLETED);
    }

    @Test
    void theNextJobOnAThreadFindsNothingOfTheOneBefore() {
        List<String> found = new CopyOnWriteArrayList<>();
        pool(
                slots(1),
                handler("messy", (job, context) -> {
                    MDC.put("user", "somebody");
                    Thread.currentThread().interrupt();
                    found.add(Thread.currentThread().getName());
                    return null;
                }),
                handler("clean", (job, context) -> {
                    found.add(Thread.currentThread().getName());
                    found.add(new TreeMap<>(MDC.getCopyOfContextMap()).toString());
                    found.add(String.valueOf(Thread.currentThread().isInterrupted()));
                    return null;
                }));

        ended(enqueue("messy"));
        await().until(WorkerPoolFixture::workersIdle);
        String clean = enqueue("clean");
        ended(clean);

        assertThat(found.get(1)).isEqualTo(found.get(0));
        assertThat(found.subList(2, 4))
                .containsExactly("{job=jobs/" + clean + ", jobAttempt=1, jobKind=clean}", "false");
    }

    @Test
    void theLoggingContextOfAThreadIsRestoredAfterTheHandler() {
        List<String> found = new CopyOnWriteArrayList<>();
        pool(
                slots(1),
                events::add,
                task -> HandlerThreads.factory().newThread(() -> {
                    MDC.put("application", "shop");
                    MDC.put("job", "none");
                    task.run();
                }),
                handler("work", (job, context) -> {
                    found.add(new TreeMap<>(MDC.getCopyOfContextMap()).toString());
                    MDC.put("application", "spoilt");
                    return null;
                }));
        List<String> ids = List.of(enqueue("work"), enqueue("work"));
        ids.forEach(this::ended);

        assertThat(found)
                .containsExactlyElementsOf(ids.stream()
                        .map(id -> "{application=shop, job=jobs/" + id + ", jobAttempt=1, jobKind=work}")
                        .toList());
    }

    @Test
    void theRetryOfATimedOutHandlerShowsWhereItWasInterrupted() {
        pool(slots(1), limited(Duration.ofMillis(50), (job, context) -> atTheGate(context)));

        enqueue("limited");

        assertThat(awaitEvent(JobEvent.Retried.class).thrown()).isInstanceOf(InterruptedException.class);
    }
}
