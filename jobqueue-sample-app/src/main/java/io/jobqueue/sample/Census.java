package io.jobqueue.sample;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.Names;
import io.jobqueue.QueueStats;
import io.jobqueue.WorkOutputCache;
import io.jobqueue.WorkOutputCache.RunProgress;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Runs of the census. A run is nothing but jobs and their outputs in Redis, so every instance of the application can
 * start, work on and report any run. Thread-safe.
 */
@Component
final class Census {

    static final String QUEUE = "census";

    private static final DateTimeFormatter RUN_TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

    private final JobQueue queue;
    private final WorkOutputCache outputs;
    private final AllowedRoots roots;
    private final ClassPath classPath;
    private final SecureRandom random = new SecureRandom();

    Census(JobQueue jobs, AllowedRoots roots, ClassPath classPath) {
        this.queue = jobs.on(QUEUE);
        this.outputs = queue.outputs();
        this.roots = roots;
        this.classPath = classPath;
    }

    /**
     * A run that was started.
     *
     * @param units how many jars it reads
     * @param isNew {@code false} when the run was there before
     */
    record Started(String runId, long units, boolean isNew) {}

    /** How far a run is, with the failed units' reasons by unit id. */
    record State(RunProgress progress, Map<String, String> failures, @Nullable CensusReport report) {}

    /**
     * Starts a run: one job for each jar. The id of a unit's job derives from run and unit, so a call that is repeated
     * because the first one broke off does no work twice. A run that was started already stays as it is.
     *
     * @param runId the run, {@code null} for a new one
     * @param folder where to look for jars, {@code null} for the class path of this application
     * @throws RefusedException when the run id is none, or the folder may not or cannot be read
     */
    Started start(@Nullable String runId, @Nullable String folder) throws IOException {
        String run = runId == null ? newRunId() : checked(runId);
        Path root = folder == null ? null : roots.folder(folder);
        Optional<Started> earlier = earlier(run);
        if (earlier.isPresent()) {
            return earlier.get();
        }
        List<JarSearch.Unit> units = root == null ? JarSearch.on(classPath) : JarSearch.inFolder(root);
        // two requests for one run at the same time must not mix the jars of two folders
        synchronized (this) {
            return earlier(run).orElseGet(() -> {
                Set<String> ended = ended(run);
                queue.enqueueAll(units.stream()
                        .filter(unit -> !ended.contains(unit.id()))
                        .map(unit -> JobRequest.of(unit.work()).unit(run, unit.id()))
                        .toList());
                // last, so that a run with an expectation is known to have all its jobs
                outputs.expect(run, units.size());
                return new Started(run, units.size(), true);
            });
        }
    }

    /** The units that ended before the start of their run broke off: their jobs may be history that is no longer kept. */
    private Set<String> ended(String run) {
        Set<String> ended = new HashSet<>(outputs.failures(run).keySet());
        outputs.stream(run, JarReport.class).forEach(output -> ended.add(output.getKey()));
        return ended;
    }

    private Optional<Started> earlier(String run) {
        return outputs.progress(run).expected().stream()
                .mapToObj(units -> new Started(run, units, false))
                .findFirst();
    }

    /**
     * Looks at a run. The report is there once every unit has ended.
     *
     * @return empty for an unknown run
     */
    Optional<State> find(String runId) {
        RunProgress progress = outputs.progress(checked(runId));
        if (progress.expected().isEmpty() && progress.done() == 0 && progress.failed() == 0) {
            return Optional.empty();
        }
        Map<String, String> failures = progress.failed() == 0 ? Map.of() : outputs.failures(runId);
        return Optional.of(new State(
                progress,
                failures,
                progress.isComplete() ? CensusReport.of(outputs.stream(runId, JarReport.class)) : null));
    }

    /** The outputs of a run that are there by now, read while the stream is consumed. */
    Stream<Map.Entry<String, JarReport>> outputs(String runId) {
        return outputs.stream(checked(runId), JarReport.class);
    }

    /** The queue of the census, now. */
    QueueStats stats() {
        return queue.stats();
    }

    private String newRunId() {
        byte[] tail = new byte[4];
        random.nextBytes(tail);
        return RUN_TIME.format(Instant.now()) + "-" + HexFormat.of().formatHex(tail);
    }

    private static String checked(String runId) {
        try {
            return Names.run(runId);
        } catch (IllegalArgumentException ex) {
            throw new RefusedException(String.valueOf(ex.getMessage()));
        }
    }
}
