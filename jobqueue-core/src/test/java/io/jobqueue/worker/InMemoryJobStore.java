package io.jobqueue.worker;

import static java.util.concurrent.CompletableFuture.completedFuture;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.JobLogLine;
import io.jobqueue.JobProgress;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.JsonText;
import io.jobqueue.QueueSettings;
import io.jobqueue.RunPart;
import io.jobqueue.WorkOutputs;
import io.jobqueue.worker.Settlement.Answer;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps jobs in memory and moves them as the scripts do in Redis, for tests of the engine. A test can step its clock, and can make
 * each kind of call fail before or after it takes effect, throw, or be answered late.
 *
 * <p>Thread-safe. The caller's thread completes the answers, and the thread that enqueues a job completes the waits for hints.
 */
final class InMemoryJobStore extends FailingCalls implements JobStore, AttemptNotes {

    private static final String UNWANTED = "cancelled: the job was cancelled";

    private final String queue;
    private final QueueSettings settings;
    private final JobCodec codec = JobCodec.standard();
    private final LongSupplier millis;

    // all guarded by this
    private final Map<String, InMemoryJob> jobs = new HashMap<>();
    private final Deque<String> pending = new ArrayDeque<>(); // the first is the next
    private final Deque<String> processing = new ArrayDeque<>(); // the first is the newest
    private final Map<String, Long> missing = new HashMap<>(); // when a sweep first missed the job behind an id
    private final InMemoryHistory completed = new InMemoryHistory(jobs);
    private final InMemoryHistory failed = new InMemoryHistory(jobs);
    private final InMemoryUniqueKeys uniqueKeys = new InMemoryUniqueKeys(jobs);
    private final InMemoryOutputs outputs = new InMemoryOutputs();
    private final InMemoryHints hints = new InMemoryHints();
    private boolean paused;
    private final InMemoryPausedKinds pausedKinds = new InMemoryPausedKinds();
    private int made;
    private long claimNumber;
    private final InMemoryHold hold = new InMemoryHold();

    private final Set<Signals.CancelListener> cancelListeners = ConcurrentHashMap.newKeySet();

