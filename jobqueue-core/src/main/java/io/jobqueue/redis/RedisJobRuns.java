package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.unwrap;
import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.JobKind;
import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRunOptions.Progress;
import io.jobqueue.JobRuns;
import io.jobqueue.Names;
import io.jobqueue.WorkOutputs;
import io.lettuce.core.KeyValue;
import io.lettuce.core.ScriptOutputType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The runs of one queue on Redis: what goes into the scripts, and what their replies mean. What ends a run is in
 * {@code words/runs.lua}, so that whoever ends a unit ends the run.
 */
final class RedisJobRuns implements JobRuns {

    private static final Script OPEN = Script.of(ScriptOutputType.VALUE, "runs/open");
    private static final Script ADD = Script.of(ScriptOutputType.VALUE, "runs/add");
    private static final Script SEAL = Script.of(ScriptOutputType.MULTI, "runs/seal");
    private static final Script CANCEL = Script.of(ScriptOutputType.MULTI, "runs/cancel");
    private static final Script FIND = Script.of(ScriptOutputType.MULTI, "runs/find");

    private static final int CLAIMED_A_PAGE = 1000;
    private static final int RUNS_A_CALL = 50;

    private final QueueRedis redis;
    private final Function<String, Optional<String>> routes;
    private final JobListener listener;
    private final int mostUnits;

    /**
     * Makes the runs of a queue.
     *
     * @param routes the queue that a kind is routed to, if it is routed
     * @param mostUnits how many units a run may have
     */
    RedisJobRuns(QueueRedis redis, Function<String, Optional<String>> routes, JobListener listener, int mostUnits) {
        this.redis = redis;
        this.routes = routes;
        this.listener = listener;
        this.mostUnits = mostUnits;
    }

    // ---- start

    @Override
    public <U> JobRun start(
            String runId,
            Iterable<? extends U> units,
            Function<? super U, String> unitId,
            Function<? super U, ?> payload,
            JobRunOptions options) {
        if (units instanceof Collection<?> known && known.size() > mostUnits) {
            throw tooMany(runId);
        }
        open(runId, "start", options);
        Adding adding = new Adding(runId, options);
        add(adding, units, unitId, payload, options.kind(), options.maxAttempts());
        return seal(runId);
    }

    @Override
    public JobRun open(String runId, JobRunOptions options) {
        open(runId, "open", options);
        return known(runId);
    }

    @Override
    public <U> Progress add(
            String runId,
            Iterable<? extends U> units,
            Function<? super U, String> unitId,
            Function<? super U, ?> payload) {
        Names.run(runId);
        List<KeyValue<String, String>> fields = waitFor(() -> redis.<List<KeyValue<String, String>>>command(
                commands -> commands.hmget(redis.keys().run(runId), "state", "kind", "unit_max_attempts")));
        if (!fields.get(0).hasValue()) {
            throw notStarted(runId);
        }
        int maxAttempts = (int) JobHash.number(fields.get(2).getValueOrElse(""));
        Adding adding = new Adding(runId, null);
        add(adding, units, unitId, payload, fields.get(1).getValueOrElse(null), maxAttempts == 0 ? null : maxAttempts);
        return adding.progress;
    }

    private <U> void add(
            Adding adding,
            Iterable<? extends U> units,
            Function<? super U, String> unitId,
            Function<? super U, ?> payload,
            @Nullable String kind,
            @Nullable Integer maxAttempts) {
        for (U unit : units) {
            adding.add(unitId.apply(unit), request(payload.apply(unit), kind, maxAttempts));
        }
        adding.flush();
    }

    private static JobRequest request(Object unit, @Nullable String kind, @Nullable Integer maxAttempts) {
        JobRequest request = unit instanceof JobRequest made
                ? made
                : kind == null ? JobRequest.of(unit) : JobRequest.of(kind, checkedKind(unit, kind));
        if (request.id() != null || request.delay() != null || request.at() != null || request.runId() != null) {
            throw new IllegalArgumentException(
                    "a unit of kind '%s' can have no id, delay or unit of its own".formatted(request.kind()));
        }
        return maxAttempts == null || request.maxAttempts() != null ? request : request.maxAttempts(maxAttempts);
    }

