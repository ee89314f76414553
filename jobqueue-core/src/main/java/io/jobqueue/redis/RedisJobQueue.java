package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.Enqueuer.Outgoing;
import io.jobqueue.JobAdmin;
import io.jobqueue.JobExplanation;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRuns;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobWorker;
import io.jobqueue.Names;
import io.jobqueue.QueueStats;
import io.jobqueue.WorkOutputCache;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One queue on Redis, as producers see it. The default queue of an application routes each job by its kind and finds
 * jobs on all queues; every other queue uses only its own keys.
 *
 * <p>It caches nothing, so every answer is current.
 */
final class RedisJobQueue implements JobQueue {

    private static final Script STATS = Script.of(ScriptOutputType.MULTI, "admin/stats");

    /** How many totals the statistics have. */
    private static final int TOTALS = 11;

    private final QueueRedis redis;
    private final RedisJobStore store;
    private final Application application;
    private final boolean isDefault;

    RedisJobQueue(RedisJobStore store, Application application, boolean isDefault) {
        this.redis = store.redis();
        this.store = store;
        this.application = application;
        this.isDefault = isDefault;
    }

    // ---- doors

    @Override
    public String name() {
        return redis.name();
    }

    @Override
    public JobQueue on(String queue) {
        return application.queue(queue);
    }

    @Override
    public JobRuns runs() {
        return new RedisJobRuns(redis, application, JobRuns.MOST_UNITS);
    }

    @Override
    public WorkOutputCache outputs() {
        return new RedisWorkOutputCache(redis);
    }

    @Override
    public JobAdmin admin() {
        return new RedisJobAdmin(redis, application);
    }

    @Override
    public JobWorker worker() {
        return new RedisJobWorker(store, application.listener());
    }

    // ---- enqueue

    @Override
    public JobRef enqueue(Object job) {
        return waitFor(() -> enqueueAsync(job));
    }

    @Override
    public CompletableFuture<JobRef> enqueueAsync(Object job) {
        return application.enqueuer().enqueue(List.of(written(job))).thenApply(refs -> refs.get(0));
    }

    @Override
    public List<JobRef> enqueueAll(Collection<?> jobs) {
        return waitFor(() -> enqueueAllAsync(jobs));
    }

    @Override
    public CompletableFuture<List<JobRef>> enqueueAllAsync(Collection<?> jobs) {
        return application
                .enqueuer()
                .enqueue(jobs.stream().<Outgoing>map(this::written).toList());
    }

    private WrittenJob written(Object job) {
        JobRequest request = JobRequest.of(job);
        QueueRedis target = routed(request);
        for (JobRequest next : request.next()) {
            QueueRedis other = routed(next);
            if (other != target) {
                throw new IllegalArgumentException(
                        "the kinds '%s' and '%s' are routed to the queues '%s' and '%s', but a chain stays on one queue; enqueue it with on(\"%s\")"
                                .formatted(request.kind(), next.kind(), target.name(), other.name(), target.name()));
            }
        }
        return WrittenJob.of(target, request);
    }

    private QueueRedis routed(JobRequest request) {
        Optional<String> route = isDefault ? application.route(request.kind()) : Optional.empty();
        return route.map(application::redis).orElse(redis);
    }

    // ---- look

    @Override
    public Optional<JobSnapshot> find(String id) {
        return waitFor(() -> findAsync(id));
    }

    @Override
    public CompletableFuture<Optional<JobSnapshot>> findAsync(String id) {
        return look(id, JobHash::read);
    }

    /** Looks for a job here, and then, for the default queue, on all other queues. */
    private <T> CompletableFuture<Optional<T>> look(
            String id, BiFunction<QueueRedis, String, CompletableFuture<Optional<T>>> reader) {
        return reader.apply(redis, Names.id(id))
                .thenCompose(found -> found.isPresent() || !isDefault
                        ? CompletableFuture.completedFuture(found)
                        : lookOnOtherQueues(id, reader));
    }

    private <T> CompletableFuture<Optional<T>> lookOnOtherQueues(
            String id, BiFunction<QueueRedis, String, CompletableFuture<Optional<T>>> reader) {
        List<CompletableFuture<Optional<T>>> looks = application.names().stream()
                .filter(queue -> !queue.equals(name()))
                .map(queue -> reader.apply(application.redis(queue), id))
                .toList();
        return CompletableFuture.allOf(looks.toArray(CompletableFuture[]::new))
                .thenApply(all ->
                        looks.stream().flatMap(look -> look.join().stream()).findFirst());
    }

    @Override
    public Optional<JobSnapshot> find(JobRef ref) {
        return waitFor(() -> findAsync(ref));
    }

    @Override
    public CompletableFuture<Optional<JobSnapshot>> findAsync(JobRef ref) {
        return JobHash.read(application.redis(ref.queue()), Names.id(ref.id()));
    }

    @Override
    public Optional<JobExplanation> explain(String id) {
        return waitFor(() -> explainAsync(id));
    }

    @Override
    public CompletableFuture<Optional<JobExplanation>> explainAsync(String id) {
        return look(id, Explanation::of);
    }

    // ---- reschedule

    @Override
    public boolean reschedule(String id, Instant at) {
        return waitFor(() -> rescheduleAsync(id, at));
    }

