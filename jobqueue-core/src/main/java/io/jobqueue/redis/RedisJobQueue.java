package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.unwrap;
import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.JobAdmin;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRuns;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobWorker;
import io.jobqueue.Names;
import io.jobqueue.QueueSettings;
import io.jobqueue.QueueStats;
import io.jobqueue.WorkOutputCache;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One queue on Redis, as producers see it.
 *
 * <p>An enqueue chooses ids and writes payloads before it sends the first byte, so that a failure can name the jobs that
 * are in doubt. Nothing is cached, so nothing can be stale; two instances of one queue do not know of each other.
 */
final class RedisJobQueue implements JobQueue {

    private static final Script ENQUEUE = Script.of(ScriptOutputType.VALUE, "road/enqueue");
    private static final Script STATS = Script.of(ScriptOutputType.MULTI, "admin/stats");

    private final QueueRedis redis;
    private final RedisJobStore store;
    private final RedisQueues queues;
    private final Function<String, RedisJobQueue> routes;
    private final JobListener listener;
    private final SharedCalls calls = new SharedCalls(this::sendOnce);

    /**
     * Makes a queue.
     *
     * @param routes the queue of a kind; empty when all jobs stay here
     */
    RedisJobQueue(
            RedisJobStore store,
            RedisQueues queues,
            Optional<Function<String, RedisJobQueue>> routes,
            JobListener listener) {
        this.redis = store.redis();
        this.store = store;
        this.queues = queues;
        this.routes = routes.orElse(kind -> this);
        this.listener = listener;
    }

    RedisJobStore store() {
        return store;
    }

    // ---- doors

    @Override
    public String name() {
        return redis.name();
    }

    @Override
    public JobQueue on(String queue) {
        return queues.queue(queue);
    }

    @Override
    public JobRuns runs() {
        return new RedisJobRuns(redis, queues::queueOfUnits, listener, JobRuns.MOST_UNITS);
    }

    @Override
    public WorkOutputCache outputs() {
        return new RedisWorkOutputCache(redis);
    }

    @Override
    public JobAdmin admin() {
        return new RedisJobAdmin(redis, listener);
    }

    @Override
    public JobWorker worker() {
        return new RedisJobWorker(store, listener);
    }

    // ---- enqueue

    @Override
    public JobRef enqueue(Object job) {
        return waitFor(() -> enqueueAsync(job));
    }

    @Override
    public CompletableFuture<JobRef> enqueueAsync(Object job) {
        return send(List.of(JobRequest.of(job))).thenApply(refs -> refs.get(0));
    }

    @Override
    public List<JobRef> enqueueAll(Collection<?> jobs) {
        return waitFor(() -> enqueueAllAsync(jobs));
    }

    @Override
    public CompletableFuture<List<JobRef>> enqueueAllAsync(Collection<?> jobs) {
        return send(jobs.stream().map(JobRequest::of).toList());
    }

    /** Sends jobs to their queues, one call after the other, so that each queue keeps their order. */
    private CompletableFuture<List<JobRef>> send(List<JobRequest> requests) {
        Map<RedisJobQueue, List<Outgoing>> byQueue = new LinkedHashMap<>();
        for (int place = 0; place < requests.size(); place++) {
            RedisJobQueue target = routes.apply(requests.get(place).kind());
            byQueue.computeIfAbsent(target, queue -> new ArrayList<>()).add(target.write(requests.get(place), place));
        }
        List<Call> calls = new ArrayList<>();
        byQueue.forEach((queue, jobs) -> queue.split(jobs, calls));
        JobRef[] answers = new JobRef[requests.size()];
        CompletableFuture<?> sent = CompletableFuture.completedFuture(null);
        for (int i = 0; i < calls.size(); i++) {
            int at = i;
            sent = sent.thenCompose(before -> calls.get(at).send(answers).handle((done, failure) -> {
                if (failure != null) {
                    throw explained(failure, calls, at);
                }
                return done;
            }));
        }
        return sent.thenApply(all -> List.of(answers));
    }

    /** What goes to one queue in one round trip. */
    private record Call(RedisJobQueue queue, List<Outgoing> jobs) {

        CompletableFuture<Void> send(JobRef[] answers) {
            return queue.calls.send(jobs).thenAccept(letters -> {
                for (int i = 0; i < jobs.size(); i++) {
                    answers[jobs.get(i).place()] = queue.answered(jobs.get(i), letters.charAt(i) == 'C');
                }
            });
        }
    }

    /** A request with its id chosen and its payload written: nothing about it can change any more. */
    record Outgoing(int place, String id, String kind, boolean delayed, List<String> args, int bytes) {}

