package io.jobqueue.sample;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRuns;
import io.jobqueue.Names;
import io.jobqueue.QueueStats;
import io.jobqueue.WorkOutputCache;
import io.jobqueue.WorkOutputs;
import io.jobqueue.spring.JobHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Runs of the census. All state of a run is in Redis, so every instance of the application can start, work on and report
 * any run, and a run survives the end of every instance. Thread-safe.
 */
@Component
final class Census {

    static final String QUEUE = "census";

    private static final Duration EMPTY_REPORT = Duration.ofSeconds(5);

    private static final DateTimeFormatter RUN_TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

    private final JobQueue queue;
    private final JobRuns runs;
    private final WorkOutputCache outputs;
    private final AllowedRoots roots;
    private final ClassPath classPath;
    private final SecureRandom random = new SecureRandom();

    Census(JobQueue jobs, AllowedRoots roots, ClassPath classPath) {
        this.queue = jobs.on(QUEUE);
        this.runs = queue.runs();
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

    /** A run and its report, which is there once the run has ended. */
    record State(JobRun run, @Nullable CensusReport report) {}

    /**
     * Starts a run: one job for each jar, and one job that adds up their reports at the end. A start that was interrupted
     * continues where it stopped. A run that ended with failures reads the failed jars again and no others. A run that is
     * still working, or that has read all its jars, stays as it is.
     *
     * @param runId the run, {@code null} for a new one
     * @param folder where to look for jars, {@code null} for the class path of this application
     * @throws RefusedException when the run id is not valid, or the folder may not or cannot be read
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
                JobRun started = runs.start(
                        run,
                        units,
                        JarSearch.Unit::id,
                        JarSearch.Unit::work,
                        JobRunOptions.defaults().gather(new GatherReports()));
                if (units.isEmpty()) {
                    // without units the gather job is all there is to wait for
                    runs.await(run, CensusReport.class, EMPTY_REPORT);
                }
                return new Started(run, started.expected(), true);
            });
        }
    }

    private Optional<Started> earlier(String run) {
        return runs.find(run)
                .filter(known -> known.state() == JobRun.State.SEALED
                        || (known.state() == JobRun.State.COMPLETED && known.failed() == 0))
                .map(known -> new Started(run, known.expected(), false));
    }

    /** Adds up what the jars of a run hold: the job that is enqueued once all of them have been read. */
    @JobHandler(queue = QUEUE)
    CensusReport report(GatherReports gather, WorkOutputs<JarReport> jars) {
        return CensusReport.of(jars.stream());
    }

    /**
     * Looks at a run.
     *
     * @return empty for an unknown run
     */
    Optional<State> find(String runId) {
        return runs.find(checked(runId)).map(run -> new State(run, report(run)));
    }

    /** The newest runs that Redis still knows, the newest first. */
    List<JobRun> newest(int most) {
        return runs.list(0, most);
    }

    /**
     * A page of a run's failed units with their reasons, by unit. Pages come in no particular order, and may repeat or
     * miss a unit while the run goes on.
     */
    SortedMap<String, String> failures(String runId, int offset, int most) {
        SortedMap<String, String> page = new TreeMap<>();
        runs.outputs(checked(runId), JarReport.class)
                .failures()
                .skip(offset)
                .limit(most)
                .forEach(failure -> page.put(failure.getKey(), failure.getValue()));
        return page;
    }

    private @Nullable CensusReport report(JobRun run) {
        if (!run.isThrough()) {
            return null;
        }
        return run.gather() == JobRun.Gather.COMPLETED
                ? runs.await(run.id(), CensusReport.class, Duration.ZERO).orElse(null)
                : CensusReport.of(outputs.stream(run.id(), JarReport.class));
    }

    /** Whether there is such a run. */
    boolean isKnown(String runId) {
        return runs.find(checked(runId)).isPresent();
    }

    /** The outputs that a run has so far, read while the stream is consumed. */
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
