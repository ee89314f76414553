package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.FailureReason;
import io.jobqueue.JobCodec;
import io.jobqueue.JobError;
import io.jobqueue.JobLogLine;
import io.jobqueue.JobProgress;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.RunPart;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A job in the {@link InMemoryJobStore}. Guarded by the store. */
final class InMemoryJob {

    static final int NEVER = -1;

    private static final long FIRST_PAUSE = 1000;
    private static final long LONGEST_PAUSE = 60_000;

    final String id;
    final JobRequest request;
    String payload; // a unique key may replace it
    final @Nullable String kind;
    final int maxAttempts;
    final long retryUntil; // ms of the epoch, 0 when the attempts are counted
    final long expiresIn; // ms, 0 when it does not expire
    final Map<String, String> headers;
    final @Nullable String runId;
    final @Nullable String unitId;
    final long enqueuedAt;
    final Map<String, String> steps = new HashMap<>();
    final List<JobLogLine> log = new ArrayList<>();
    final List<JobError> errors = new ArrayList<>();

    /** The jobs that follow. */
    List<JobRequest> next;

    /** The result of the job before in the chain. */
    @Nullable
    String previous;

    @Nullable
    JobProgress progress;

    JobStatus status = JobStatus.PENDING;
    int attempts;
    boolean cancelled; // while it is processed
    int crashes;
    long fence;
    String token = "";
    String endedToken = "";

    @Nullable
    Verb endedVerb;

    /** When the job was handed back first by a worker that did not know it, with {@link #unknownAttempts}. */
    long unknownSince;

    /** The attempts that the job had then. With other attempts, somebody has worked on the job meanwhile. */
    int unknownAttempts = NEVER;

    long dueAt;
    long deadline;
    long endedAt;

    @Nullable
    String result;

    @Nullable
    String lastError;

    InMemoryJob(String id, String payload, JobRequest request, JobCodec.Envelope envelope, long now) {
        this.id = id;
        this.request = request;
        this.payload = payload;
        this.next = request.next();
        this.kind = envelope.kind();
        this.maxAttempts = Objects.requireNonNullElse(request.maxAttempts(), 0);
        this.expiresIn = request.expiresIn() == null ? 0 : request.expiresIn().toMillis();
        this.retryUntil = retryUntil(request, now);
        this.headers = request.headers();
        this.runId = request.runId() == null ? envelope.runId() : request.runId();
        this.unitId = request.unitId() == null ? envelope.unitId() : request.unitId();
        this.enqueuedAt = now;
    }

    private static long retryUntil(JobRequest request, long now) {
        if (request.deadlineAt() != null) {
            return Math.max(1, request.deadlineAt().toEpochMilli());
        }
        if (request.deadlineIn() == null) {
            return 0;
        }
        long due = request.at() == null ? now : Math.max(now, request.at().toEpochMilli());
        long delay = request.delay() == null ? 0 : request.delay().toMillis();
        return due + delay + request.deadlineIn().toMillis();
    }

    @Nullable
    Instant deadline() {
        return retryUntil == 0 ? null : Instant.ofEpochMilli(retryUntil);
    }

    /** Whether no worker has started the job in time. */
    boolean hasExpired(long now) {
        return expiresIn > 0 && fence == 0 && now > Math.max(dueAt, enqueuedAt) + expiresIn;
    }

    /** Keeps why the attempt failed. */
    void failed(FailureReason reason, Settlement.@Nullable Cause cause, long now, int kept) {
        JsonNode details = cause == null
                ? JsonMapper.shared().createObjectNode().put("message", reason.text())
                : JsonMapper.shared().readTree(cause.details());
        errors.add(new JobError(
                Instant.ofEpochMilli(now),
                attempts,
                details.path("type").stringValue(null),
                details.path("message").stringValue(null),
                details.path("trace").stringValue(null)));
        if (errors.size() > kept) {
            errors.remove(0);
        }
    }

    /**
     * A worker that does not know the job hands it back, which costs no attempt.
     *
     * @param unknownFor how long the job may be unknown
     * @return how long it waits now; not positive when it has been unknown for too long
     */
    long unknown(long unknownFor, long now) {
        attempts--;
        if (unknownAttempts != attempts) {
            unknownSince = now;
            unknownAttempts = attempts;
        }
        long elapsed = now - unknownSince;
        return Math.min(unknownFor - elapsed, Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, elapsed / 4)));
    }

    boolean isWaiting() {
        return status == JobStatus.PENDING || status == JobStatus.SCHEDULED;
    }

    boolean isOwnedBy(Claim claim) {
        return !claim.token().isEmpty() && status == JobStatus.PROCESSING && token.equals(claim.token());
    }

    boolean wasEndedBy(Settlement end) {
        return !end.claim().token().isEmpty()
                && (end instanceof Settlement.Complete
                        ? status == JobStatus.COMPLETED
                                && token.equals(end.claim().token())
                        : endedVerb == Verb.of(end)
                                && endedToken.equals(end.claim().token()));
    }

    /** The claim of the last attempt. */
    Claim claim(String queue, JobCodec codec) {
        return new Claim(
                queue,
                id,
                kind,
                token,
                attempts,
                maxAttempts,
                deadline(),
                fence,
                codec.json(payload),
                headers,
                Instant.ofEpochMilli(enqueuedAt),
                RunPart.of(runId, unitId, null),
                request.unique() != null || !next.isEmpty());
    }

    JobSnapshot snapshot(String queue, JobCodec codec) {
        return new JobSnapshot(
                queue,
                id,
                kind,
                status,
                attempts,
                maxAttempts,
                deadline(),
                fence,
                crashes,
                codec.json(payload),
                result == null ? null : codec.json(result),
                lastError,
                Instant.ofEpochMilli(enqueuedAt),
                dueAt == 0 ? null : Instant.ofEpochMilli(dueAt),
                null,
                null,
                null,
                null,
                headers,
                runId,
                unitId,
                progress,
                log,
                errors);
    }
}
