package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;
import static io.jobqueue.redis.RunOpening.refusable;

import io.jobqueue.Enqueuer;
import io.jobqueue.Enqueuer.Outgoing;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions.Progress;
import io.lettuce.core.ScriptOutputType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Adds the units of one {@code start} or {@code add} to a run. It collects them into batches. Each batch passes the
 * decorators of the application and becomes one call of the script, or several calls when the script accepts only a
 * part of it.
 *
 * <p>Used by one thread at a time.
 */
final class RunUnits {

    private static final Script ADD = Script.of(ScriptOutputType.VALUE, "runs/add");

    private final QueueRedis redis;
    private final Application application;
    private final String runId;
    private final int mostUnits;
    private final @Nullable RunOpening opening;
    private final Enqueuer enqueuer;
    private final UnitNames names = new UnitNames();

    private Batch<Outgoing> batch = Batch.ofJobs();

    // written on the threads that read replies, but only while the caller waits for them
    private Progress progress = Progress.NONE;
    private final List<Progress> ofRoundTrips = new ArrayList<>();

    /**
     * Makes a line without units.
     *
     * @param mostUnits how many units a run may have
     * @param opening how the run was started, or {@code null} when the run must be open
     */
    RunUnits(QueueRedis redis, Application application, String runId, int mostUnits, @Nullable RunOpening opening) {
        this.redis = redis;
        this.application = application;
        this.runId = runId;
        this.mostUnits = mostUnits;
        this.opening = opening;
        this.enqueuer = application.decorated(jobs -> send(jobs, new ArrayList<>()));
    }

    /**
     * Adds a unit. May send those that were added before.
     *
     * @throws IllegalArgumentException when the unit cannot be written, or when this call has a unit of the same name
     *     with another payload
     */
    void add(String unitId, JobRequest request) {
        WrittenJob job = WrittenJob.of(redis, request.unit(runId, unitId));
        names.add(runId, unitId, job);
        if (!batch.add(job, 1, job.bytes())) {
            flush();
            batch.add(job, 1, job.bytes());
        }
        if (batch.isFull()) {
            flush();
        }
    }

    /** Sends what is left. */
    Progress finish() {
        if (!batch.isEmpty()) {
            flush();
        }
        return progress;
    }

    private void flush() {
        List<Outgoing> jobs = batch.items();
        batch = Batch.ofJobs();
        waitFor(() -> enqueuer.enqueue(jobs));
        if (opening != null) {
            ofRoundTrips.forEach(opening.options().onProgress());
        }
        ofRoundTrips.clear();
    }

    /** Sends jobs until the script has taken all of them. */
    private CompletableFuture<List<JobRef>> send(List<Outgoing> jobs, List<JobRef> answered) {
        if (jobs.isEmpty()) {
            return CompletableFuture.completedFuture(List.copyOf(answered));
        }
        return refusable(redis.<String>callOnce(ADD, args(jobs)), redis.name(), ids(jobs))
                .thenCompose(answer -> {
                    int colon = answer.indexOf(':');
                    if (colon > 0) {
                        return goOnAfter(answer.substring(0, colon)).thenCompose(done -> send(jobs, answered));
                    }
                    String letters = answer.substring(colon + 1);
                    for (int i = 0; i < letters.length(); i++) {
                        answered.add(answer(jobs.get(i), letters.charAt(i)));
                    }
                    ofRoundTrips.add(progress);
                    return send(jobs.subList(letters.length(), jobs.size()), answered);
                });
    }

    private List<String> args(List<Outgoing> jobs) {
        List<String> args = Args.of(
                QueueKeys.REPLAY_WINDOW,
                runId,
                opening == null ? "add" : "start",
                mostUnits,
                redis.settings().result().maxSize());
        for (Outgoing each : jobs) {
            WrittenJob job = (WrittenJob) each;
            job.checkForRun();
            args.addAll(List.of(
                    String.valueOf(job.request().unitId()),
                    job.id(),
                    job.request().kind(),
                    job.payload(),
                    job.maxAttempts(),
                    job.headers()));
        }
        return args;
    }

    private static List<String> ids(List<Outgoing> jobs) {
        return jobs.stream().map(Outgoing::id).toList();
    }

    /** Reads the letter of one unit; the script says what the letters mean. */
    private JobRef answer(Outgoing job, char letter) {
        boolean created = letter == 'C' || letter == 'R';
        progress = new Progress(
                progress.units() + 1,
                progress.created() + (letter == 'C' ? 1 : 0),
                progress.retried() + (letter == 'R' ? 1 : 0),
                progress.skipped() + (letter == 'S' ? 1 : 0),
                progress.alive() + (letter == 'A' ? 1 : 0));
        if (created) {
            application
                    .listener()
                    .on(new JobEvent.Enqueued(redis.name(), job.request().kind(), job.id()));
        }
        return new JobRef(redis.name(), job.id(), created ? JobRef.State.CREATED : JobRef.State.EXISTING);
    }

    /** Opens the run again where that helps; otherwise says why it takes no units. */
    private CompletableFuture<?> goOnAfter(String refusal) {
        if (refusal.equals("completed") && opening != null) {
            return opening.again();
        }
        throw switch (refusal) {
            case "unstarted" -> notStarted(runId);
            case "full" -> tooMany(runId, mostUnits);
            default -> new IllegalStateException("run '%s' is %s and accepts no units".formatted(runId, refusal));
        };
    }

    static IllegalArgumentException tooMany(String runId, int mostUnits) {
        return new IllegalArgumentException(String.format(
                Locale.ROOT, "run '%s' would have more than %,d units, which is the limit of a run", runId, mostUnits));
    }

    static IllegalStateException notStarted(String runId) {
        return new IllegalStateException("run '%s' was not started, or has been evicted".formatted(runId));
    }
}