    private static Object checkedKind(Object unit, String kind) {
        JobKind own = unit.getClass().getAnnotation(JobKind.class);
        if (own != null && !own.value().equals(kind)) {
            throw new IllegalArgumentException("%s is of kind '%s', but the units of this run are of kind '%s'"
                    .formatted(unit.getClass().getName(), own.value(), kind));
        }
        return unit;
    }

    /** All keys of a run share the slot of its queue, and its units' jobs are among them. */
    private void refuseOtherQueue(String what, String kind) {
        routes.apply(kind).filter(queue -> !queue.equals(redis.name())).ifPresent(queue -> {
            throw new IllegalArgumentException(
                    "the kind '%s' is routed to queue '%s', so it can be no %s of a run on queue '%s'; start the run on queue '%s'"
                            .formatted(kind, queue, what, redis.name(), queue));
        });
    }

    private void open(String runId, String mode, JobRunOptions options) {
        Names.run(runId);
        if (options.kind() != null) {
            refuseOtherQueue("unit", options.kind());
        }
        List<String> args = new ArrayList<>();
        args.add(runId);
        args.add(mode);
        JobRequest gather = options.gather();
        args.add(gather == null ? "" : Ids.ofGather(redis.name(), runId));
        Duration after = options.policy().after();
        Double share = options.policy().share();
        Duration deadline = options.deadline() == null ? redis.settings().runs().deadline() : options.deadline();
        Duration retention =
                options.retention() == null ? redis.settings().workOutput().ttl() : options.retention();
        field(args, "kind", options.kind());
        field(args, "unit_max_attempts", options.maxAttempts());
        field(args, "share", share == null ? null : Math.round(share * 10_000));
        field(args, "gather_after_ms", after == null ? null : after.toMillis());
        field(args, "deadline_ms", deadline.toMillis());
        field(args, "retention_ms", retention.toMillis());
        if (gather == null) {
            field(args, "gather_kind", null);
        } else {
            refuseOtherQueue("gather", gather.kind());
            field(args, "gather_kind", gather.kind());
            field(
                    args,
                    "gather_payload",
                    redis.codec()
                            .payload(
                                    gather.kind(),
                                    gather.payload(),
                                    redis.settings().payload().maxSize()));
            field(args, "gather_max_attempts", gather.maxAttempts());
            field(
                    args,
                    "gather_headers",
                    gather.headers().isEmpty() ? null : redis.codec().headers(gather.headers()));
        }
        String state = waitFor(() -> refusable(redis.call(OPEN, args), List.of(runId)));
        if (state.equals("unstarted")) {
            throw new IllegalStateException(
                    "run '%s' has outputs or an expectation that were put there without a start; evict it, or choose another id"
                            .formatted(runId));
        }
    }

    private static void field(List<String> args, String name, @Nullable Object value) {
        args.add(name);
        args.add(value == null ? "" : value.toString());
    }

    /** Units on their way into one run, a chunk at a time. */
    private final class Adding {

        private final String runId;
        private final @Nullable JobRunOptions start; // null when the run must be open
        private final List<String> args = new ArrayList<>();
        private final List<String> ids = new ArrayList<>();
        private int bytes;
        private Progress progress = Progress.NONE;

        Adding(String runId, @Nullable JobRunOptions start) {
            this.runId = runId;
            this.start = start;
        }

