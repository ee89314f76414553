package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.rethrown;
import static io.jobqueue.redis.Answers.unwrap;
import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.Claim;
import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRuns;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.Names;
import io.jobqueue.QueueSettings;
import io.jobqueue.QueueStats;
import io.jobqueue.WorkOutputCache;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.JobStore.Answer;
import io.jobqueue.worker.JobStore.Renewal;
import io.jobqueue.worker.JobStore.Renewed;
import io.jobqueue.worker.JobStore.Settlement;
import io.jobqueue.worker.JobStore.Verb;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One queue on Redis, as producers, inspectors and hand-made workers see it. What happens to a claimed job is the
 * {@link RedisJobStore}'s; the verbs here hand it single claims.
 *
 * <p>It is one deep class on purpose, longer than others: all that a caller can ask of a queue is here, in the order of
 * {@link JobQueue}, and each thing is a script or a plain command and the reading of its reply. Nothing is cached, so
 * nothing can be stale; two instances of one queue do not know of each other. Ids are chosen and payloads written before
 * the first byte is sent, so that a failure can name what is in doubt.
 *
 * <p>Methods without {@code Async} are their twins, waited for. The wait needs no time limit of its own: the connection
 * limits every command.
 */
final class RedisJobQueue implements JobQueue {

    private static final Script ENQUEUE = Script.of(ScriptOutputType.VALUE, "road/enqueue");
    private static final Script STATS = Script.of(ScriptOutputType.MULTI, "admin/stats");
    private static final Script PURGE = Script.of(ScriptOutputType.MULTI, "admin/purge");

