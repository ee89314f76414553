package io.jobqueue.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The measurements of a curve.
 *
 * @param curve which
 * @param steps its sizes that were played, from the smallest
 */
record Growth(Curve curve, List<Step> steps) {

    Growth {
        steps = List.copyOf(steps);
    }

    /**
     * One size.
     *
     * @param size which
     * @param redis CPU time of Redis for a job, in microseconds
     * @param redisRatio the same, by that of the smallest size in the same round
     * @param rate jobs in a second
     * @param timeRatio the time of a job by the clock, by that of the smallest size in the same round
     * @param late how late delayed jobs started, in milliseconds; {@code null} when there were none
     * @param slow what held up Redis, in all rounds
     */
    record Step(
            int size,
            Samples redis,
            Samples redisRatio,
            Samples rate,
            Samples timeRatio,
            @Nullable Samples late,
            SlowLog slow) {}

    /** The curves that rounds measured. */
    static List<Growth> of(Results results) {
        List<Growth> all = new ArrayList<>();
        Map<String, Samples> latencies = results.latencies();
        for (Curve curve : Curve.ALL) {
            String smallest = curve.subject(curve.sizes().get(0));
            List<Step> steps = new ArrayList<>();
            for (int size : curve.sizes()) {
                String subject = curve.subject(size);
                Optional<Samples> ratio =
                        results.compared(subject, smallest, Metric.REDIS_US, (cost, base) -> cost / base);
                if (ratio.isPresent()) {
                    steps.add(new Step(
                            size,
                            results.cost(subject, Metric.REDIS_US),
                            ratio.get(),
                            results.cost(subject, Metric.JOBS_PER_S),
                            results.compared(subject, smallest, Metric.JOBS_PER_S, (rate, base) -> base / rate)
                                    .orElseThrow(),
                            latencies.get(subject),
                            results.slow(subject)));
                }
            }
            if (!steps.isEmpty()) {
                all.add(new Growth(curve, steps));
            }
        }
        return all;
    }

    /** The size at which a job costs Redis most, compared with the smallest. */
    Step dearest() {
        Step dearest = steps.get(0);
        for (Step step : steps) {
            if (step.redisRatio().median() > dearest.redisRatio().median()) {
                dearest = step;
            }
        }
        return dearest;
    }

    /** Whether a job costs Redis about the same at all sizes, or less. */
    boolean isFlat() {
        return dearest().redisRatio().median() <= Curve.FLAT;
    }
}
