package io.jobqueue.sample;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.JobRun;
import io.jobqueue.JobRuns;
import io.jobqueue.QueueStats;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The census over HTTP. */
@RestController
final class CensusController {

    /** The page shows at most this many outputs; sending all outputs of a large census would take megabytes. */
    private static final int MOST_OUTPUTS = 1000;

    private static final Logger log = LoggerFactory.getLogger(CensusController.class);

    private static final int MOST_FAILURES = 1000;
    private static final int USUAL_FAILURES = 100;
    private static final int NEWEST_RUNS = 8;
    private static final int MOST_UNITS = JobRuns.MOST_UNITS;

    private final Census census;
    private final RedisClock clock;

    CensusController(Census census, RedisClock clock) {
        this.census = census;
        this.clock = clock;
    }

    record StartedBody(String runId, long units) {}

    record RunsBody(List<RunBody> runs) {}

    /**
     * A run.
     *
     * @param expected how many jars it reads; {@code null} while they are still being added
     * @param durationMs from its first start to its end, or until now
     */
    record RunBody(
            String runId,
            String state,
            @Nullable Long expected,
            long done,
            long failed,
            Instant startedAt,
            long durationMs) {

        static RunBody of(JobRun run, Instant now) {
            Instant end = run.ended() == null ? now : run.ended();
            return new RunBody(
                    run.id(),
                    state(run),
                    run.state() == JobRun.State.OPEN ? null : run.expected(),
                    run.done(),
                    run.failed(),
                    run.started(),
                    Math.max(0, Duration.between(run.started(), end).toMillis()));
        }

        private static String state(JobRun run) {
            if (!run.isThrough()) {
                return "running";
            }
            return run.state() == JobRun.State.CANCELLED ? "cancelled" : "completed";
        }
    }

    /** A run with a page of its failures, and its report once it has ended. */
    record RunDetailsBody(@JsonUnwrapped RunBody run, List<Failure> failures, @Nullable CensusReport report) {}

    record Failure(String unit, String reason) {}

    record OutputsBody(String runId, List<Output> outputs) {}

    record Output(String unit, JarReport report) {}

    record QueueBody(String name, Depths depths, Totals totals, @Nullable Long oldestWaitingMs) {}

    record Depths(long pending, long processing, long delayed, long completed, long failed) {}

    record Totals(long enqueued, long completed, long failed, long retried, long released, long reclaimed, long lost) {}

    /** Starts a census: answers 202 for a new run and 200 for a run that exists. */
    @PostMapping("/census")
    ResponseEntity<StartedBody> start(
            @RequestParam(defaultValue = "") String folder,
            @RequestParam(name = "run_id", defaultValue = "") String run)
            throws IOException {
        // an empty field of a form means that it was left out
        Census.Started started = census.start(run.isBlank() ? null : run, folder.isBlank() ? null : folder);
        return ResponseEntity.status(started.isNew() ? HttpStatus.ACCEPTED : HttpStatus.OK)
                .body(new StartedBody(started.runId(), started.units()));
    }

    /** The newest runs. */
    @GetMapping("/census")
    RunsBody runs() {
        Instant now = clock.now();
        return new RunsBody(census.newest(NEWEST_RUNS).stream()
                .map(run -> RunBody.of(run, now))
                .toList());
    }

    /**
     * How far a run is, a page of its failures, and its report once it has ended.
     *
     * @param fields {@code failures_offset}, 0 by default; {@code failures_limit}, 100 by default and at most 1000
     */
    @GetMapping("/census/{runId}")
    ResponseEntity<?> run(@PathVariable String runId, @RequestParam Map<String, String> fields) {
        Form form = new Form(fields);
        int offset = form.whole("failures_offset", 0, 0, MOST_UNITS);
        int limit = form.whole("failures_limit", USUAL_FAILURES, 0, MOST_FAILURES);
        return census.find(runId)
                .<ResponseEntity<?>>map(state -> ResponseEntity.ok(new RunDetailsBody(
                        RunBody.of(state.run(), clock.now()),
                        state.run().failed() <= offset ? List.of() : failures(runId, offset, limit),
                        state.report())))
                .orElseGet(() -> unknown(runId));
    }

    private List<Failure> failures(String runId, int offset, int limit) {
        return census.failures(runId, offset, limit).entrySet().stream()
                .map(failure -> new Failure(failure.getKey(), failure.getValue()))
                .toList();
    }

    /**
     * The outputs that a run has so far, by unit.
     *
     * @param limit how many at most, to 1000
     */
    @GetMapping("/census/{runId}/outputs")
    ResponseEntity<?> outputs(@PathVariable String runId, @RequestParam(defaultValue = "1000") int limit) {
        if (limit < 0 || limit > MOST_OUTPUTS) {
            throw new RefusedException("limit must be from 0 to %s, was %s".formatted(MOST_OUTPUTS, limit));
        }
        if (!census.isKnown(runId)) {
            return unknown(runId);
        }
        List<Output> outputs = census.outputs(runId)
                .limit(limit)
                .map(output -> new Output(output.getKey(), output.getValue()))
                .sorted(Comparator.comparing(Output::unit))
                .toList();
        return ResponseEntity.ok(new OutputsBody(runId, outputs));
    }

    /** Depths and totals of the queue that the census uses. */
    @GetMapping("/queues")
    List<QueueBody> queues() {
        QueueStats stats = census.stats();
        Duration oldest = stats.oldestWaiting();
        return List.of(new QueueBody(
                Census.QUEUE,
                new Depths(
                        stats.pendingDepth(),
                        stats.processingDepth(),
                        stats.delayedDepth(),
                        stats.completedDepth(),
                        stats.failedDepth()),
                new Totals(
                        stats.enqueuedTotal(),
                        stats.completedTotal(),
                        stats.failedTotal(),
                        stats.retriedTotal(),
                        stats.releasedTotal(),
                        stats.reclaimedTotal(),
                        stats.lostTotal()),
                oldest == null ? null : oldest.toMillis()));
    }

    private static ResponseEntity<ErrorAnswers.ErrorBody> unknown(String runId) {
        return ErrorAnswers.error(HttpStatus.NOT_FOUND, "there is no run '%s'".formatted(runId));
    }

    @ExceptionHandler({EnqueueRefusedException.class, EnqueueUncertainException.class})
    ResponseEntity<ErrorAnswers.ErrorBody> notEnqueued(RuntimeException ex) {
        log.warn("A census could not be started", ex);
        return ErrorAnswers.error(
                HttpStatus.SERVICE_UNAVAILABLE,
                "Redis did not take the jobs; the same request with the same run_id goes on where it broke off");
    }
}
