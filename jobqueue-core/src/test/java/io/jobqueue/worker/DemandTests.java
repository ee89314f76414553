package io.jobqueue.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.QueueSettings;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Specifies when a dispatcher settles, claims and rests, without threads and without a store. */
class DemandTests {

    private static final Duration POLL = Duration.ofHours(1);

    /** Attempts here have no handler, so their owner is asked for nothing but its settings. */
    private static final Attempt.Owner OWNER = (Attempt.Owner) Proxy.newProxyInstance(
            DemandTests.class.getClassLoader(), new Class<?>[] {Attempt.Owner.class}, (proxy, method, args) -> {
                assertThat(method.getName()).isEqualTo("settings");
                return QueueSettings.defaults();
            });

    private final Loop loop = new Loop("demand", true, () -> fail("no turn is taken"));
    private final Slots slots = new Slots(2);
    private final Demand demand = demand(Duration.ZERO);

    private Demand demand(Duration idle) {
        return new Demand(
                loop, slots, WorkerSettings.defaults().withConcurrency(2).withPollInterval(POLL), idle);
    }

    private static Attempt attempt() {
        Claim claim = new Claim(
                "jobs",
                "id",
                "email",
                "token",
                1,
                0,
                null,
                1,
                JobCodec.standard().json("{}"),
                Map.of(),
                null,
                null,
                false);
        return new Attempt(claim, System.nanoTime(), OWNER, 5, Duration.ofMinutes(1));
    }

    /** An attempt that ended, as the dispatcher does it. */
    private Attempt ended() {
        Attempt attempt = attempt();
        assertThat(attempt.end(JobRunner.release(attempt.claim()))).isTrue();
        demand.ended(attempt);
        return attempt;
    }

    /** A claim that is answered with so many jobs. */
    private void claim(int brought, boolean more, @Nullable Duration nextDue) {
        Demand.Order order = demand.take();
        demand.lookAfter(new JobStore.Claims(List.of(), more, nextDue, List.of()));
        demand.claimed(order.claims(), brought, more);
    }

    private boolean awaits() throws InterruptedException {
        return demand.await(1, due -> fail("the dispatcher rests"));
    }

    @Test
    void aNewDispatcherLooksForJobsInAllItsSlots() {
        assertThat(demand.hasWork()).isTrue();
        Demand.Order order = demand.take();

        assertThat(order.batch()).isEmpty();
        assertThat(order.claims()).isEqualTo(2);
        assertThat(demand.hasWork()).isFalse();
        assertThat(demand.take().claims()).isEqualTo(Exchange.NO_CLAIM);
    }

    @Test
    void aFreeSlotAloneIsNoReasonToClaim() {
        claim(0, false, null);

        assertThat(demand.hasWork()).isFalse();
    }

    @Test
    void aClaimThatLeftJobsBehindIsAReasonToClaimAgain() {
        claim(1, true, null);

        assertThat(demand.take().claims()).isEqualTo(1);
    }

    @Test
    void aJobThatEndedIsSettledAndItsSlotIsUsedAgain() {
        claim(2, false, null);
        Attempt ended = ended();

        Demand.Order order = demand.take();

        assertThat(order.batch()).containsExactly(ended);
        assertThat(order.claims()).isEqualTo(1);
    }

    @Test
    void attemptsWithoutAnAnswerGoOutAgainBeforeLaterOnes() {
        claim(2, false, null);
        Attempt first = ended();
        Demand.Order lost = demand.take();
        Attempt second = ended();

        demand.notSettled(lost.batch());
        demand.claimed(lost.claims(), 0, true);

        assertThat(demand.take().batch()).containsExactly(first, second);
    }

    @Test
    void aHintThatFindsNoFreeSlotLeadsToAClaimOfNoJobsThatPassesItOn() {
        claim(2, false, null);

        demand.hinted();

        assertThat(demand.take().claims()).isZero();
        assertThat(demand.hasWork()).isFalse();
    }

    @Test
    void aHintIsAskedForOnceAndOnlyWhileASlotIsFree() {
        claim(0, false, null);

        assertThat(demand.takeWishForHint()).isTrue();
        assertThat(demand.takeWishForHint()).isFalse();
        demand.noHintComes();
        assertThat(demand.takeWishForHint()).isTrue();
        demand.hinted();
        claim(2, false, null);
        assertThat(demand.takeWishForHint()).isFalse();
    }

    @Test
    void aDelayedJobThatIsDueIsAReasonToClaim() throws InterruptedException {
        Demand busy = demand(Duration.ofHours(1));
        Demand.Order order = busy.take();
        busy.lookAfter(new JobStore.Claims(List.of(), false, Duration.ofNanos(1), List.of()));
        busy.claimed(order.claims(), 0, false);
        assertThat(busy.hasWork()).isFalse();

        assertThat(busy.await(1, due -> fail("the dispatcher rests"))).isTrue();

        assertThat(busy.hasWork()).isTrue();
    }

    @Test
    void anIdleDispatcherRestsUntilItsNextDelayedJobIsDue() throws InterruptedException {
        claim(0, false, Duration.ofSeconds(7));
        List<Long> until = new ArrayList<>();

        assertThat(demand.await(1, until::add)).isFalse();

        assertThat(until).singleElement().satisfies(due -> assertThat(Duration.ofNanos(due - System.nanoTime()))
                .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(7)));
    }

    @Test
    void aDispatcherWithAJobOrAClaimOutDoesNotRest() throws InterruptedException {
        Demand.Order out = demand.take();
        assertThat(awaits()).isTrue();
        demand.lookAfter(new JobStore.Claims(List.of(), false, null, List.of()));
        demand.claimed(out.claims(), 1, false);
        assertThat(awaits()).isTrue();
        ended();
        assertThat(demand.take().batch()).hasSize(1);
        assertThat(awaits()).isTrue();
    }

    @Test
    void aStoppedDispatcherClaimsNoMoreAndSettlesWhatItHas() {
        claim(1, true, null);
        demand.stopClaiming();
        Attempt ended = ended();
        demand.hinted();

        Demand.Order order = demand.take();

        assertThat(order.claims()).isEqualTo(Exchange.NO_CLAIM);
        assertThat(order.batch()).containsExactly(ended);
        assertThat(demand.awaitHandlers(System.nanoTime())).isTrue();
        assertThat(demand.awaitSettlements(System.nanoTime())).isFalse();
        demand.settled(1);
        assertThat(demand.awaitSettlements(System.nanoTime())).isTrue();
        assertThat(demand.begin(true)).isFalse();
    }

    @Test
    void aHandlerThatIsLeftBehindFreesItsSlotOnce() {
        claim(2, false, null);
        Attempt stuck = attempt();
        Settlement how = JobRunner.release(stuck.claim());

        assertThat(demand.leaveBehind(stuck, how)).isTrue();
        assertThat(demand.leaveBehind(stuck, how)).isFalse();

        Demand.Order order = demand.take();
        assertThat(order.batch()).containsExactly(stuck);
        assertThat(order.claims()).isEqualTo(1);
    }

    @Test
    void aDispatcherThatYieldsItsSlotsWakesTheOthers() {
        AtomicInteger freed = new AtomicInteger();
        Slots.Share other = slots.join(freed::incrementAndGet);
        Demand.Order order = demand.take();
        assertThat(other.take(1, 0)).isZero();

        demand.claimed(order.claims(), 0, true);
        demand.yieldSlots();

        assertThat(freed).hasPositiveValue();
        assertThat(other.take(2, 0)).isEqualTo(2);
    }
}
