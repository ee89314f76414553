package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRunOptions.Progress;
import io.jobqueue.JobRuns;
import io.jobqueue.Names;
import io.jobqueue.WorkOutputs;
import io.lettuce.core.KeyValue;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The runs of one queue on Redis. {@link RunOpening} and {@link RunUnits} start runs. The code that ends a run is in
 * {@code words/run-ends.lua}, because every script that ends a unit may end its run.
 */
final class RedisJobRuns implements JobRuns {

    private static final Script SEAL = Script.of(ScriptOutputType.MULTI, "runs/seal");
    private static final Script CANCEL = Script.of(ScriptOutputType.MULTI, "runs/cancel");
    private static final Script FIND = Script.of(ScriptOutputType.MULTI, "runs/find");

    private static final int CLAIMED_A_PAGE = 1000;
    private static final int RUNS_A_CALL = 50;

    private final QueueRedis redis;
    private final Application application;
    private final int mostUnits;

    /**
     * Makes the runs of a queue.
     *
     * @param mostUnits how many units a run may have
     */
    RedisJobRuns(QueueRedis redis, Application application, int mostUnits) {
        this.redis = redis;
        this.application = application;
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
            throw RunUnits.tooMany(runId, mostUnits);
        }
        RunOpening opening = opening(runId, options);
        waitFor(opening::start);
        RunUnits adding = new RunUnits(redis, application, runId, mostUnits, opening);
        add(adding, units, unitId, payload, options.kind(), options.maxAttempts());
        return seal(runId);
    }

    @Override
    public JobRun open(String runId, JobRunOptions options) {
        RunOpening opening = opening(runId, options);
        waitFor(opening::open);
        return known(runId);
    }

    private RunOpening opening(String runId, JobRunOptions options) {
        application.refuseRun(Names.run(runId));
        if (options.kind() != null) {
            refuseOtherQueue("unit", options.kind());
        }
        if (options.gather() != null) {
            refuseOtherQueue("gather", options.gather().kind());
        }
        return new RunOpening(redis, application, runId, options);
    }

    @Override
    public <U> Progress add(
            String runId,
            Iterable<? extends U> units,
            Function<? super U, String> unitId,
            Function<? super U, ?> payload) {
        application.refuseRun(Names.run(runId));
        List<KeyValue<String, String>> fields = waitFor(() -> redis.<List<KeyValue<String, String>>>command(
                commands -> commands.hmget(redis.keys().run(runId), "state", "kind", "unit_max_attempts")));
        if (!fields.get(0).hasValue()) {
            throw RunUnits.notStarted(runId);
        }
        int maxAttempts = Reply.count(fields.get(2).getValueOrElse(""));
        RunUnits adding = new RunUnits(redis, application, runId, mostUnits, null);
        return add(
                adding,
                units,
                unitId,
                payload,
                fields.get(1).getValueOrElse(null),
                maxAttempts == 0 ? null : maxAttempts);
    }

    private <U> Progress add(
            RunUnits adding,
            Iterable<? extends U> units,
            Function<? super U, String> unitId,
            Function<? super U, ?> payload,
            @Nullable String kind,
            @Nullable Integer maxAttempts) {
        for (U unit : units) {
            String name = Names.unit(unitId.apply(unit));
            JobRequest request = request(name, payload.apply(unit), kind, maxAttempts);
            refuseOtherQueue("unit", request.kind());
            adding.add(name, request);
        }
        return adding.finish();
    }

    private static JobRequest request(
            String id, @Nullable Object unit, @Nullable String kind, @Nullable Integer maxAttempts) {
        if (unit == null) {
            throw new IllegalArgumentException("the payload of unit '%s' must not be null".formatted(id));
        }
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
        JobRequest.kindOf(unit.getClass()).filter(own -> !own.equals(kind)).ifPresent(own -> {
            throw new IllegalArgumentException("%s is of kind '%s', but the units of this run are of kind '%s'"
                    .formatted(unit.getClass().getName(), own, kind));
        });
        return unit;
    }

    /** All keys of a run share the slot of its queue, and its units' jobs are among them. */
    private void refuseOtherQueue(String what, String kind) {
        application.route(kind).filter(queue -> !queue.equals(redis.name())).ifPresent(queue -> {
            throw new IllegalArgumentException(
                    "the kind '%s' is routed to queue '%s', so it can be no %s of a run on queue '%s'; start the run on queue '%s'"
                            .formatted(kind, queue, what, redis.name(), queue));
        });
    }

    @Override
    public JobRun seal(String runId) {
        application.refuseRun(Names.run(runId));
        Reply reply = waitFor(() -> redis.ask(SEAL, List.of(runId)));
        reply.skip(); // the state
        tellEnded(reply);
        return known(runId);
    }

    /** Tells listeners of the runs that ended, which are the last value of a reply. */
    private void tellEnded(Reply reply) {
        application.listener().onAll(Events.ofRunsEnded(redis.name(), reply.texts()));
        redis.noteRefusedMessage(reply);
    }

    private JobRun known(String runId) {
        return find(runId).orElseThrow(() -> RunUnits.notStarted(runId));
    }

    // ---- look

    @Override
    public Optional<JobRun> find(String runId) {
        return find(List.of(Names.run(runId))).stream().findFirst();
    }

    /** Reads those of the runs that exist. Their claimed units are counted page by page over the claimed jobs. */
    private List<JobRun> find(List<String> runIds) {
        List<List<Reply>> pages = new ArrayList<>();
        for (boolean more = true; more; ) {
            List<String> args = new ArrayList<>(runIds);
            args.add(0, Integer.toString(pages.size() * CLAIMED_A_PAGE));
            Reply page = waitFor(() -> redis.ask(FIND, args));
            more = page.flag();
            pages.add(runIds.stream().map(run -> page.list()).toList());
        }
        List<JobRun> found = new ArrayList<>();
        for (int i = 0; i < runIds.size(); i++) {
            int at = i;
            Reply run = pages.get(0).get(at);
            if (run.hasNext()) {
                long claimed = pages.stream()
                        .map(page -> page.get(at))
                        .mapToLong(page -> page.hasNext() ? page.number() : 0)
                        .sum();
                found.add(read(runIds.get(at), claimed, run));
            }
        }
        return List.copyOf(found);
    }

    private JobRun read(String runId, long claimed, Reply run) {
        JobRun.State state = JobRun.State.valueOf(run.text().toUpperCase(Locale.ROOT));
        long expected = run.number();
        long done = run.number();
        long failed = run.number();
        long late = run.number();
        return new JobRun(
                redis.name(),
                runId,
                state,
                expected,
                done,
                failed,
                claimed,
                late,
                Objects.requireNonNullElse(run.instantOrNull(), Instant.EPOCH),
                run.instantOrNull(),
                run.instantOrNull(),
                run.instantOrNull(),
                run.instantOrNull(),
                run.textOrNull(),
                gather(run.textOrNull()),
                run.textOrNull());
    }

    private static JobRun.Gather gather(@Nullable String state) {
        return state == null ? JobRun.Gather.NONE : JobRun.Gather.valueOf(state.toUpperCase(Locale.ROOT));
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
        Reply first = waitFor(() -> cancel(runId, ""));
        boolean cancelled = first.flag();
        String round = first.text();
        boolean more = first.flag();
        tellEnded(first);
        while (more) {
            Reply next = waitFor(() -> cancel(runId, round));
            next.skip(); // whether this call cancelled it, and the round
            next.skip();
            more = next.flag();
        }
        return cancelled;
    }

    /** One call of many. Only the first one, without a round, must not act twice. */
    private CompletableFuture<Reply> cancel(String runId, String round) {
        return redis.askOnce(CANCEL, List.of(runId, round, QueueKeys.REPLAY_WINDOW));
    }
}
