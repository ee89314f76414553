package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.unwrap;
import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.DeadLetterFilter;
import io.jobqueue.JobAdmin;
import io.jobqueue.JobEvent;
import io.jobqueue.JobExplanation;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.Names;
import io.jobqueue.RecurringJobs;
import io.lettuce.core.ScriptOutputType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The operations of an operator on one queue. */
final class RedisJobAdmin implements JobAdmin {

    private static final Script PURGE = Script.of(ScriptOutputType.MULTI, "admin/purge");
    private static final Script PAUSE = Script.of(ScriptOutputType.INTEGER, "admin/pause");
    private static final Script PAUSE_KIND = Script.of(ScriptOutputType.INTEGER, "admin/pause-kind");
    private static final int MOST_PER_SECOND = 100_000;

    private final QueueRedis redis;
    private final Application application;
    private final DeadLetters deadLetters;

    RedisJobAdmin(QueueRedis redis, Application application) {
        this.redis = redis;
        this.application = application;
        this.deadLetters = new DeadLetters(redis);
    }

    @Override
    public RecurringJobs recurring() {
        return new RedisRecurringJobs(redis, application);
    }

    // ---- list

    @Override
    public List<JobSnapshot> list(JobStatus status, int offset, int limit) {
        return waitFor(() -> listAsync(status, offset, limit));
    }

    @Override
    public CompletableFuture<List<JobSnapshot>> listAsync(JobStatus status, int offset, int limit) {
        return ids(status, new Page(offset, limit)).thenCompose(this::snapshots);
    }

    @Override
    public List<JobSnapshot> list(DeadLetterFilter filter, int offset, int limit) {
        return waitFor(() -> listAsync(filter, offset, limit));
    }

    @Override
    public CompletableFuture<List<JobSnapshot>> listAsync(DeadLetterFilter filter, int offset, int limit) {
        return deadLetters.find(filter, new Page(offset, limit)).thenCompose(this::snapshots);
    }

    private CompletableFuture<List<JobSnapshot>> snapshots(List<String> ids) {
        List<CompletableFuture<Optional<JobSnapshot>>> jobs =
                ids.stream().map(this::readable).toList();
        return CompletableFuture.allOf(jobs.toArray(CompletableFuture[]::new))
                .thenApply(
                        all -> jobs.stream().flatMap(job -> job.join().stream()).toList());
    }

    /** A job whose key has another type than a hash is left out; the others are listed. */
    private CompletableFuture<Optional<JobSnapshot>> readable(String id) {
        return JobHash.read(redis, id)
                .exceptionallyCompose(failure -> Refusal.OTHER_TYPE.is(unwrap(failure))
                        ? CompletableFuture.completedFuture(Optional.empty())
                        : CompletableFuture.failedFuture(failure));
    }

    private CompletableFuture<List<String>> ids(JobStatus status, Page page) {
        String key = redis.keys().of(status);
        return switch (status) {
            case SCHEDULED -> redis.read(key, commands -> commands.zrange(key, page.offset(), page.last()));
            case PENDING ->
                redis.<List<String>>read(key, commands -> commands.lrange(key, -page.last() - 1, -page.offset() - 1))
                        .thenApply(ids -> {
                            List<String> oldestFirst = new ArrayList<>(ids);
                            Collections.reverse(oldestFirst);
                            return oldestFirst;
                        });
            case PROCESSING, COMPLETED, FAILED ->
                redis.read(key, commands -> commands.lrange(key, page.offset(), page.last()));
        };
    }

    // ---- explain

    @Override
    public Optional<JobExplanation> explain(String id) {
        return waitFor(() -> explainAsync(id));
    }

    @Override
    public CompletableFuture<Optional<JobExplanation>> explainAsync(String id) {
        return Explanation.of(redis, Names.id(id));
    }

    // ---- cancel

    @Override
    public boolean cancel(String id) {
        return waitFor(() -> cancelAsync(id));
    }

    @Override
    public CompletableFuture<Boolean> cancelAsync(String id) {
        return new Cancellation(application.listener())
                .of(redis, Names.id(id))
                .thenApply(cancelled -> cancelled.orElse(false));
    }

