package io.jobqueue.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/** Numbers that measure the same thing, sorted. At least one. */
record Samples(List<Double> sorted) {

    Samples {
        if (sorted.isEmpty()) {
            throw new IllegalArgumentException("no samples");
        }
        List<Double> copy = new ArrayList<>(sorted);
        copy.sort(null);
        sorted = List.copyOf(copy);
    }

    static Samples of(double... values) {
        return new Samples(Arrays.stream(values).boxed().toList());
    }

    /** All samples of several. */
    static Samples all(Collection<Samples> parts) {
        return new Samples(
                parts.stream().flatMap(part -> part.sorted().stream()).toList());
    }

    /** The middle one, or the mean of the two in the middle. */
    double median() {
        int size = sorted.size();
        return (sorted.get((size - 1) / 2) + sorted.get(size / 2)) / 2;
    }

    double min() {
        return sorted.get(0);
    }

    double max() {
        return sorted.get(sorted.size() - 1);
    }

    /**
     * The smallest sample that is not below so many of all.
     *
     * @param percent above 0, at most 100
     */
    double percentile(double percent) {
        if (!(percent > 0 && percent <= 100)) {
            throw new IllegalArgumentException("percent must be above 0 and at most 100, was " + percent);
        }
        return sorted.get((int) Math.ceil(sorted.size() * percent / 100) - 1);
    }
}