    @Override
    public CompletableFuture<Boolean> rescheduleAsync(String id, Instant at) {
        return look(id, Rescheduling.to(at)::of).thenApply(done -> done.orElse(false));
    }

    @Override
    public boolean reschedule(String id, Duration delay) {
        return waitFor(() -> rescheduleAsync(id, delay));
    }

    @Override
    public CompletableFuture<Boolean> rescheduleAsync(String id, Duration delay) {
        return look(id, Rescheduling.in(delay)::of).thenApply(done -> done.orElse(false));
    }

    // ---- cancel

    @Override
    public boolean cancel(String id) {
        return waitFor(() -> cancelAsync(id));
    }

    @Override
    public CompletableFuture<Boolean> cancelAsync(String id) {
        return look(id, new Cancellation(application.listener())::of).thenApply(cancelled -> cancelled.orElse(false));
    }

    // ---- await

    @Override
    public <T> @Nullable T await(String id, Class<T> type, Duration timeout) {
        List<String> queues = queuesOf(id);
        queues.forEach(queue -> application.refuseToAwait(queue, id));
        ResultWait<T> wait = new ResultWait<>(redis.codec(), type, timeout);
        return waitFor(() -> wait.started().on(ends(queues), id, false), wait::interrupted);
    }

    @Override
    public <T> CompletableFuture<@Nullable T> awaitAsync(String id, Class<T> type, Duration timeout) {
        return new ResultWait<>(redis.codec(), type, timeout).started().on(ends(queuesOf(id)), id, false);
    }

    /** Where to look for a job, in this order. */
    private List<String> queuesOf(String id) {
        Names.id(id);
        return Stream.concat(Stream.of(name()), isDefault ? application.names().stream() : Stream.empty())
                .distinct()
                .toList();
    }

    private List<JobEnds> ends(List<String> queues) {
        return queues.stream().map(application::ends).toList();
    }

    @Override
    public <T> @Nullable T await(JobRef ref, Class<T> type, Duration timeout) {
        application.refuseToAwait(ref.queue(), ref.id());
        ResultWait<T> wait = new ResultWait<>(redis.codec(), type, timeout);
        return waitFor(() -> awaiting(wait.started(), ref), wait::interrupted);
    }

    @Override
    public <T> CompletableFuture<@Nullable T> awaitAsync(JobRef ref, Class<T> type, Duration timeout) {
        return awaiting(new ResultWait<>(redis.codec(), type, timeout).started(), ref);
    }

    private <T> CompletableFuture<@Nullable T> awaiting(ResultWait<T> wait, JobRef ref) {
        return wait.on(ends(List.of(ref.queue())), Names.id(ref.id()), ref.state() == JobRef.State.DEFERRED);
    }

    @Override
    public <T> @Nullable T enqueueAndAwait(Object job, Class<T> type, Duration timeout) {
        Outgoing written = written(job).awaited();
        ResultWait<T> wait = new ResultWait<>(redis.codec(), type, timeout);
        return waitFor(() -> enqueueAndAwait(written, wait.started()), wait::interrupted);
    }

    @Override
    public <T> CompletableFuture<@Nullable T> enqueueAndAwaitAsync(Object job, Class<T> type, Duration timeout) {
        Outgoing written = written(job);
        return enqueueAndAwait(written, new ResultWait<>(redis.codec(), type, timeout).started());
    }

    private <T> CompletableFuture<@Nullable T> enqueueAndAwait(Outgoing job, ResultWait<T> wait) {
        CompletableFuture<@Nullable T> result = wait.result();
        var unused = application.enqueuer().enqueue(List.of(job)).whenComplete((refs, failure) -> {
            if (failure != null) {
                result.completeExceptionally(Answers.unwrap(failure));
            } else {
                awaiting(wait, refs.get(0));
            }
        });
        return result;
    }

    // ---- figures

    @Override
    public QueueStats stats() {
        return waitFor(this::statsAsync);
    }

    @Override
    public CompletableFuture<QueueStats> statsAsync() {
        return redis.ask(STATS, List.of()).thenApply(this::stats);
    }

    private QueueStats stats(Reply reply) {
        long pending = reply.number();
        long processing = reply.number();
        long delayed = reply.number();
        long completed = reply.number();
        long failed = reply.number();
        long oldest = reply.number();
        long[] totals = LongStream.generate(reply::number).limit(TOTALS).toArray();
        Instant pausedSince = reply.instantOrNull();
        String pausedBy = reply.textOrNull();
        List<KindOnHold> kinds = KindOnHold.all(reply.list());
        long held = kinds.stream().mapToLong(KindOnHold::held).sum();
        return new QueueStats(
                pending,
                processing,
                delayed - held,
                held,
                completed,
                failed,
                totals[0],
                totals[1],
                totals[2],
                totals[3],
                totals[4],
                totals[5],
                totals[6],
                totals[7],
                totals[8],
                totals[9],
                totals[10],
                oldest < 0 ? null : Duration.ofMillis(oldest),
                pausedSince,
                pausedBy,
                kinds.stream().flatMap(kind -> kind.pause().stream()).toList(),
                redis.settings().lease().visibilityTimeout());
    }
}