    /** How often a claim looks for jobs that nobody announced. */
    private static final Duration POLL = Duration.ofMillis(500);

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
        this.store = store;
        this.queues = queues;
        this.routes = routes.orElse(kind -> this);
        this.listener = listener;
    }

    RedisJobStore store() {
        return store;
    }

    @Override
    public String name() {
        return store.queue();
    }

    @Override
    public JobQueue on(String queue) {
        return queues.queue(queue);
    }

    @Override
    public WorkOutputCache outputs() {
        return new RedisWorkOutputCache(store);
    }

    @Override
    public JobRuns runs() {
        return new RedisJobRuns(store, queues::queueOfUnits, listener, JobRuns.MOST_UNITS);
    }

    // ---- enqueue

    @Override
    public JobRef enqueue(JobRequest request) {
        return waitFor(() -> enqueueAsync(request));
    }

    @Override
    public CompletableFuture<JobRef> enqueueAsync(JobRequest request) {
        return send(List.of(request)).thenApply(refs -> refs.get(0));
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
        QueueSettings settings = store.settings();
        String id = idOf(request);
        String payload = store.codec()
                .payload(request.kind(), request.payload(), settings.payload().maxSize());
        String headers = request.headers().isEmpty() ? "" : store.codec().headers(request.headers());
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
        String call = Ids.token();
        return store.command(redis -> ENQUEUE.call(redis, store.keys().withCall(call), args));
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
        return hash(Names.id(id));
    }

    /** A key of another type spoils only its own entry. */
    private CompletableFuture<Optional<JobSnapshot>> hashIfReadable(String id) {
        return hash(id).exceptionallyCompose(failure -> Refusal.OTHER_TYPE.is(unwrap(failure))
                ? CompletableFuture.completedFuture(Optional.empty())
                : CompletableFuture.failedFuture(failure));
    }

    private CompletableFuture<Optional<JobSnapshot>> hash(String id) {
        String key = store.keys().job(id);
        return store.<Map<String, String>>read(key, redis -> redis.hgetall(key))
                .thenApply(fields -> fields.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new JobHash(
                                        name(),
                                        id,
                                        fields,
                                        store.codec(),
                                        store.settings().lease().visibilityTimeout())
                                .snapshot()));
    }

    @Override
    public List<JobSnapshot> list(JobStatus status, int offset, int limit) {
        return waitFor(() -> listAsync(status, offset, limit));
    }

    @Override
    public CompletableFuture<List<JobSnapshot>> listAsync(JobStatus status, int offset, int limit) {
        return ids(status, new Page(offset, limit)).thenCompose(ids -> {
            List<CompletableFuture<Optional<JobSnapshot>>> hashes =
                    ids.stream().map(this::hashIfReadable).toList();
            return CompletableFuture.allOf(hashes.toArray(CompletableFuture[]::new))
                    .thenApply(all -> hashes.stream()
                            .flatMap(hash -> hash.join().stream())
                            .toList());
        });
    }

    private CompletableFuture<List<String>> ids(JobStatus status, Page page) {
        String key = store.keys().of(status);
        return switch (status) {
            case SCHEDULED -> store.read(key, redis -> redis.zrange(key, page.offset(), page.last()));
            case PENDING ->
                store.<List<String>>read(key, redis -> redis.lrange(key, -page.last() - 1, -page.offset() - 1))
                        .thenApply(ids -> {
                            List<String> oldestFirst = new ArrayList<>(ids);
                            Collections.reverse(oldestFirst);
                            return oldestFirst;
                        });
            case PROCESSING, COMPLETED, FAILED ->
                store.read(key, redis -> redis.lrange(key, page.offset(), page.last()));
        };
    }

    @Override
    public QueueStats stats() {
        return waitFor(this::statsAsync);
    }

    @Override
    public CompletableFuture<QueueStats> statsAsync() {
        return store.<List<Object>>call(STATS, List.of()).thenApply(reply -> {
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
                    store.settings().lease().visibilityTimeout());
        });
    }

    // ---- purge

    @Override
    public long purge(JobStatus... statuses) {
        return waitFor(() -> purgeAsync(statuses));
    }

    @Override
    public CompletableFuture<Long> purgeAsync(JobStatus... statuses) {
        List<JobStatus> all = List.of(statuses.length == 0 ? JobStatus.values() : statuses);
        CompletableFuture<Long> removed = CompletableFuture.completedFuture(0L);
        for (JobStatus status : all) {
            removed = removed.thenCompose(before -> purgeRest(status, before));
        }
        return removed;
    }

    private CompletableFuture<Long> purgeRest(JobStatus status, long before) {
        String ttl = Long.toString(store.settings().workOutput().ttl().toMillis());
        return store.<List<Object>>call(PURGE, List.of(status.text(), ttl)).thenCompose(reply -> {
            store.runsEnded(reply.get(1)).forEach(listener::on);
            long page = (Long) reply.get(0);
            return page == 0 ? CompletableFuture.completedFuture(before) : purgeRest(status, before + page);
        });
    }

    // ---- the guide's verbs

    @Override
    public Optional<Claim> claim(Duration timeout) {
        long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
        while (true) {
            JobStore.Claims claims = waitFor(this::claimOnce);
            if (passedOver(claims)) {
                continue;
            }
            Duration left = Duration.ofNanos(deadline - System.nanoTime());
            if (!claims.jobs().isEmpty() || left.isNegative() || left.isZero()) {
                return claims.jobs().stream().findFirst();
            }
            try {
                hintOrPause(pause(left, claims.nextDue())).get();
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
                return Optional.empty();
            } catch (ExecutionException ex) {
                throw rethrown(ex);
            }
        }
    }

    @Override
    public CompletableFuture<Optional<Claim>> claimAsync(Duration timeout) {
        return claimUntil(System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout));
    }

    private CompletableFuture<Optional<Claim>> claimUntil(long deadline) {
        return claimOnce().thenCompose(claims -> {
            if (passedOver(claims)) {
                return claimUntil(deadline);
            }
            Duration left = Duration.ofNanos(deadline - System.nanoTime());
            if (!claims.jobs().isEmpty() || left.isNegative() || left.isZero()) {
                return CompletableFuture.completedFuture(claims.jobs().stream().findFirst());
            }
            return hintOrPause(pause(left, claims.nextDue())).thenCompose(hinted -> claimUntil(deadline));
        });
    }

    /** Without hints a claim goes on by polling; it finds out by itself whether Redis is away. */
    private CompletableFuture<Boolean> hintOrPause(Duration pause) {
        return store.hint(pause).exceptionallyCompose(failure -> new CompletableFuture<Boolean>()
                .completeOnTimeout(false, pause.toMillis(), TimeUnit.MILLISECONDS));
    }

    /** Whether a claim has only taken ids away whose jobs are gone or have ended, and there are more behind them. */
    private static boolean passedOver(JobStore.Claims claims) {
        return claims.jobs().isEmpty() && claims.more();
    }

    private CompletableFuture<JobStore.Claims> claimOnce() {
        return store.claim(1).thenApply(claims -> {
            claims.tell(name(), listener);
            return claims;
        });
    }

    private static Duration pause(Duration left, @Nullable Duration nextDue) {
        Duration pause = left.compareTo(POLL) < 0 ? left : POLL;
        return nextDue == null || nextDue.compareTo(pause) >= 0 ? pause : nextDue;
    }

    @Override
    public boolean complete(Claim claim, @Nullable Object result) {
        return waitFor(() -> completeAsync(claim, result));
    }

    @Override
    public CompletableFuture<Boolean> completeAsync(Claim claim, @Nullable Object result) {
        JobCodec.Result written = store.codec()
                .result(result, Object.class, store.settings().result().maxSize());
        String output = claim.isUnit() || claim.gathers() != null ? written.output() : "";
        return settle(claim, Verb.COMPLETE, written.object(), output, Duration.ZERO);
    }

    @Override
    public boolean fail(Claim claim, String error) {
        return waitFor(() -> failAsync(claim, error));
    }

    @Override
    public CompletableFuture<Boolean> failAsync(Claim claim, String error) {
        Duration delay = store.settings().retry().delayAfter(claim.attempt(), ThreadLocalRandom.current());
        return settle(claim, Verb.RETRY, Settlement.reason(error), "", delay);
    }

    @Override
    public boolean release(Claim claim) {
        return waitFor(() -> releaseAsync(claim));
    }

    @Override
    public CompletableFuture<Boolean> releaseAsync(Claim claim) {
        return settle(claim, Verb.RELEASE, "", "", Duration.ZERO);
    }

    private CompletableFuture<Boolean> settle(Claim claim, Verb verb, String text, String output, Duration delay) {
        int maxAttempts = store.settings().retry().maxAttempts();
        Settlement end = new Settlement(claim, verb, text, output, delay, maxAttempts);
        return store.settle(List.of(end)).thenApply(settled -> {
            Answer answer = settled.answers().get(0);
            listener.on(end.event(answer, Duration.ZERO));
            settled.tell(name(), listener);
            return answer != Answer.REFUSED;
        });
    }

    @Override
    public boolean extend(Claim claim, Duration lease) {
        return waitFor(() -> extendAsync(claim, lease));
    }

    @Override
    public CompletableFuture<Boolean> extendAsync(Claim claim, Duration lease) {
        if (lease.isNegative() || lease.isZero() || lease.compareTo(Duration.ofDays(7)) > 0) {
            throw new IllegalArgumentException("lease must be positive and at most 7 days, was " + lease);
        }
        return store.extend(List.of(new Renewal(claim, lease))).thenApply(answers -> answers.get(0) != Renewed.LOST);
    }

    @Override
    public List<String> reclaimStuck() {
        return waitFor(this::reclaimStuckAsync);
    }

    @Override
    public CompletableFuture<List<String>> reclaimStuckAsync() {
        return reclaimRest(true, new ArrayList<>());
    }

    private CompletableFuture<List<String>> reclaimRest(boolean begin, List<String> reclaimed) {
        return store.sweepAtOnce(begin).thenCompose(sweep -> {
            sweep.tell(name(), listener);
            reclaimed.addAll(sweep.reclaimed());
            return sweep.more()
                    ? reclaimRest(false, reclaimed)
                    : CompletableFuture.completedFuture(List.copyOf(reclaimed));
        });
    }
}
