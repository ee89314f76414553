package io.jobqueue.redis;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.QueueSettings;
import io.jobqueue.RunPart;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.Settlement;
import io.jobqueue.worker.Settlement.Answer;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The transitions of claimed jobs on Redis. Each transition is one Lua file; this class writes its arguments and reads its
 * reply.
 */
final class RedisJobStore implements JobStore {

    private static final Script CLAIM = Script.of(ScriptOutputType.MULTI, "road/claim");
    private static final Script SETTLE = Script.of(ScriptOutputType.MULTI, "road/complete");
    private static final Script EXTEND = Script.of(ScriptOutputType.VALUE, "road/extend");

    /** The answers by their digit in the reply of the settle script. */
    private static final List<Answer> ANSWERS =
            List.of(Answer.REFUSED, Answer.DONE, Answer.ALREADY, Answer.FAILED, Answer.CANCELLED);

    /** The answers by their digit in the reply of the extend script. */
    private static final List<Renewed> RENEWALS = List.of(Renewed.LOST, Renewed.HELD, Renewed.CANCELLED);

    /** What the claim script leaves out for a job in its first attempt that has nothing but a payload. */
    private static final List<@Nullable Object> PLAIN =
            Arrays.asList(1L, null, null, null, null, null, null, null, null);

    private final QueueRedis redis;
    private final HintWaiter hints;

    RedisJobStore(QueueRedis redis) {
        this.redis = redis;
        this.hints = new HintWaiter(redis.connector());
    }

    QueueRedis redis() {
        return redis;
    }

    @Override
    public String queue() {
        return redis.name();
    }

    @Override
    public QueueSettings settings() {
        return redis.settings();
    }

    @Override
    public JobCodec codec() {
        return redis.codec();
    }

    // ---- claim

    @Override
    public CompletableFuture<Claims> claim(int max) {
        String token = Ids.token();
        QueueSettings settings = redis.settings();
        List<String> args = Args.of(
                max,
                token,
                settings.lease().visibilityTimeout(),
                settings.workOutput().ttl());
        return redis.ask(CLAIM, args).thenApply(reply -> claims(reply, token));
    }

    private Claims claims(Reply reply, String token) {
        long nextDue = reply.number();
        boolean more = reply.number() > 0;
        Events events = new Events(redis.name());
        events.runsEnded(reply.texts());
        events.expired(reply.texts());
        events.cancelled(reply.texts());
        long fence = reply.number();
        List<Claim> jobs = new ArrayList<>();
        while (reply.hasNext()) {
            jobs.add(claim(reply, token, fence++));
        }
        return new Claims(jobs, more, nextDue < 0 ? null : Duration.ofMillis(nextDue), events.all());
    }

    private Claim claim(Reply reply, String token, long fence) {
        String id = reply.text();
        String payload = reply.text();
        String kind = reply.textOrNull();
        Instant enqueuedAt = reply.instantOrNull();
        Reply further = Objects.requireNonNullElseGet(reply.listOrNull(), () -> new Reply(PLAIN));
        int attempt = (int) Math.min(further.number(), Integer.MAX_VALUE);
        int maxAttempts = Reply.count(further.textOrNull());
        String runId = further.textOrNull();
        String unitId = further.textOrNull();
        String headers = further.textOrNull();
        String gathers = further.textOrNull();
        boolean unique = further.textOrNull() != null;
        Instant deadline = Reply.deadline(further.textOrNull());
        boolean followed = further.textOrNull() != null;
        if (kind == null) {
            // a job of a guide client, which has none of our fields: its payload says everything
            JobCodec.Envelope envelope = redis.codec().envelope(payload);
            kind = envelope.kind();
            runId = envelope.runId();
            unitId = envelope.unitId();
        }
        return new Claim(
                redis.name(),
                id,
                kind,
                token,
                attempt,
                maxAttempts,
                deadline,
                fence,
                redis.codec().json(payload),
                redis.codec().headers(headers),
                enqueuedAt,
                RunPart.of(runId, unitId, gathers),
                unique || followed);
    }

    // ---- settle

