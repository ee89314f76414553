package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.DeadLetterFilter;
import io.jobqueue.JobRun;
import io.jobqueue.embedded.RedisServer;
import org.junit.jupiter.api.Test;

/** A requeued dead letter and its run. */
@RedisServer
class RunRequeueTests extends RunFixture {

    private long requeueAll() {
        return bench.queue.admin().requeue(DeadLetterFilter.all());
    }

    @Test
    void aLiveRunWaitsForItsRequeuedUnitAndIsGatheredOnce() {
        start("a", "b");
        fail("boom");

        assertThat(requeueAll()).isEqualTo(1);
        complete("b");
        assertThat(gathers()).isZero();

        complete("a");
        assertThat(gathers()).isEqualTo(1);
        assertThat(bench.redis.hlen("queue:q:outputs:run")).isEqualTo(2);
        assertThat(bench.redis.exists("queue:q:failures:run")).isZero();
    }

    @Test
    void aUnitOfAnEndedRunEndsLate() {
        start("a", "b");
        fail("boom");
        complete("b");
        complete("gathered");

        assertThat(requeueAll()).isEqualTo(1);
        complete("a");

        assertThat(bench.redis.hlen("queue:q:outputs:run")).isEqualTo(2);
        assertThat(gathers()).isEqualTo(1);
        assertThat(ends()).hasSize(1);
    }

    @Test
    void aRequeuedGatherJobIsOutstandingAgain() {
        start("a");
        complete("a");
        fail("disk full");
        assertThat(run().gather()).isEqualTo(JobRun.Gather.FAILED);
        assertThat(bench.redis.pttl("queue:q:outputs:run")).isPositive();

        assertThat(requeueAll()).isEqualTo(1);

        assertThat(run().gather()).isEqualTo(JobRun.Gather.WAITING);
        assertThat(bench.redis.pttl("queue:q:outputs:run")).isEqualTo(-1);
        complete("gathered");
        assertThat(run().gather()).isEqualTo(JobRun.Gather.COMPLETED);
        assertThat(bench.redis.pttl("queue:q:outputs:run")).isPositive();
    }

    @Test
    void aUnitOfACancelledRunIsNotRequeued() {
        start("a", "b");
        fail("boom");
        runs.cancel("run");

        assertThat(requeueAll()).isZero();
        assertThat(bench.list("failed")).hasSize(1);
    }

    @Test
    void aUnitOfAnEvictedRunIsNotRequeued() {
        start("a", "b");
        fail("boom");
        complete("b");
        complete("gathered");
        bench.queue.outputs().evict("run");

        assertThat(requeueAll()).isZero();
    }
}