        void add(String unitId, JobRequest request) {
            refuseOtherQueue("unit", request.kind());
            String jobId = Ids.ofUnit(redis.name(), runId, Names.unit(unitId));
            String payload = redis.codec()
                    .payload(
                            request.kind(),
                            request.payload(),
                            redis.settings().payload().maxSize());
            String headers = request.headers().isEmpty() ? "" : redis.codec().headers(request.headers());
            int size = payload.getBytes(StandardCharsets.UTF_8).length + headers.length();
            if (bytes + size > SharedCalls.BYTES_A_CALL) {
                flush();
            }
            args.addAll(List.of(
                    unitId,
                    jobId,
                    request.kind(),
                    payload,
                    request.maxAttempts() == null ? "" : request.maxAttempts().toString(),
                    headers));
            ids.add(jobId);
            bytes += size;
            if (ids.size() == SharedCalls.JOBS_A_CALL) {
                flush();
            }
        }

        void flush() {
            while (!ids.isEmpty()) {
                send();
            }
            bytes = 0;
        }

        private void send() {
            List<String> sent = new ArrayList<>(List.of(
                    QueueKeys.REPLAY_WINDOW,
                    runId,
                    start == null ? "add" : "start",
                    Integer.toString(mostUnits),
                    Integer.toString(redis.settings().result().maxSize())));
            sent.addAll(args);
            String[] keys = redis.keys().withCall(Ids.token());
            String answer = waitFor(() -> refusable(redis.command(commands -> ADD.call(commands, keys, sent)), ids));
            int colon = answer.indexOf(':');
            String letters = answer.substring(colon + 1);
            if (colon > 0) {
                stopped(answer.substring(0, colon));
                return;
            }
            args.subList(0, letters.length() * 6).clear();
            ids.subList(0, letters.length()).clear();
            progress = new Progress(
                    progress.units() + letters.length(),
                    progress.created() + count(letters, 'C'),
                    progress.retried() + count(letters, 'R'),
                    progress.skipped() + count(letters, 'S'),
                    progress.alive() + count(letters, 'A'));
            if (start != null) {
                start.onProgress().accept(progress);
            }
        }

        private void stopped(String why) {
            if (why.equals("completed") && start != null) {
                open(runId, "again", start); // there is something to be done again
                return;
            }
            throw switch (why) {
                case "unstarted" -> notStarted(runId);
                case "full" -> tooMany(runId);
                default -> new IllegalStateException("run '%s' is %s and takes no units".formatted(runId, why));
            };
        }
    }

    private static long count(String letters, char letter) {
        return letters.chars().filter(each -> each == letter).count();
    }

    private IllegalArgumentException tooMany(String runId) {
        return new IllegalArgumentException(String.format(
                Locale.ROOT, "run '%s' would have more than %,d units, which is the limit of a run", runId, mostUnits));
    }

    private <T> CompletableFuture<T> refusable(CompletableFuture<T> call, List<String> ids) {
        return call.exceptionally(failure -> {
            Throwable cause = unwrap(failure);
            throw Refusal.FULL.is(cause)
                    ? new EnqueueRefusedException(redis.name(), ids, cause)
                    : new CompletionException(cause);
        });
    }

    @Override
    public JobRun seal(String runId) {
        List<Object> reply = waitFor(() -> redis.<List<Object>>call(SEAL, List.of(Names.run(runId))));
        listener.onAll(Events.ofRunsEnded(redis.name(), RedisJobStore.ids(reply.get(1))));
        return known(runId);
    }

    private JobRun known(String runId) {
        return find(runId).orElseThrow(() -> notStarted(runId));
    }

    private static IllegalStateException notStarted(String runId) {
        return new IllegalStateException("run '%s' was not started, or has been evicted".formatted(runId));
    }

    // ---- look

    @Override
    public Optional<JobRun> find(String runId) {
        return find(List.of(Names.run(runId))).stream().findFirst();
    }