    @Override
    public CompletableFuture<Settled> settle(List<Settlement> batch) {
        QueueSettings settings = redis.settings();
        int plain = (int) batch.stream().filter(RedisJobStore::isPlain).count();
        List<String> args = Args.of(
                settings.retention().completed().kept(),
                settings.retention().failed().kept(),
                settings.workOutput().ttl(),
                settings.errors().kept(),
                plain);
        for (Settlement settlement : batch) {
            if (isPlain(settlement)) {
                args.add(settlement.claim().id());
                args.add(settlement.claim().token());
                args.add(((Settlement.Complete) settlement).result());
            }
        }
        for (Settlement settlement : batch) {
            if (!isPlain(settlement)) {
                addOther(settlement, args);
            }
        }
        return redis.ask(SETTLE, args).thenApply(reply -> {
            List<Answer> answers = answers(batch, plain, reply.text());
            Events events = new Events(redis.name());
            events.deadLettersDropped(reply.number());
            events.runsEnded(reply.texts());
            events.followed(reply.texts());
            redis.noteRefusedMessage(reply);
            return new Settled(answers, events.all());
        });
    }

    /**
     * Whether a job completed that belongs to no run, has no unique key, and is followed by no job. Most settlements are of
     * this sort, and cost least.
     */
    private static boolean isPlain(Settlement settlement) {
        return settlement instanceof Settlement.Complete
                && !settlement.claim().hasOutput()
                && !settlement.claim().linked();
    }

    private static void addOther(Settlement settlement, List<String> args) {
        addEnd(settlement, args);
        args.add(details(settlement));
    }

    private static String details(Settlement settlement) {
        Settlement.Cause cause = null;
        if (settlement instanceof Settlement.Retry end) {
            cause = end.cause();
        } else if (settlement instanceof Settlement.Fail end) {
            cause = end.cause();
        }
        return cause == null ? "" : cause.details();
    }

    private static void addEnd(Settlement settlement, List<String> args) {
        if (settlement instanceof Settlement.Complete end) {
            addEnd(args, end.claim(), "DELIVER", end.result(), end.output().equals(end.result()) ? "" : end.output());
        } else if (settlement instanceof Settlement.Retry end) {
            addEnd(args, end.claim(), "RETRY", end.reason().text(), "", end.delay(), end.maxAttempts());
        } else if (settlement instanceof Settlement.Snooze end) {
            addEnd(args, end.claim(), "SNOOZE", "", "", end.delay(), 0);
        } else if (settlement instanceof Settlement.Fail end) {
            addEnd(args, end.claim(), "FAIL", end.reason().text(), "");
        } else if (settlement instanceof Settlement.Unknown end) {
            addEnd(args, end.claim(), "UNKNOWN", end.reason().text(), "", end.unknownFor(), 0);
        } else {
            addEnd(args, settlement.claim(), "RELEASE", "", "");
        }
    }

    private static void addEnd(List<String> args, Claim claim, String verb, String text, String output) {
        addEnd(args, claim, verb, text, output, Duration.ZERO, 0);
    }

    private static void addEnd(
            List<String> args, Claim claim, String verb, String text, String output, Duration delay, int maxAttempts) {
        RunPart.Unit unit = claim.unit();
        args.addAll(Args.of(
                claim.id(),
                claim.token(),
                verb,
                text,
                output,
                delay,
                maxAttempts,
                unit == null ? "" : unit.runId(),
                unit == null ? "" : unit.unitId()));
    }

    /** Brings the answers into the order of the batch; the script settles the plain ones first. */
    private static List<Answer> answers(List<Settlement> batch, int plain, String digits) {
        List<Answer> answers = new ArrayList<>(batch.size());
        int nextPlain = 0;
        int nextOther = plain;
        for (Settlement settlement : batch) {
            int at = isPlain(settlement) ? nextPlain++ : nextOther++;
            answers.add(ANSWERS.get(digits.charAt(at) - '0'));
        }
        return answers;
    }

    @Override
    public CompletableFuture<List<Renewed>> extend(List<Renewal> renewals) {
        List<String> args = new ArrayList<>(3 * renewals.size());
        renewals.forEach(renewal ->
                args.addAll(Args.of(renewal.claim().id(), renewal.claim().token(), renewal.lease())));
        return redis.<String>call(EXTEND, args).thenApply(digits -> digits.chars()
                .mapToObj(digit -> RENEWALS.get(digit - '0'))
                .toList());
    }

    // ---- hints

    /**
     * Waits for a hint that jobs may be waiting, for a worker that is not the engine.
     *
     * @param timeout how long to wait at the most
     * @return completes with {@code true} on a hint, with {@code false} when the time is over
     */
    CompletableFuture<Boolean> hint(Duration timeout) {
        return QueueRedis.attempt(() -> hints.await(redis.keys().wake(), timeout));
    }

    void stopHints() {
        hints.close();
    }
}