    // ---- dead letters

    @Override
    public boolean requeue(String id) {
        return waitFor(() -> requeueAsync(id));
    }

    @Override
    public CompletableFuture<Boolean> requeueAsync(String id) {
        return deadLetters
                .requeue(DeadLetterFilter.all(), List.of(Names.id(id)), 0)
                .thenApply(requeued -> requeued == 1);
    }

    @Override
    public long requeue(DeadLetterFilter filter) {
        return waitFor(() -> requeueAsync(filter));
    }

    @Override
    public CompletableFuture<Long> requeueAsync(DeadLetterFilter filter) {
        return deadLetters.requeue(filter, 0);
    }

    @Override
    public long requeue(DeadLetterFilter filter, int perSecond) {
        return waitFor(() -> requeueAsync(filter, perSecond));
    }

    @Override
    public CompletableFuture<Long> requeueAsync(DeadLetterFilter filter, int perSecond) {
        if (perSecond < 1 || perSecond > MOST_PER_SECOND) {
            throw new IllegalArgumentException(
                    "perSecond must be from 1 to %s, was %s; leave it out to requeue all at once"
                            .formatted(MOST_PER_SECOND, perSecond));
        }
        return deadLetters.requeue(filter, perSecond);
    }

    @Override
    public boolean discard(String id) {
        return waitFor(() -> discardAsync(id));
    }

    @Override
    public CompletableFuture<Boolean> discardAsync(String id) {
        return deadLetters
                .discard(DeadLetterFilter.all(), List.of(Names.id(id)))
                .thenApply(discarded -> discarded == 1);
    }

    @Override
    public long discard(DeadLetterFilter filter) {
        return waitFor(() -> discardAsync(filter));
    }

    @Override
    public CompletableFuture<Long> discardAsync(DeadLetterFilter filter) {
        return deadLetters.discard(filter);
    }

    // ---- pause

    @Override
    public void pause() {
        waitFor(this::pauseAsync);
    }

    @Override
    public CompletableFuture<Void> pauseAsync() {
        return pause("1", new JobEvent.Paused(redis.name()));
    }

    @Override
    public void resume() {
        waitFor(this::resumeAsync);
    }

    @Override
    public CompletableFuture<Void> resumeAsync() {
        return pause("0", new JobEvent.Resumed(redis.name()));
    }

    private CompletableFuture<Void> pause(String paused, JobEvent event) {
        return redis.<Long>call(PAUSE, List.of(paused, QueueRedis.PROCESS))
                .thenAccept(done -> application.listener().on(event));
    }

    @Override
    public void pauseKind(String kind) {
        waitFor(() -> pauseKindAsync(kind));
    }

    @Override
    public CompletableFuture<Void> pauseKindAsync(String kind) {
        return pause("1", kind, new JobEvent.KindPaused(redis.name(), Names.kind(kind)));
    }

    @Override
    public void resumeKind(String kind) {
        waitFor(() -> resumeKindAsync(kind));
    }

    @Override
    public CompletableFuture<Void> resumeKindAsync(String kind) {
        return pause("0", kind, new JobEvent.KindResumed(redis.name(), Names.kind(kind)));
    }

    private CompletableFuture<Void> pause(String paused, String kind, JobEvent event) {
        return redis.<Long>call(PAUSE_KIND, List.of(paused, kind, QueueRedis.PROCESS))
                .thenAccept(done -> {
                    if (done == 0) {
                        throw new IllegalStateException(
                                "kind '%s' cannot be paused, because too many kinds of queue '%s' are; resume one of them, or pause the queue"
                                        .formatted(kind, redis.name()));
                    }
                    application.listener().on(event);
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
        List<String> args = Args.of(status.text(), redis.settings().workOutput().ttl());
        return redis.ask(PURGE, args).thenCompose(reply -> {
            long page = reply.number();
            application.listener().onAll(Events.ofRunsEnded(redis.name(), reply.texts()));
            redis.noteRefusedMessage(reply);
            return page == 0 ? CompletableFuture.completedFuture(before) : purgeRest(status, before + page);
        });
    }
}