    /** Those of the runs that there are. Their running units are counted in one pass over the claimed jobs. */
    private List<JobRun> find(List<String> runIds) {
        Map<String, JobRun> found = new LinkedHashMap<>();
        boolean more = true;
        for (int from = 0; more; from += CLAIMED_A_PAGE) {
            List<String> args = new ArrayList<>(runIds);
            args.add(0, Integer.toString(from));
            List<Object> reply = waitFor(() -> redis.<List<Object>>call(FIND, args));
            for (int i = 0; i < runIds.size(); i++) {
                JobRun run = read(runIds.get(i), (List<?>) reply.get(i + 1));
                if (run != null && from == 0) {
                    found.put(run.id(), run);
                } else if (run != null) {
                    found.computeIfPresent(run.id(), (id, first) -> plusRunning(first, run.running()));
                }
            }
            more = (Long) reply.get(0) == 1;
        }
        return List.copyOf(found.values());
    }

    private static JobRun plusRunning(JobRun run, long more) {
        return new JobRun(
                run.queue(),
                run.id(),
                run.state(),
                run.expected(),
                run.done(),
                run.failed(),
                run.running() + more,
                run.late(),
                run.started(),
                run.sealed(),
                run.ended(),
                run.expires(),
                run.overdue(),
                run.gatherJob(),
                run.gather(),
                run.gatherError());
    }

    private @Nullable JobRun read(String runId, List<?> fields) {
        if (fields.isEmpty()) {
            return null;
        }
        Instant started = instant(fields.get(6));
        String gather = (String) fields.get(12);
        return new JobRun(
                redis.name(),
                runId,
                JobRun.State.valueOf(((String) fields.get(0)).toUpperCase(Locale.ROOT)),
                (Long) fields.get(1),
                (Long) fields.get(2),
                (Long) fields.get(3),
                (Long) fields.get(5),
                (Long) fields.get(4),
                started == null ? Instant.EPOCH : started,
                instant(fields.get(7)),
                instant(fields.get(8)),
                instant(fields.get(9)),
                instant(fields.get(10)),
                (String) fields.get(11),
                gather == null ? JobRun.Gather.NONE : JobRun.Gather.valueOf(gather.toUpperCase(Locale.ROOT)),
                (String) fields.get(13));
    }

    private static @Nullable Instant instant(@Nullable Object millis) {
        long number = JobHash.number((String) millis);
        return number == 0 ? null : Instant.ofEpochMilli(number);
    }

    @Override
    public List<JobRun> list(int offset, int limit) {
        Page page = new Page(offset, limit);
        List<String> ids = waitFor(() -> redis.<List<String>>command(
                commands -> commands.zrevrange(redis.keys().runs(), page.offset(), page.last())));
        List<JobRun> found = new ArrayList<>();
        for (int from = 0; from < ids.size(); from += RUNS_A_CALL) {
            found.addAll(find(ids.subList(from, Math.min(from + RUNS_A_CALL, ids.size()))));
        }
        return List.copyOf(found);
    }

    @Override
    public <T> WorkOutputs<T> outputs(String runId, Class<T> type) {
        return new RedisWorkOutputs<>(redis, Names.run(runId), type);
    }

    @Override
    public <T> Optional<T> await(String runId, Class<T> type, Duration timeout) {
        return new GatherWaiter(redis, Names.run(runId)).await(type, timeout);
    }

    // ---- cancel

    @Override
    public boolean cancel(String runId) {
        Names.run(runId);
        String[] keys = redis.keys().withCall(Ids.token());
        List<Object> first = waitFor(() -> cancel(keys, runId, ""));
        listener.onAll(Events.ofRunsEnded(redis.name(), RedisJobStore.ids(first.get(3))));
        String round = (String) first.get(1);
        boolean more = (Long) first.get(2) == 1;
        while (more) {
            more = (Long) waitFor(() -> cancel(keys, runId, round)).get(2) == 1;
        }
        return (Long) first.get(0) == 1;
    }

    private CompletableFuture<List<Object>> cancel(String[] keys, String runId, String round) {
        return redis.command(commands -> CANCEL.call(commands, keys, runId, round, QueueKeys.REPLAY_WINDOW));
    }
}
