package io.jobqueue.redis;

import io.jobqueue.Enqueuer.Outgoing;
import io.jobqueue.JobCodec;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.Names;
import io.jobqueue.UnreadableJsonException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Turns jobs into texts that an outbox stores, and sends the stored jobs to Redis in numbered batches, each of which takes effect
 * once.
 *
 * <p>Redis remembers for each queue and outbox the number of the last batch, in the step that creates the jobs of the batch. A
 * batch with that number or a lower one creates nothing, however often it is sent and however long ago its jobs ended. So an
 * outbox must send the batches of a queue in the order of their numbers, and must not form the next batch before it knows that
 * the last one was sent.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public final class JobRelay {

    /** How many jobs a batch may have. */
    public static final int MOST_JOBS = Batch.MOST_JOBS;

    /** About how many characters the payloads of a batch with more than one job should have at most. */
    public static final int MOST_CHARACTERS = Batch.MOST_JOB_BYTES;

    private static final int MAX_OPTIONS_BYTES = 1024 * 1024;
    private static final char NOT_NEW = '>';

    private final Function<String, QueueRedis> queues;
    private final JobListener listener;

    JobRelay(Function<String, QueueRedis> queues, JobListener listener) {
        this.queues = queues;
        this.listener = listener;
    }

    /**
     * A job as an outbox stores it.
     *
     * @param queue the queue that the job goes to
     * @param id the job's id
     * @param kind the job's kind
     * @param payload the payload as JSON
     * @param options all else that the request asked for, as a JSON array of texts in a format of this class
     * @since 0.1.0
     */
    public record StoredJob(String queue, String id, String kind, String payload, String options) {

        /** Without the payload, which must not appear in a log. */
        @Override
        public String toString() {
            return "StoredJob[queue=%s, id=%s, kind=%s]".formatted(queue, id, kind);
        }
    }

    /** Turns a job into texts. */
    public static StoredJob store(Outgoing job) {
        WrittenJob written = (WrittenJob) job;
        JobCodec codec = written.redis().codec();
        return new StoredJob(
                written.queue(),
                written.id(),
                written.request().kind(),
                written.payload(),
                codec.output(written.further(), MAX_OPTIONS_BYTES));
    }

    /**
     * Checks that a stored job can be sent.
     *
     * @throws IllegalArgumentException when it can never be sent as it is stored: it breaks a rule of names, its payload is no
     *     JSON object of its kind or larger than the queue allows, or its options cannot be read
     */
    public void check(StoredJob job) {
        QueueRedis redis = queues.apply(job.queue());
        Names.id(job.id());
        Names.kind(job.kind());
        redis.codec()
                .payload(
                        job.kind(),
                        redis.codec().json(job.payload()),
                        redis.settings().payload().maxSize());
        further(redis, job);
    }

    private static List<String> further(QueueRedis redis, StoredJob job) {
        String[] further;
        try {
            further = redis.codec().json(job.options()).as(String[].class);
        } catch (UnreadableJsonException ex) {
            throw unreadable(job);
        }
        if (further.length > 0 && further.length % 2 == 0
                || Arrays.stream(further).anyMatch(Objects::isNull)) {
            throw unreadable(job);
        }
        return List.of(further);
    }

    private static IllegalArgumentException unreadable(StoredJob job) {
        return new IllegalArgumentException(
                "the options of job %s are no JSON array of texts as it was stored".formatted(job.id()));
    }

    /**
     * Sends the jobs of a batch. All of them are created in one step, or none.
     *
     * @param queue the queue of all jobs
     * @param jobs {@linkplain #check checked} jobs in their order, at most {@link #MOST_JOBS}
     * @param outbox the outbox, as letters and digits; no two outboxes of a Redis may share a name
     * @param number the number of the batch, from 1 to 2^53
     * @return empty when the batch took effect now; otherwise the number of the last batch that Redis has. An equal number means
     *     that the batch took effect before. A failed future says nothing: send the same batch again
     */
    public CompletableFuture<OptionalLong> send(String queue, List<StoredJob> jobs, String outbox, long number) {
        QueueRedis redis = queues.apply(queue);
        List<String> args = new ArrayList<>(List.of(QueueKeys.REPLAY_WINDOW, "1"));
        jobs.forEach(job -> args.addAll(WrittenJob.args(job.id(), job.kind(), job.payload(), further(redis, job))));
        args.add(Long.toString(number));
        return redis.<String>command(commands ->
                        RedisEnqueuer.ENQUEUE.call(commands, redis.keys().withBatch(Ids.token(), outbox), args))
                .thenApply(reply -> {
                    if (reply.charAt(0) == NOT_NEW) {
                        return OptionalLong.of(Long.parseLong(reply.substring(1)));
                    }
                    tellCreated(jobs, reply);
                    return OptionalLong.empty();
                });
    }

    private void tellCreated(List<StoredJob> jobs, String letters) {
        for (int i = 0; i < jobs.size(); i++) {
            if (letters.charAt(i) == 'C') {
                StoredJob job = jobs.get(i);
                listener.on(new JobEvent.Enqueued(job.queue(), job.kind(), job.id()));
            }
        }
    }
}