    /** A store of another queue, whose time passes by itself. */
    InMemoryJobStore(String queue, QueueSettings settings) {
        this(queue, settings, () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
    }

    /** A store whose time passes by itself. */
    InMemoryJobStore(QueueSettings settings) {
        this(settings, () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
    }

    /** A store whose time is given, in milliseconds from anywhere. */
    InMemoryJobStore(QueueSettings settings, LongSupplier millis) {
        this("jobs", settings, millis);
    }

    private InMemoryJobStore(String queue, QueueSettings settings, LongSupplier millis) {
        this.queue = queue;
        this.settings = settings;
        this.millis = millis;
    }

    @Override
    public String queue() {
        return queue;
    }

    @Override
    public QueueSettings settings() {
        return settings;
    }

    @Override
    public JobCodec codec() {
        return codec;
    }

    // ---- for tests: work and looks

    /**
     * Enqueues a job that a hint announces; returns its id, or that of the job that holds its unique key. A job that exists
     * is left alone, but for a unique key that replaces.
     */
    String enqueue(JobRequest request) {
        String id = add(payload(request), request, true);
        deliverHint();
        return id;
    }

    private String payload(JobRequest request) {
        return codec.payload(
                request.kind(), request.payload(), settings.payload().maxSize());
    }

    /** Enqueues a payload as a guide producer does: nothing but the payload names the kind, and no hint announces it. */
    String enqueueUnannounced(String payload) {
        return add(payload, JobRequest.of("foreign", null), false);
    }

    private synchronized String add(String payload, JobRequest request, boolean announced) {
        long now = millis.getAsLong();
        String id = Objects.requireNonNullElse(request.id(), "job-" + ++made);
        if (jobs.containsKey(id)) {
            return id;
        }
        String holder = uniqueKeys.take(request.unique(), id, now);
        if (holder != null) {
            replace(jobs.get(holder), payload, request, now);
            return holder;
        }
        InMemoryJob job = new InMemoryJob(id, payload, request, codec.envelope(payload), now);
        long delay = request.delay() == null ? 0 : request.delay().toMillis();
        if (delay > 0) {
            schedule(job, now + delay);
        } else {
            pending.addLast(id);
            hints.give(announced);
        }
        jobs.put(id, job);
        return id;
    }

    private void replace(@Nullable InMemoryJob holder, String payload, JobRequest request, long now) {
        if (!request.unique().replaces()
                || holder == null
                || !holder.isWaiting()
                || !request.kind().equals(holder.kind)) {
            return;
        }
        holder.payload = payload;
        if (holder.status == JobStatus.SCHEDULED && request.delay() != null) {
            waitFor(holder, request.delay(), now);
        }
    }

    /** The job completes, so the next one of its chain is enqueued, unless its id or its unique key is taken. */
    private void follow(InMemoryJob job, List<JobEvent> events) {
        if (job.next.isEmpty()) {
            return;
        }
        JobRequest request = job.next.get(0);
        String id = add(payload(request), request, true);
        InMemoryJob next = jobs.get(id);
        if (next != null && next.request == request) {
            next.previous = job.result;
            next.next = job.next.subList(1, job.next.size());
            events.add(new JobEvent.Enqueued(queue(), request.kind(), id));
        }
        job.next = List.of();
    }

    /** Deletes the job behind an id, as an eviction or a foreign hand does. */
    synchronized void lose(String id) {
        jobs.remove(id);
    }

    synchronized Optional<JobSnapshot> find(String id) {
        InMemoryJob job = jobs.get(id);
        return job == null ? Optional.empty() : Optional.of(job.snapshot(queue(), codec));
    }

    synchronized @Nullable String output(String runId, String unitId) {
        return outputs.output(runId + "/" + unitId);
    }

    synchronized @Nullable String failure(String runId, String unitId) {
        return outputs.failure(runId + "/" + unitId);
    }

    /** Takes a job away from its worker, as a sweep does once the lease is over. */
    void takeAway(String id) {
        synchronized (this) {
            InMemoryJob job = Objects.requireNonNull(jobs.get(id));
            processing.remove(id);
            putBack(job);
        }
        deliverHint();
    }

    /** How many jobs are claimed. */
    synchronized int inProcessing() {
        return processing.size();
    }

    int waitersForHints() {
        return hints.waiters();
    }

    // ---- pause

    void pause() {
        synchronized (this) {
            paused = true;
        }
    }

    void resume() {
        synchronized (this) {
            paused = false;
            hints.give(!pending.isEmpty() || !scheduled().isEmpty());
        }
        deliverHint();
    }

    // ---- pause of a kind

    synchronized void pauseKind(String kind) {
        pausedKinds.pause(kind);
    }

    void resumeKind(String kind) {
        synchronized (this) {
            pausedKinds.resume(kind);
            hints.give(!jobs.isEmpty());
        }
        deliverHint();
    }

    /** Takes the next job out of its place, held jobs of a resumed kind first; holds jobs of paused kinds. */
    private @Nullable String take() {
        String id = pausedKinds.next(jobs);
        while (id == null && !pending.isEmpty()) {
            String candidate = pending.removeFirst();
            id = pausedKinds.holds(jobs.get(candidate)) ? null : candidate;
        }
        return id;
    }

    // ---- reschedule

    boolean reschedule(String id, Duration delay) {
        synchronized (this) {
            InMemoryJob job = jobs.get(id);
            if (job == null || job.status == JobStatus.COMPLETED || job.status == JobStatus.FAILED) {
                return false;
            }
            if (job.status == JobStatus.PROCESSING) {
                throw new IllegalStateException("job %s is being processed".formatted(id));
            }
            if (job.status == JobStatus.SCHEDULED || delay.toMillis() > 0) {
                pending.remove(id);
                pausedKinds.remove(id);
                waitFor(job, delay, millis.getAsLong());
            }
        }
        deliverHint();
        return true;
    }

    // ---- cancel

    boolean cancel(String id) {
        synchronized (this) {
            InMemoryJob job = jobs.get(id);
            if (job == null || job.status == JobStatus.COMPLETED) {
                return false;
            }
            if (job.status == JobStatus.FAILED) {
                return job.lastError != null && job.lastError.startsWith("cancelled:");
            }
            if (job.status != JobStatus.PROCESSING) {
                pending.remove(id);
                pausedKinds.remove(id);
                bury(job, unit(job), UNWANTED, millis.getAsLong());
                return true;
            }
            job.cancelled = true;
        }
        cancelListeners.forEach(listener -> listener.cancelled(id));
        return true;
    }

    /** Hears of cancels of running jobs. */
    void hearCancels(Signals.CancelListener listener) {
        cancelListeners.add(listener);
    }

    void ignoreCancels(Signals.CancelListener listener) {
        cancelListeners.remove(listener);
    }

    // ---- claim

    @Override
    public CompletableFuture<Claims> claim(int max) {
        return answer(Call.CLAIM, () -> claimNow(max));
    }

    private Claims claimNow(int max) {
        long now = millis.getAsLong();
        noteClaim(max);
        if (paused) {
            return new Claims(List.of(), false, null, List.of());
        }
        List<String> taken = new ArrayList<>();
        for (String id = taken.size() < max ? take() : null; id != null; id = taken.size() < max ? take() : null) {
            taken.add(id);
        }
        for (InMemoryJob job :
                scheduled().stream().filter(job -> job.dueAt <= now).toList()) {
            job.status = JobStatus.PENDING;
            if (pausedKinds.holds(job)) {
                continue;
            }
            if (taken.size() < max) {
                taken.add(job.id);
            } else {
                pending.addLast(job.id);
            }
        }
        String token = "token-" + (claimNumber + 1) + "-" + System.identityHashCode(taken);
        List<Claim> claims = new ArrayList<>();
        List<String> expired = new ArrayList<>();
        for (String id : taken) {
            InMemoryJob job = jobs.get(id);
            if (job == null) {
                processing.addFirst(id); // the sweep sees to it
            } else if (job.hasExpired(now)) {
                String reason = "expired: no worker started the job within " + job.expiresIn + " ms of its time";
                bury(job, unit(job), reason, now);
                expired.add(id);
            } else if (job.status == JobStatus.PENDING) {
                claims.add(claim(job, token, now));
            }
        }
        hints.keep(!pending.isEmpty());
        Duration nextDue = scheduled().stream()
                .findFirst()
                .map(job -> Duration.ofMillis(Math.max(0, job.dueAt - now)))
                .orElse(null);
        List<JobEvent> events = new ArrayList<>();
        if (!expired.isEmpty()) {
            events.add(new JobEvent.Expired(queue(), expired));
        }
        return new Claims(claims, !pending.isEmpty(), nextDue, events);
    }

    private Claim claim(InMemoryJob job, String token, long now) {
        job.status = JobStatus.PROCESSING;
        job.token = token;
        job.attempts++;
        job.fence = ++claimNumber;
        job.deadline = now + settings.lease().visibilityTimeout().toMillis();
        processing.addFirst(job.id);
        return job.claim(queue(), codec);
    }

    private List<InMemoryJob> scheduled() {
        return jobs.values().stream()
                .filter(job -> job.status == JobStatus.SCHEDULED)
                .sorted(Comparator.comparingLong((InMemoryJob job) -> job.dueAt).thenComparing(job -> job.id))
                .toList();
    }

    private void schedule(InMemoryJob job, long dueAt) {
        List<InMemoryJob> waiting = scheduled();
        hints.give(waiting.isEmpty() || dueAt < waiting.get(0).dueAt);
        job.status = JobStatus.SCHEDULED;
        job.dueAt = dueAt;
    }

    // ---- settle

    @Override
    public CompletableFuture<Settled> settle(List<Settlement> batch) {
        return answer(Call.SETTLE, () -> settleNow(batch));
    }

    private Settled settleNow(List<Settlement> batch) {
        noteBatch(batch.size());
        long[] dropped = new long[1];
        List<InMemoryJob> released = new ArrayList<>();
        List<JobEvent> events = new ArrayList<>();
        List<Answer> answers = batch.stream()
                .map(end -> settleNow(end, released, dropped, events))
                .toList();
        released.sort(Comparator.comparingLong((InMemoryJob job) -> job.fence).reversed());
        released.forEach(job -> pending.addFirst(job.id));
        hints.give(!released.isEmpty());
        events.addAll(dropped(dropped[0]));
        return new Settled(answers, events);
    }

    private Answer settleNow(Settlement end, List<InMemoryJob> released, long[] dropped, List<JobEvent> events) {
        Claim claim = end.claim();
        InMemoryJob job = jobs.get(claim.id());
        if (job == null) {
            return Answer.REFUSED;
        }
        if (!job.isOwnedBy(claim)) {
            if (!job.wasEndedBy(end)) {
                return Answer.REFUSED;
            }
            if (job.cancelled && !(end instanceof Settlement.Complete)) {
                return Answer.CANCELLED;
            }
            boolean mayFail = end instanceof Settlement.Retry || end instanceof Settlement.Unknown;
            return mayFail && job.status == JobStatus.FAILED ? Answer.FAILED : Answer.ALREADY;
        }
        long now = millis.getAsLong();
        processing.remove(job.id);
        if (end instanceof Settlement.Complete done) {
            job.status = JobStatus.COMPLETED;
            job.result = done.result();
            job.endedAt = now;
            outputs.completed(unit(claim), done.output());
            follow(job, events);
            completed.add(job.id, settings.retention().completed());
            return Answer.DONE;
        }
        job.endedToken = job.token;
        job.endedVerb = Verb.of(end);
        job.token = "";
        if (job.cancelled) {
            dropped[0] += bury(job, unit(claim), UNWANTED, now);
            return Answer.CANCELLED;
        }
        if (end instanceof Settlement.Fail fail) {
            job.failed(fail.reason(), fail.cause(), now, settings.errors().kept());
            dropped[0] += bury(job, unit(claim), fail.reason().text(), now);
            return Answer.DONE;
        }
        if (end instanceof Settlement.Unknown unknown) {
            return handBack(job, unknown, now, dropped);
        }
        job.unknownAttempts = InMemoryJob.NEVER;
        if (end instanceof Settlement.Release) {
            job.status = JobStatus.PENDING;
            job.attempts--;
            released.add(job);
            return Answer.DONE;
        }
        if (end instanceof Settlement.Snooze snooze) {
            job.attempts--;
            waitFor(job, snooze.delay(), now);
            return Answer.DONE;
        }
        return retry(job, (Settlement.Retry) end, now, dropped);
    }

    private Answer handBack(InMemoryJob job, Settlement.Unknown end, long now, long[] dropped) {
        long pause = job.unknown(end.unknownFor().toMillis(), now);
        if (pause <= 0) {
            dropped[0] += bury(job, unit(end.claim()), end.reason().text(), now);
            return Answer.FAILED;
        }
        job.lastError = end.reason().text();
        schedule(job, now + pause);
        return Answer.DONE;
    }

    private Answer retry(InMemoryJob job, Settlement.Retry end, long now, long[] dropped) {
        int limit = job.maxAttempts > 0 ? job.maxAttempts : job.retryUntil > 0 ? Integer.MAX_VALUE : end.maxAttempts();
        job.failed(end.reason(), end.cause(), now, settings.errors().kept());
        if (job.attempts >= limit) {
            dropped[0] += bury(job, unit(end.claim()), end.reason().text(), now);
            return Answer.FAILED;
        }
        if (job.retryUntil > 0 && now >= job.retryUntil) {
            dropped[0] += bury(
                    job, unit(end.claim()), "deadline-passed: " + end.reason().text(), now);
            return Answer.FAILED;
        }
        job.lastError = end.reason().text();
        Duration untilDeadline = Duration.ofMillis(job.retryUntil - now);
        waitFor(job, job.retryUntil > 0 && end.delay().compareTo(untilDeadline) > 0 ? untilDeadline : end.delay(), now);
        return Answer.DONE;
    }

    private void waitFor(InMemoryJob job, Duration delay, long now) {
        if (delay.toMillis() > 0) {
            schedule(job, now + delay.toMillis());
        } else {
            job.status = JobStatus.PENDING;
            pending.addLast(job.id);
            hints.give(true);
        }
    }

    private List<JobEvent> dropped(long count) {
        return count == 0 ? List.of() : List.of(new JobEvent.DeadLettersDropped(queue(), count));
    }

    private long bury(InMemoryJob job, String unit, String reason, long now) {
        outputs.failed(unit, reason);
        job.status = JobStatus.FAILED;
        job.token = "";
        job.lastError = reason;
        job.endedAt = now;
        return failed.add(job.id, settings.retention().failed());
    }

    private static String unit(Claim claim) {
        RunPart.Unit unit = claim.unit();
        return unit == null ? "" : unit.runId() + "/" + unit.unitId();
    }

    private static String unit(InMemoryJob job) {
        return job.runId == null ? "" : job.runId + "/" + job.unitId;
    }

    // ---- extend, sweep

    @Override
    public CompletableFuture<List<Renewed>> extend(List<Renewal> renewals) {
        return answer(Call.EXTEND, () -> renewals.stream()
                .map(renewal -> {
                    InMemoryJob job = jobs.get(renewal.claim().id());
                    if (job == null || !job.isOwnedBy(renewal.claim())) {
                        return Renewed.LOST;
                    }
                    job.deadline = Math.max(
                            job.deadline, millis.getAsLong() + renewal.lease().toMillis());
                    return job.cancelled ? Renewed.CANCELLED : Renewed.HELD;
                })
                .toList());
    }

    /** The sweep of this queue. */
    Chore sweep(Duration period) {
        return new InMemorySweep(queue(), () -> answer(Call.SWEEP, () -> new Chore.Round(sweepNow(period), period)));
    }

    private List<JobEvent> sweepNow(Duration period) {
        long now = millis.getAsLong();
        long lease = settings.lease().visibilityTimeout().toMillis();
        List<String> reclaimed = new ArrayList<>();
        List<String> died = new ArrayList<>();
        List<String> lost = new ArrayList<>();
        long dropped = 0;
        if (hold.isOver(now, period.toMillis(), lease)) {
            for (String id : List.copyOf(processing)) {
                InMemoryJob job = jobs.get(id);
                if (job == null) {
                    if (now - missing.computeIfAbsent(id, any -> now) >= lease) {
                        processing.remove(id);
                        missing.remove(id);
                        lost.add(id);
                    }
                } else if (job.deadline < now) {
                    processing.remove(id);
                    job.crashes++;
                    if (job.cancelled) {
                        dropped += bury(job, unit(job), UNWANTED, now);
                        died.add(id);
                    } else if (job.crashes > settings.lease().maxCrashes()
                            || (job.maxAttempts > 0 && job.attempts >= job.maxAttempts)) {
                        dropped += bury(job, unit(job), "worker-died: in attempt " + job.attempts, now);
                        died.add(id);
                    } else if (job.retryUntil > 0 && now >= job.retryUntil) {
                        String reason = "deadline-passed: its worker fell silent in attempt " + job.attempts;
                        dropped += bury(job, unit(job), reason, now);
                        died.add(id);
                    } else {
                        putBack(job);
                        reclaimed.add(id);
                    }
                }
            }
        }
        completed.prune(settings.retention().completed(), now);
        dropped += failed.prune(settings.retention().failed(), now);
        List<JobEvent> events = new ArrayList<>();
        if (!reclaimed.isEmpty()) {
            events.add(new JobEvent.Reclaimed(queue(), reclaimed));
        }
        if (!died.isEmpty()) {
            events.add(new JobEvent.WorkerDied(queue(), died));
        }
        if (!lost.isEmpty()) {
            events.add(new JobEvent.Lost(queue(), lost));
        }
        events.addAll(dropped(dropped));
        return events;
    }

    private void putBack(InMemoryJob job) {
        job.status = JobStatus.PENDING;
        job.token = "";
        pending.addFirst(job.id);
        hints.give(true);
    }

    // ---- notes of running attempts

    @Override
    public synchronized CompletableFuture<Boolean> putOutput(Claim claim, String output) {
        return completedFuture(owned(claim, job -> outputs.put(unit(claim), output)));
    }

    @Override
    public synchronized CompletableFuture<Optional<JsonText>> findStep(Claim claim, String name) {
        Optional<InMemoryJob> job = Optional.ofNullable(jobs.get(claim.id()));
        return completedFuture(job.map(each -> each.steps.get(name)).map(codec::json));
    }

    @Override
    public synchronized CompletableFuture<Optional<String>> findPrevious(Claim claim) {
        return completedFuture(Optional.ofNullable(jobs.get(claim.id())).map(job -> job.previous));
    }

    @Override
    public synchronized CompletableFuture<Boolean> putStep(Claim claim, String name, String value) {
        return completedFuture(owned(claim, job -> job.steps.put(name, value)));
    }

    @Override
    public synchronized CompletableFuture<Boolean> putProgress(Claim claim, long done, long total, String note) {
        JobProgress progress = new JobProgress(done, total, note, Instant.ofEpochMilli(millis.getAsLong()));
        return completedFuture(owned(claim, job -> job.progress = progress));
    }

    @Override
    public synchronized CompletableFuture<Boolean> putLogLine(Claim claim, String line) {
        JobLogLine logged = new JobLogLine(Instant.ofEpochMilli(millis.getAsLong()), claim.attempt(), line);
        return completedFuture(owned(claim, job -> job.log.add(logged)));
    }

    private boolean owned(Claim claim, Consumer<InMemoryJob> write) {
        InMemoryJob job = jobs.get(claim.id());
        if (job == null || !job.isOwnedBy(claim)) {
            return false;
        }
        write.accept(job);
        return true;
    }

    /** There are no gather jobs in memory. */
    @Override
    public WorkOutputs<?> outputs(String runId, Type type) {
        throw new AssertionError("no job gathers run " + runId);
    }

    // ---- hints

    /** Whether jobs wait that no claim has seen yet, as a poll finds. */
    CompletableFuture<Boolean> hasWork() {
        return answer(Call.POLL, () -> !pending.isEmpty());
    }

    /** Waits for a hint. */
    CompletableFuture<Boolean> hint(Duration timeout) {
        CompletableFuture<Boolean> waiter = new CompletableFuture<>();
        CompletableFuture<Boolean> answer = answer(Call.HINT, () -> {
                    hints.add(waiter);
                    return true;
                })
                .thenCompose(waiting -> waiter);
        deliverHint();
        return answer.completeOnTimeout(false, timeout.toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((hint, failure) -> waiter.complete(false));
    }

    void stopHints() {
        hints.stop();
    }

    @Override
    void deliverHint() {
        hints.deliver();
    }

    /** Every id stands in one place only, and its status agrees: to be asked when nothing is under way. */
    synchronized void checkConsistency() {
        InMemoryPlaces.check(jobs, pending, processing, completed.ids(), failed.ids());
    }
}
