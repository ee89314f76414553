package io.jobqueue.redis;

import io.jobqueue.Enqueuer;
import io.jobqueue.JobRequest;
import io.jobqueue.Unique;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** A request that is ready to be sent: it has an id, and its payload and headers are JSON. */
final class WrittenJob implements Enqueuer.Outgoing {

    private final QueueRedis redis;
    private final String id;
    private final JobRequest request;
    private final String payload;
    private final String headers;
    private final List<WrittenJob> next;
    private final boolean awaited;

    private WrittenJob(
            QueueRedis redis, String id, JobRequest request, String payload, List<WrittenJob> next, boolean awaited) {
        this.redis = redis;
        this.id = id;
        this.request = request;
        this.payload = payload;
        this.headers = request.headers().isEmpty() ? "" : redis.codec().headers(request.headers());
        this.next = next;
        this.awaited = awaited;
    }

    /**
     * Writes a request.
     *
     * @throws IllegalArgumentException when a payload cannot be written or is too large
     */
    static WrittenJob of(QueueRedis redis, JobRequest request) {
        return new WrittenJob(
                redis, idOf(redis, request), request, payloadOf(redis, request), nextOf(redis, request), false);
    }

    private static List<WrittenJob> nextOf(QueueRedis redis, JobRequest request) {
        return request.next().isEmpty() // as usual, and then a stream would cost more than the rest of the job
                ? List.of()
                : request.next().stream().map(each -> of(redis, each)).toList();
    }

    private static String idOf(QueueRedis redis, JobRequest request) {
        if (request.id() != null) {
            return request.id();
        }
        return request.runId() != null && request.unitId() != null
                ? Ids.ofUnit(redis.name(), request.runId(), request.unitId())
                : Ids.ordered();
    }

    private static String payloadOf(QueueRedis redis, JobRequest request) {
        return redis.codec()
                .payload(
                        request.kind(),
                        request.payload(),
                        redis.settings().payload().maxSize());
    }

    @Override
    public WrittenJob with(JobRequest changed) {
        JobRequest now = request.runId() != null && request.unitId() != null
                ? changed.unit(request.runId(), request.unitId())
                : changed;
        boolean samePayload = now.payload() == request.payload() && now.kind().equals(request.kind());
        return new WrittenJob(
                redis,
                id,
                now,
                samePayload ? payload : payloadOf(redis, now),
                now.next().equals(request.next()) ? next : nextOf(redis, now),
                awaited);
    }

    /** The same job of a caller who blocks its thread until the job has ended. */
    WrittenJob awaited() {
        return new WrittenJob(redis, id, request, payload, next, true);
    }

    @Override
    public boolean isAwaited() {
        return awaited;
    }

    @Override
    public String queue() {
        return redis.name();
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public JobRequest request() {
        return request;
    }

    QueueRedis redis() {
        return redis;
    }

    /** The payload as JSON. */
    String payload() {
        return payload;
    }

    /** The headers as JSON, or an empty text when there are none. */
    String headers() {
        return headers;
    }

    /** The limit of attempts, or an empty text when the request sets none. */
    String maxAttempts() {
        return text(request.maxAttempts());
    }

    /** About how many bytes a call grows by this job. */
    int bytes() {
        int bytes = payload.length() + headers.length();
        for (WrittenJob each : next) {
            bytes += each.bytes();
        }
        return bytes;
    }

    /** Whether the job is to wait before it becomes pending. */
    boolean isDelayed() {
        return request.at() != null || request.delay() != null;
    }

    /** Whether the job needs a key that another job may hold. */
    boolean isUnique() {
        return request.unique() != null;
    }

    private String unique() {
        Unique unique = request.unique();
        return unique == null
                ? ""
                : "%s:%s:%s:%s"
                        .formatted(
                                unique.replaces() ? "1" : "0",
                                unique.period() == null ? 0 : unique.period().toMillis(),
                                unique.hold().word(),
                                unique.key());
    }

    /** Refuses what a job that belongs to a run cannot have; a decorator may have set it. */
    void checkForRun() {
        if (!next.isEmpty()) {
            throw new IllegalArgumentException(
                    "the job %s of kind '%s' belongs to a run, so no job can follow it; a run has a gather job"
                            .formatted(id, request.kind()));
        }
        if (isDelayed()) {
            throw new IllegalArgumentException(
                    "the job %s of kind '%s' belongs to a run, so it cannot be delayed".formatted(id, request.kind()));
        }
        if (request.expiresIn() != null) {
            throw new IllegalArgumentException(
                    "the job %s of kind '%s' belongs to a run, so it cannot expire; leave out expiresIn(%s)"
                            .formatted(id, request.kind(), request.expiresIn()));
        }
        if (!deadline().isEmpty()) {
            throw new IllegalArgumentException(
                    "the job %s of kind '%s' belongs to a run, so it cannot have a deadline; use maxAttempts and backoff"
                            .formatted(id, request.kind()));
        }
    }

    /** What the enqueue script wants to know of the job. */
    List<String> args() {
        return args(id, request.kind(), payload, further());
    }

    /**
     * What the enqueue script wants to know of a job.
     *
     * @param further as from {@link #further}
     */
    static List<String> args(String id, String kind, String payload, List<String> further) {
        List<String> args =
                new ArrayList<>(List.of(id, kind, payload, further.isEmpty() ? "" : Integer.toString(further.size())));
        args.addAll(further);
        return args;
    }

    /** When the job is due, then names and values of further fields; nothing for a plain job. */
    List<String> further() {
        List<String> further = new ArrayList<>();
        further.add(due());
        add(further, "unique", unique());
        add(further, "expires_in_ms", expiresIn());
        add(further, "deadline", deadline());
        add(further, "max_attempts", maxAttempts());
        add(further, "headers", headers);
        add(further, "run_id", text(request.runId()));
        add(further, "unit_id", text(request.unitId()));
        if (!next.isEmpty()) {
            add(further, "next", chain());
            add(further, "next_id", next.get(0).id);
        }
        boolean plain = further.size() == 1 && !isDelayed();
        return plain ? List.of() : further;
    }

    /** The jobs that follow, as the settle script reads them. */
    private String chain() {
        return JsonMapper.shared()
                .writeValueAsString(next.stream().map(WrittenJob::link).toList());
    }

    private List<Object> link() {
        List<String> further = further();
        return List.of(
                id, request.kind(), payload, due(), further.isEmpty() ? further : further.subList(1, further.size()));
    }

    private String expiresIn() {
        return request.expiresIn() == null
                ? ""
                : Long.toString(request.expiresIn().toMillis());
    }

    private String deadline() {
        if (request.deadlineAt() != null) {
            return Long.toString(Math.max(1, request.deadlineAt().toEpochMilli())); // 0 reads as absent
        }
        return request.deadlineIn() == null ? "" : "+" + request.deadlineIn().toMillis();
    }

    private String due() {
        if (request.at() != null) {
            return Long.toString(request.at().toEpochMilli());
        }
        return request.delay() == null ? "" : "+" + request.delay().toMillis();
    }

    private static void add(List<String> fields, String name, String value) {
        if (!value.isEmpty()) {
            fields.add(name);
            fields.add(value);
        }
    }

    private static String text(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }
}
