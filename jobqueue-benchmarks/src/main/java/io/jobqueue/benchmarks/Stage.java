package io.jobqueue.benchmarks;

/**
 * The Redis server, the queue and the baseline that scenarios use.
 *
 * @param port of a redis-server that nobody else uses
 * @param admin a connection for what is not measured
 * @param ceiling the baseline
 * @param product the queue
 * @param crew further processes that can work on the queue
 * @param sizes how much is measured
 * @param baselineFirst whether baselines are played before the queue this time, or after it
 */
record Stage(int port, Wire admin, Ceiling ceiling, Product product, Crew crew, Sizes sizes, boolean baselineFirst) {

    /** A part of a scenario. */
    @FunctionalInterface
    interface Part {
        void play() throws InterruptedException;
    }

    /** The same stage for another round. */
    Stage with(Sizes other, boolean baselinesFirst) {
        return new Stage(port, admin, ceiling, product, crew, other, baselinesFirst);
    }

    /** Plays a baseline and the queue, both on an empty server. */
    void inTurn(Part baseline, Part queue) throws InterruptedException {
        clear();
        (baselineFirst ? baseline : queue).play();
        clear();
        (baselineFirst ? queue : baseline).play();
    }

    /** Empties the server; scripts stay known to it. */
    void clear() {
        admin.ask("FLUSHALL", "SYNC");
    }
}
