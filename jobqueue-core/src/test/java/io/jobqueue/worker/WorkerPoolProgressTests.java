package io.jobqueue.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jobqueue.HandlerThreads;
import io.jobqueue.JobLogLine;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** Specifies what handlers report of their progress, and what they write to the log of their job. */
class WorkerPoolProgressTests extends WorkerPoolFixture {

    @Test
    void aHandlerReportsItsProgress() {
        pool(slots(1), handler("work", (job, context) -> {
            context.progress(1, 3, "first\nof three");
            return null;
        }));

        JobSnapshot job = ended(enqueue("work"));

        assertThat(job.progress()).isNotNull();
        assertThat(job.progress().done()).isEqualTo(1);
        assertThat(job.progress().note()).isEqualTo("first of three");
    }

    @Test
    void ofManyReportsInAMomentTheFirstAndTheLastAreStored() {
        List<Long> before = new CopyOnWriteArrayList<>();
        pool(slots(1), handler("work", (job, context) -> {
            for (long i = 1; i <= 1000; i++) {
                context.progress(i, 1000);
                before.add(job(context.id()).progress().done());
            }
            return null;
        }));

        JobSnapshot job = ended(enqueue("work"));

        assertThat(before.get(0)).isEqualTo(1);
        assertThat(before.stream().distinct().count()).isLessThan(100);
        assertThat(job.progress().done()).isEqualTo(1000);
    }

    @Test
    void aReportThatMakesNoSenseIsRefusedInWords() {
        pool(slots(1), handler("work", (job, context) -> {
            assertThatThrownBy(() -> context.progress(4, 3, ""))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("done must be from 0 to total, was 4 of 3");
            return null;
        }));

        assertThat(ended(enqueue("work")).status()).isEqualTo(JobStatus.COMPLETED);
    }

    @Test
    void linesOfTheLogAreCutAndHaveNoLineBreaks() {
        pool(slots(1), handler("work", (job, context) -> {
            context.log("one\r\ntwo");
            context.log("x".repeat(999) + "\uD83D\uDE00");
            return null;
        }));

        assertThat(ended(enqueue("work")).log())
                .extracting(JobLogLine::text)
                .containsExactly("one two", "x".repeat(999));
    }

    @Test
    void aHandlerContinuesWhenItsReportsCannotBeWritten() {
        AttemptNotes broken = (AttemptNotes) Proxy.newProxyInstance(
                AttemptNotes.class.getClassLoader(),
                new Class<?>[] {AttemptNotes.class},
                (proxy, method, args) ->
                        CompletableFuture.failedFuture(new FailingCalls.AwayException(FailingCalls.Call.EXTEND)));
        Engine engine = Engine.of(new InMemorySignals(store), events::add, HandlerThreads.factory(), patience);
        WorkerPool pool = new WorkerPool(
                engine,
                store,
                broken,
                Handlers.of(List.of(handler("work", (job, context) -> {
                    context.progress(1, 1);
                    context.log("a line");
                    return null;
                }))),
                slots(1));
        pools.add(pool);
        pool.start();

        assertThat(ended(enqueue("work")).status()).isEqualTo(JobStatus.COMPLETED);
    }
}
