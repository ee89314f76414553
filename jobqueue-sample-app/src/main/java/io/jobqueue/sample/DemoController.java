package io.jobqueue.sample;

import io.jobqueue.JobStatus;
import io.jobqueue.Names;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * The routes of the guide's demo servers, with their parameters, defaults and answers, so that scripts written for those
 * servers run unchanged. The guide has no {@code /sweep}.
 */
@RestController
final class DemoController {

    static final int LONGEST_RECIPIENT = 256;
    static final int LARGEST_BATCH = 50;
    static final String USUAL_RECIPIENT = "user@example.com";

    private static final int MOST_WORKERS = 8;
    private static final int LONGEST_LATENCY_MS = 1_000_000;
    private static final int MOST_ENDED = 10;

    private final Demo demo;
    private final RedisClock clock;

    DemoController(Demo demo, RedisClock clock) {
        this.demo = demo;
        this.clock = clock;
    }

    record StatsBody(
            long enqueuedTotal,
            long completedTotal,
            long failedTotal,
            long reclaimedTotal,
            long pendingDepth,
            long processingDepth,
            long completedDepth,
            long failedDepth,
            long visibilityMs,
            int workersRunning,
            long workerProcessedTotal,
            long workLatencyMs,
            double failRate,
            double hangRate) {}

    record JobsBody(List<JobBody> pending, List<JobBody> processing, List<JobBody> completed, List<JobBody> failed) {}

    record EnqueuedBody(List<String> enqueued, StatsBody stats) {}

    record ReclaimedBody(List<String> reclaimed, StatsBody stats) {}

    record ResetBody(StatsBody stats) {}

    record SweepBody(boolean enabled, boolean switchable) {}

    /** The numbers. */
    @GetMapping("/stats")
    StatsBody stats() {
        Demo.State state = demo.state();
        return new StatsBody(
                state.totals().enqueued(),
                state.totals().completed(),
                state.totals().failed(),
                state.totals().reclaimed(),
                state.queue().pendingDepth(),
                state.queue().processingDepth(),
                state.queue().completedDepth(),
                state.queue().failedDepth(),
                state.queue().visibility().toMillis(),
                state.running(),
                state.processed(),
                state.behaviour().latency().toMillis(),
                state.behaviour().failRate(),
                state.behaviour().hangRate());
    }

    /** The jobs; of those that ended the newest ten of each list. */
    @GetMapping("/jobs")
    JobsBody jobs() {
        Instant now = clock.now();
        return new JobsBody(
                JobBody.of(demo.pending(), now),
                JobBody.of(demo.processing(), now),
                JobBody.of(demo.jobs(JobStatus.COMPLETED, MOST_ENDED), now),
                JobBody.of(demo.jobs(JobStatus.FAILED, MOST_ENDED), now));
    }

    /** Enqueues a batch of one kind. */
    @PostMapping("/enqueue")
    EnqueuedBody enqueue(@RequestParam Map<String, String> fields) {
        Form form = new Form(fields);
        List<String> ids = demo.enqueue(
                kind(form),
                form.text("recipient", USUAL_RECIPIENT, LONGEST_RECIPIENT),
                form.whole("count", 1, 1, LARGEST_BATCH));
        return new EnqueuedBody(ids, stats());
    }

    private static String kind(Form form) {
        try {
            return Names.kind(form.text("kind", "email"));
        } catch (IllegalArgumentException ex) {
            throw new RefusedException(String.valueOf(ex.getMessage()));
        }
    }

    /** Starts the workers, or brings those that run to another size and behaviour. */
    @PostMapping("/workers/start")
    StatsBody start(@RequestParam Map<String, String> fields) {
        Form form = new Form(fields);
        demo.startWorkers(form.whole("size", 2, 0, MOST_WORKERS), behaviour(form, Behaviour.USUAL));
        return stats();
    }

    /** Stops the workers; they have ended when it answers. */
    @PostMapping("/workers/stop")
    StatsBody stop() {
        demo.stopWorkers();
        return stats();
    }

    /** Changes what is said of the behaviour, and leaves the rest. */
    @PostMapping("/workers/configure")
    StatsBody configure(@RequestParam Map<String, String> fields) {
        Form form = new Form(fields);
        demo.configure(current -> behaviour(form, current));
        return stats();
    }

    private static Behaviour behaviour(Form form, Behaviour otherwise) {
        int latency = form.whole("work_latency_ms", (int) otherwise.latency().toMillis(), 0, LONGEST_LATENCY_MS);
        return new Behaviour(
                Duration.ofMillis(latency),
                form.share("fail_rate", otherwise.failRate()),
                form.share("hang_rate", otherwise.hangRate()));
    }

    /** Sweeps once. */
    @PostMapping("/reclaim")
    ReclaimedBody reclaim() {
        List<String> reclaimed = demo.reclaim();
        return new ReclaimedBody(reclaimed, stats());
    }

    /** Ends the workers and empties the queue. */
    @PostMapping("/reset")
    ResetBody reset() {
        demo.reset();
        return new ResetBody(stats());
    }

    /** Whether the queue is swept automatically. */
    @GetMapping("/sweep")
    SweepBody sweep() {
        return new SweepBody(demo.isSweeping(), demo.isSweepSwitchable());
    }

    /** Turns the automatic sweep on or off. */
    @PostMapping("/sweep")
    SweepBody sweep(@RequestParam Map<String, String> fields) {
        demo.sweep(new Form(fields).yesOrNo("enabled"));
        return sweep();
    }
}
