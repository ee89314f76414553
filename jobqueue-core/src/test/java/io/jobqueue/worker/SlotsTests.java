package io.jobqueue.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SlotsTests {

    private final AtomicInteger callsOfA = new AtomicInteger();
    private final AtomicInteger callsOfB = new AtomicInteger();
    private final Slots slots = new Slots(4);
    private final Slots.Share a = slots.join(callsOfA::incrementAndGet);

    private Slots.Share joinB() {
        return slots.join(callsOfB::incrementAndGet);
    }

    /** Gives slots back and tells the others, as a dispatcher does. */
    private static void giveBack(Slots.Share share, int count) {
        if (share.giveBack(count)) {
            share.tellOthers();
        }
    }

    @Test
    void aSingleShareMayTakeEverySlotAndNoMore() {
        assertThat(a.free(0)).isEqualTo(4);
        assertThat(a.take(3, 0)).isEqualTo(3);
        assertThat(a.take(3, 0)).isEqualTo(1);
        assertThat(a.take(3, 0)).isZero();
        assertThat(a.taken()).isEqualTo(4);

        giveBack(a, 2);

        assertThat(a.free(0)).isEqualTo(2);
    }

    @Test
    void moreThanTheSlotsMayBeTakenAhead() {
        assertThat(a.take(100, 6)).isEqualTo(10);
        assertThat(a.free(6)).isZero();
        assertThat(a.free(0)).isZero();
    }

    @Test
    void aShareThatWantsNothingLeavesItsPartToTheOther() {
        joinB();

        assertThat(a.take(4, 0)).isEqualTo(4);
    }

    @Test
    void slotsThatGetFreeGoToTheShareThatHasFewerUntilBothHaveTheirFairPart() {
        Slots.Share b = joinB();
        a.take(4, 0);
        assertThat(b.take(4, 0)).isZero();

        giveBack(a, 1);

        assertThat(callsOfB).hasValue(1);
        assertThat(a.take(1, 0)).isZero();
        assertThat(b.take(4, 0)).isEqualTo(1);
        assertThat(b.take(4, 0)).isZero();
        giveBack(a, 1);
        assertThat(a.take(1, 0)).isZero();
        assertThat(b.take(4, 0)).isEqualTo(1);
        assertThat(a.taken()).isEqualTo(2);
        assertThat(b.taken()).isEqualTo(2);
    }

    @Test
    void aSingleSlotGoesToTheSharesByTurns() {
        Slots one = new Slots(1);
        Slots.Share first = one.join(() -> {});
        Slots.Share second = one.join(() -> {});
        assertThat(first.take(1, 0)).isEqualTo(1);

        for (int i = 0; i < 3; i++) {
            assertThat(second.take(1, 0)).isZero();
            first.giveBack(1);
            assertThat(first.take(1, 0)).isZero();
            assertThat(second.take(1, 0)).isEqualTo(1);
            assertThat(first.take(1, 0)).isZero();
            second.giveBack(1);
            assertThat(second.take(1, 0)).isZero();
            assertThat(first.take(1, 0)).isEqualTo(1);
        }
    }

    @Test
    void aShareWithMoreWorkKeepsItsFairPartWhileItIsNotWaiting() {
        Slots.Share b = joinB();
        b.take(2, 0);
        b.hungry(true);
        a.take(4, 0);
        assertThat(a.taken()).isEqualTo(2);

        giveBack(b, 1);

        assertThat(a.take(1, 0)).isZero();
        assertThat(b.take(1, 0)).isEqualTo(1);
    }

    @Test
    void aShareWithNoMoreWorkLeavesItsPartToTheOthersAndSaysSo() {
        Slots.Share b = joinB();
        b.take(1, 0);
        b.hungry(true);
        a.take(4, 0);
        assertThat(a.take(1, 0)).isZero();

        assertThat(b.hungry(false)).isTrue();
        b.tellOthers();

        assertThat(callsOfA).hasValue(1);
        assertThat(a.take(4, 0)).isEqualTo(1);
    }

    @Test
    void aShareThatWithdrawsHoldsUpNoOther() {
        Slots.Share b = joinB();
        a.take(4, 0);
        b.take(1, 0);

        b.withdraw();
        giveBack(a, 1);

        assertThat(callsOfB).hasValue(0);
        assertThat(a.take(1, 0)).isEqualTo(1);
    }

    @Test
    void aShareThatLeftHoldsUpNoOther() {
        Slots.Share b = joinB();
        a.take(4, 0);
        b.take(1, 0);

        b.leave();
        giveBack(a, 1);

        assertThat(a.take(1, 0)).isEqualTo(1);
    }

    @Test
    void onlySharesThatWaitAreCalled() {
        Slots.Share b = joinB();
        a.take(1, 0);
        b.take(1, 0);

        giveBack(a, 1);

        assertThat(callsOfA).hasValue(0);
        assertThat(callsOfB).hasValue(0);
    }

    @Test
    void asManyHandlersAsSlotsMayBeLeftBehind() {
        a.take(4, 0);
        for (int i = 0; i < 4; i++) {
            assertThat(a.mayLeaveBehind()).isTrue();
            a.leaveBehind();
        }

        assertThat(a.mayLeaveBehind()).isFalse();
        assertThat(a.free(0)).isEqualTo(4);
        a.cameBack();
        assertThat(a.mayLeaveBehind()).isTrue();
    }
}
