package io.jobqueue.benchmarks;

import java.time.Duration;

/**
 * The sizes and durations of a measurement.
 *
 * @param rounds how many rounds are measured
 * @param warmUp for how long small rounds are played before them and thrown away, so that the JIT compiler is done; at
 *     least one is
 * @param jobs how many jobs are enqueued in bulk and drained
 * @param calls for how long single jobs are enqueued, PING is called, and jobs fall due at a rate
 * @param idleJobs how many jobs meet an idle pool
 * @param delayedJobs how many jobs are delayed
 * @param units how many units the run has
 * @param steps how many sizes of a curve of growth are played, from the smallest on
 * @param budget how long all of it may take; on a machine that is slow or busy less is measured, or in fewer rounds, so
 *     that it does not take longer
 */
record Sizes(
        int rounds,
        Duration warmUp,
        int jobs,
        Duration calls,
        int idleJobs,
        int delayedJobs,
        int units,
        int steps,
        Duration budget) {

    private static final double SMALL = 0.1;

    /** What is done when nothing else is said: some minutes. */
    static Sizes full() {
        return new Sizes(
                5,
                Duration.ofSeconds(30),
                200_000,
                Duration.ofSeconds(2),
                400,
                1000,
                100_000,
                0,
                Duration.ofMinutes(20));
    }

    /** Ends within a minute. */
    static Sizes quick() {
        return new Sizes(
                3, Duration.ofSeconds(20), 40_000, Duration.ofMillis(400), 120, 200, 10_000, 0, Duration.ofSeconds(50));
    }

    /** Curves of growth in their whole length: about ten minutes. */
    static Sizes growth() {
        return new Sizes(5, Duration.ofSeconds(20), 20_000, Duration.ofSeconds(3), 0, 0, 0, 5, Duration.ofMinutes(11));
    }

    /** Their beginnings: a minute. */
    static Sizes quickGrowth() {
        return new Sizes(3, Duration.ofSeconds(5), 5_000, Duration.ofSeconds(1), 0, 0, 0, 3, Duration.ofSeconds(50));
    }

    /** Features one by one: some minutes. */
    static Sizes features() {
        return new Sizes(5, Duration.ofSeconds(20), 20_000, Duration.ZERO, 0, 0, 0, 0, Duration.ofMinutes(8));
    }

    /** The same on few jobs: a minute. */
    static Sizes quickFeatures() {
        return new Sizes(3, Duration.ofSeconds(10), 5_000, Duration.ZERO, 0, 0, 0, 0, Duration.ofSeconds(50));
    }

    /** The same with another number of rounds. */
    Sizes withRounds(int number) {
        return new Sizes(number, warmUp, jobs, calls, idleJobs, delayedJobs, units, steps, budget);
    }

    /** A part of everything that is measured. */
    Sizes scaled(double factor) {
        return new Sizes(
                rounds,
                warmUp,
                scaled(jobs, factor),
                Duration.ofNanos((long) (calls.toNanos() * factor)),
                scaled(idleJobs, factor),
                scaled(delayedJobs, factor),
                scaled(units, factor),
                steps,
                budget);
    }

    private static int scaled(int number, double factor) {
        return Math.max(1, (int) (number * factor));
    }

    /** What is played to warm up. */
    Sizes small() {
        Sizes part = scaled(SMALL);
        return new Sizes(
                rounds,
                warmUp,
                part.jobs,
                part.calls,
                part.idleJobs,
                part.delayedJobs,
                part.units,
                Math.min(steps, 1),
                budget);
    }

    /**
     * What can be played in the rounds that are still to come.
     *
     * @param elapsed how much of the budget is used
     * @param whole how long a round of everything would take, as far as it is known
     * @param left how many rounds are still to come
     */
    Sizes fitting(Duration elapsed, Duration whole, int left) {
        double available = (budget.toNanos() - elapsed.toNanos()) / (double) left;
        return scaled(Math.max(SMALL / 10, Math.min(1, available / whole.toNanos())));
    }

    /** How long a round of everything would take, when one of a part of it took so long. */
    Duration whole(Sizes part, Duration took) {
        return Duration.ofNanos(took.toNanos() * jobs / part.jobs());
    }
}
