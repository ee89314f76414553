package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.unwrap;

import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.Enqueuer.Outgoing;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** Opens one run with its options, for the first time or again. */
final class RunOpening {

    private static final Script OPEN = Script.of(ScriptOutputType.VALUE, "runs/open");

    private final QueueRedis redis;
    private final Application application;
    private final String runId;
    private final JobRunOptions options;

    RunOpening(QueueRedis redis, Application application, String runId, JobRunOptions options) {
        this.redis = redis;
        this.application = application;
        this.runId = runId;
        this.options = options;
    }

    JobRunOptions options() {
        return options;
    }

    /** Opens a new run. A live or completed one goes on as it is, unless its gather job failed. */
    CompletableFuture<?> start() {
        return send("start");
    }

    /** Opens a run for units that come over time, also one that is sealed or has ended. */
    CompletableFuture<?> open() {
        return send("open");
    }

    /** Opens a completed run again, because units of it need another try. */
    CompletableFuture<?> again() {
        return send("again");
    }

    private CompletableFuture<?> send(String mode) {
        JobRequest gather = options.gather();
        if (gather == null) {
            return send(mode, null);
        }
        WrittenJob job = WrittenJob.of(redis, gather.id(Ids.ofGather(redis.name(), runId)));
        return application
                .decorated(jobs -> send(mode, (WrittenJob) jobs.get(0)).thenApply(opened -> refs(jobs)))
                .enqueue(List.of(job));
    }

    /** Redis enqueues the gather job when the run completes. */
    private static List<JobRef> refs(List<Outgoing> jobs) {
        return jobs.stream()
                .map(job -> new JobRef(job.queue(), job.id(), JobRef.State.DEFERRED))
                .toList();
    }

    private CompletableFuture<Void> send(String mode, @Nullable WrittenJob gather) {
        if (gather != null) {
            gather.checkForRun();
        }
        return refusable(redis.<String>call(OPEN, args(mode, gather)), redis.name(), List.of(runId))
                .thenAccept(state -> {
                    if (state.equals("unstarted")) {
                        throw new IllegalStateException(
                                "run '%s' was never started, but has outputs or an expected number of units; evict it, or choose another id"
                                        .formatted(runId));
                    }
                });
    }

    private List<String> args(String mode, @Nullable WrittenJob gather) {
        Duration after = options.policy().after();
        Double share = options.policy().share();
        Duration deadline = options.deadline() == null ? redis.settings().runs().deadline() : options.deadline();
        Duration retention =
                options.retention() == null ? redis.settings().workOutput().ttl() : options.retention();
        List<String> args = new ArrayList<>(List.of(runId, mode, gather == null ? "" : gather.id()));
        field(args, "kind", options.kind());
        field(args, "unit_max_attempts", options.maxAttempts());
        field(args, "share", share == null ? null : Math.round(share * 10_000));
        field(args, "gather_after_ms", after == null ? null : after.toMillis());
        field(args, "deadline_ms", deadline.toMillis());
        field(args, "retention_ms", retention.toMillis());
        if (gather == null) {
            field(args, "gather_kind", null);
        } else {
            field(args, "gather_kind", gather.request().kind());
            field(args, "gather_payload", gather.payload());
            field(args, "gather_max_attempts", gather.maxAttempts());
            field(args, "gather_headers", gather.headers());
        }
        return args;
    }

    private static void field(List<String> args, String name, @Nullable Object value) {
        args.add(name);
        args.add(value == null ? "" : value.toString());
    }

    /** Names the jobs that were not created when a full Redis refuses a call. */
    static <T> CompletableFuture<T> refusable(CompletableFuture<T> call, String queue, List<String> ids) {
        return call.exceptionally(failure -> {
            Throwable cause = unwrap(failure);
            throw Refusal.FULL.is(cause)
                    ? new EnqueueRefusedException(queue, ids, cause)
                    : new CompletionException(cause);
        });
    }
}
