package io.jobqueue.sample;

import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.JobRun;
import io.jobqueue.QueueStats;
import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
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

    /** The page shows no more, and a census of a whole home folder must not send megabytes each time. */
    private static final int MOST_OUTPUTS = 1000;

    private static final Logger log = LoggerFactory.getLogger(CensusController.class);

    private final Census census;

    CensusController(Census census) {
        this.census = census;
    }

    record StartedBody(String runId, long units) {}

    record RunBody(
            String runId,
            String state,
            @Nullable Long expected,
            long done,
            long failed,
            List<Failure> failures,
            @Nullable CensusReport report) {}

    record Failure(String unit, String reason) {}

    record OutputsBody(String runId, List<Output> outputs) {}

    record Output(String unit, JarReport report) {}

    record QueueBody(String name, Depths depths, Totals totals, @Nullable Long oldestWaitingMs) {}

    record Depths(long pending, long processing, long delayed, long completed, long failed) {}

    record Totals(long enqueued, long completed, long failed, long retried, long released, long reclaimed, long lost) {}

    /** Starts a census: 202 for a new run, 200 for one that was there. */
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

    /** How far a run is, and its report once it is complete. */
    @GetMapping("/census/{runId}")
    ResponseEntity<?> run(@PathVariable String runId) {
        return census.find(runId)
                .<ResponseEntity<?>>map(state -> ResponseEntity.ok(body(runId, state)))
                .orElseGet(() -> unknown(runId));
    }

    private static RunBody body(String runId, Census.State state) {
        JobRun run = state.run();
        List<Failure> failures = new TreeMap<>(state.failures())
                .entrySet().stream()
                        .map(failure -> new Failure(failure.getKey(), failure.getValue()))
                        .toList();
        return new RunBody(
                runId,
                run.isThrough() ? "completed" : "running",
                run.state() == JobRun.State.OPEN ? null : run.expected(),
                run.done(),
                run.failed(),
                failures,
                state.report());
    }

    /**
     * The outputs that are there by now, by unit.
     *
     * @param limit how many at most, to 1000
     */
    @GetMapping("/census/{runId}/outputs")
    ResponseEntity<?> outputs(@PathVariable String runId, @RequestParam(defaultValue = "1000") int limit) {
        if (limit < 0 || limit > MOST_OUTPUTS) {
            throw new RefusedException("limit must be from 0 to %s, was %s".formatted(MOST_OUTPUTS, limit));
        }
        if (census.find(runId).isEmpty()) {
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