    private Outgoing write(JobRequest request, int place) {
        QueueSettings settings = redis.settings();
        String id = idOf(request);
        String payload = redis.codec()
                .payload(request.kind(), request.payload(), settings.payload().maxSize());
        String headers = request.headers().isEmpty() ? "" : redis.codec().headers(request.headers());
        List<String> further = new ArrayList<>();
        String when = when(request);
        further.add(when);
        add(further, "max_attempts", orEmpty(request.maxAttempts()));
        add(further, "headers", headers);
        add(further, "run_id", orEmpty(request.runId()));
        add(further, "unit_id", orEmpty(request.unitId()));
        boolean plain = further.size() == 1 && when.isEmpty();
        List<String> args =
                new ArrayList<>(List.of(id, request.kind(), payload, plain ? "" : Integer.toString(further.size())));
        if (!plain) {
            args.addAll(further);
        }
        return new Outgoing(place, id, request.kind(), !when.isEmpty(), args, payload.length() + headers.length());
    }

    private static void add(List<String> fields, String name, String value) {
        if (!value.isEmpty()) {
            fields.add(name);
            fields.add(value);
        }
    }

    private String idOf(JobRequest request) {
        if (request.id() != null) {
            return request.id();
        }
        return request.runId() != null && request.unitId() != null
                ? Ids.ofUnit(name(), request.runId(), request.unitId())
                : Ids.ordered();
    }

    private static String when(JobRequest request) {
        if (request.at() != null) {
            return Long.toString(request.at().toEpochMilli());
        }
        return request.delay() == null ? "" : "+" + request.delay().toMillis();
    }

    private static String orEmpty(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }

    private void split(List<Outgoing> jobs, List<Call> calls) {
        int from = 0;
        while (from < jobs.size()) {
            int end = endOfCall(jobs, from);
            calls.add(new Call(this, jobs.subList(from, end)));
            from = end;
        }
    }

    private static int endOfCall(List<Outgoing> jobs, int from) {
        int end = from;
        int bytes = 0;
        while (end < jobs.size() && end - from < SharedCalls.JOBS_A_CALL) {
            bytes += jobs.get(end).bytes();
            if (bytes > SharedCalls.BYTES_A_CALL && end > from) {
                break;
            }
            end++;
        }
        return end;
    }

    private CompletableFuture<String> sendOnce(List<Outgoing> jobs) {
        List<String> args = new ArrayList<>(2 + jobs.size() * 4);
        args.add(QueueKeys.REPLAY_WINDOW);
        args.add(jobs.stream().anyMatch(Outgoing::delayed) ? "1" : "0");
        jobs.forEach(job -> args.addAll(job.args()));
        return redis.callOnce(ENQUEUE, Ids.token(), args);
    }

    private JobRef answered(Outgoing job, boolean created) {
        if (created) {
            listener.on(new JobEvent.Enqueued(name(), job.kind(), job.id()));
        }
        return new JobRef(name(), job.id(), created ? JobRef.State.CREATED : JobRef.State.EXISTING);
    }

    /** What a producer must know of a failure: whether the jobs may exist all the same, and under which ids. */
    private static RuntimeException explained(Throwable failure, List<Call> calls, int failed) {
        Throwable cause = unwrap(failure);
        String queue = calls.get(failed).queue().name();
        List<String> open = calls.subList(failed, calls.size()).stream()
                .flatMap(call -> call.jobs().stream().map(Outgoing::id))
                .toList();
        if (failed == 0 && cause instanceof IllegalStateException stopped) {
            return stopped;
        }
        boolean refused = cause instanceof RedisCommandExecutionException && !Refusal.isStartingOrDemoted(cause);
        return refused || Refusal.isBeforeSending(cause) || cause instanceof IllegalStateException
                ? new EnqueueRefusedException(queue, open, cause)
                : new EnqueueUncertainException(queue, open, cause);
    }

    // ---- look

    @Override
    public Optional<JobSnapshot> find(String id) {
        return waitFor(() -> findAsync(id));
    }

    @Override
    public CompletableFuture<Optional<JobSnapshot>> findAsync(String id) {
        return JobHash.read(redis, Names.id(id));
    }

    @Override
    public QueueStats stats() {
        return waitFor(this::statsAsync);
    }

    @Override
    public CompletableFuture<QueueStats> statsAsync() {
        return redis.<List<Object>>call(STATS, List.of()).thenApply(reply -> {
            long[] n = reply.stream().mapToLong(number -> (Long) number).toArray();
            Duration oldest = n[5] < 0 ? null : Duration.ofMillis(n[5]);
            return new QueueStats(
                    n[0],
                    n[1],
                    n[2],
                    n[3],
                    n[4],
                    n[6],
                    n[7],
                    n[8],
                    n[9],
                    n[10],
                    n[11],
                    n[12],
                    n[13],
                    n[14],
                    n[15],
                    oldest,
                    redis.settings().lease().visibilityTimeout());
        });
    }
}
