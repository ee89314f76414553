package io.jobqueue.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaceTests {

    private static final long MS = 1_000_000;

    private final Pace pace = new Pace(10);

    private void jobsTake(long nanos) {
        for (int i = 0; i < 100; i++) {
            pace.jobTook(nanos);
        }
    }

    private void exchangesTake(long nanos) {
        for (int i = 0; i < 100; i++) {
            pace.exchangeTook(nanos, true);
        }
    }

    @Test
    void nothingIsClaimedAheadBeforeAJobAndItsSettlementAreKnown() {
        assertThat(pace.ahead()).isZero();

        pace.exchangeTook(MS, false);
        jobsTake(MS / 100);
        assertThat(pace.ahead()).isZero();

        pace.exchangeTook(MS, true);
        assertThat(pace.ahead()).isPositive();
    }

    @Test
    void asManyAreClaimedAheadAsThePoolDoesDuringAnExchange() {
        exchangesTake(2 * MS);

        jobsTake(MS);
        assertThat(pace.ahead()).isBetween(19, 20);
        assertThat(pace.isHasty()).isTrue();

        jobsTake(10 * MS);
        assertThat(pace.ahead()).isBetween(1, 2);
        assertThat(pace.isHasty()).isFalse();

        jobsTake(60_000 * MS);
        assertThat(pace.ahead()).isZero();
    }

    @Test
    void aHundredOrTwiceTheSlotsAreTheMost() {
        Pace large = new Pace(80);
        for (Pace each : new Pace[] {pace, large}) {
            each.jobTook(1);
            each.exchangeTook(1000 * MS, true);
        }

        assertThat(pace.ahead()).isEqualTo(100);
        assertThat(large.ahead()).isEqualTo(160);
    }

    @Test
    void nothingIsClaimedAheadWhileTheStoreIsAwayOrAfterJobsBecameLonger() {
        exchangesTake(2 * MS);
        jobsTake(MS / 10);

        pace.exchangeFailed();
        assertThat(pace.ahead()).isZero();
        pace.exchangeTook(2 * MS, false); // settled something, or claimed something
        assertThat(pace.ahead()).isZero();
        pace.exchangeTook(2 * MS, true);
        assertThat(pace.ahead()).isEqualTo(100);

        pace.forgetJobs();
        assertThat(pace.ahead()).isZero();
        pace.jobTook(MS / 10);
        assertThat(pace.ahead()).isEqualTo(100);
    }
}
