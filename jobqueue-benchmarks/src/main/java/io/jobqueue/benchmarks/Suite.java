package io.jobqueue.benchmarks;

import java.util.Map;
import java.util.function.Supplier;

/** Scenarios that are played together in a round: one call of the command measures one suite. */
enum Suite {
    /** The queue beside its baselines. */
    COMPARISON(Scenario::all, Sizes.full(), Sizes.quick()),

    /** The cost of a job while something around it grows. */
    GROWTH(Curve::scenarios, Sizes.growth(), Sizes.quickGrowth()),

    /** The cost of each feature. */
    FEATURES(Feature::scenarios, Sizes.features(), Sizes.quickFeatures());

    private final Supplier<Map<String, Scenario>> scenarios;
    private final Sizes full;
    private final Sizes quick;

    Suite(Supplier<Map<String, Scenario>> scenarios, Sizes full, Sizes quick) {
        this.scenarios = scenarios;
        this.full = full;
        this.quick = quick;
    }

    /** Its scenarios by name, in the order of a round. */
    Map<String, Scenario> scenarios() {
        return scenarios.get();
    }

    /** Whether a slow machine measures less in each round; else it plays fewer rounds, because each has to be whole. */
    boolean isScaled() {
        return this == COMPARISON;
    }

    Sizes full() {
        return full;
    }

    /** What is done when it has to be quick. */
    Sizes quick() {
        return quick;
    }
}
