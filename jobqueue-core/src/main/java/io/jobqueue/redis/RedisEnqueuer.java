package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.unwrap;

import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.Enqueuer;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobRef;
import io.jobqueue.RedisUnavailableException;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.ScriptOutputType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Sends jobs to their queues on Redis: the last {@link Enqueuer} of an application, behind all decorators.
 *
 * <p>The jobs of one call may belong to several queues and may be too many for one round trip. The enqueuer makes the
 * round trips one after the other. So each queue keeps the order of its jobs, and a failure can name all jobs that may
 * exist or were not sent. Thread-safe.
 */
final class RedisEnqueuer implements Enqueuer {

    static final Script ENQUEUE = Script.of(ScriptOutputType.VALUE, "road/enqueue");

    // answers that no job id looks like
    private static final String CREATED = "+";
    private static final String EXISTED = "=";

    private final JobListener listener;
    private final Map<QueueRedis, SharedCalls<WrittenJob>> callsOfQueues = new ConcurrentHashMap<>();

    RedisEnqueuer(JobListener listener) {
        this.listener = listener;
    }

    @Override
    public CompletableFuture<List<JobRef>> enqueue(List<Outgoing> jobs) {
        List<RoundTrip> trips = split(jobs);
        JobRef[] answers = new JobRef[jobs.size()];
        CompletableFuture<?> sent = CompletableFuture.completedFuture(null);
        for (int i = 0; i < trips.size(); i++) {
            int at = i;
            sent = sent.thenCompose(before -> send(trips.get(at), answers).handle((done, failure) -> {
                if (failure != null) {
                    throw explained(failure, trips.subList(at, trips.size()), at == 0);
                }
                return done;
            }));
        }
        return sent.thenApply(all -> List.of(answers));
    }

    /** Jobs that go to one queue in one round trip. */
    private record RoundTrip(QueueRedis queue, List<Placed> jobs) {}

    /** A job, and its place among all jobs of the call. */
    private record Placed(int place, WrittenJob job) {}

    private static List<RoundTrip> split(List<Outgoing> jobs) {
        Map<QueueRedis, List<Placed>> byQueue = new LinkedHashMap<>();
        for (int place = 0; place < jobs.size(); place++) {
            WrittenJob job = (WrittenJob) jobs.get(place);
            byQueue.computeIfAbsent(job.redis(), queue -> new ArrayList<>()).add(new Placed(place, job));
        }
        List<RoundTrip> trips = new ArrayList<>();
        byQueue.forEach((queue, placed) -> {
            Batch<Placed> batch = Batch.ofJobs();
            for (Placed each : placed) {
                if (!batch.add(each, 1, each.job().bytes())) {
                    trips.add(new RoundTrip(queue, batch.items()));
                    batch = Batch.ofJobs();
                    batch.add(each, 1, each.job().bytes());
                }
            }
            trips.add(new RoundTrip(queue, batch.items()));
        });
        return trips;
    }

    private CompletableFuture<Void> send(RoundTrip trip, JobRef[] answers) {
        SharedCalls<WrittenJob> calls = callsOfQueues.computeIfAbsent(
                trip.queue(), queue -> new SharedCalls<>(jobs -> call(queue, jobs), WrittenJob::bytes));
        return calls.send(trip.jobs().stream().map(Placed::job).toList()).thenAccept(replies -> {
            for (int i = 0; i < trip.jobs().size(); i++) {
                Placed placed = trip.jobs().get(i);
                answers[placed.place()] = answer(placed.job(), replies.get(i));
            }
        });
    }

    private static CompletableFuture<List<String>> call(QueueRedis queue, List<WrittenJob> jobs) {
        List<String> args = new ArrayList<>(2 + jobs.size() * 4);
        args.add(QueueKeys.REPLAY_WINDOW);
        args.add(jobs.stream().anyMatch(job -> job.isDelayed() || job.isUnique()) ? "1" : "0");
        jobs.forEach(job -> args.addAll(job.args()));
        return queue.<String>callOnce(ENQUEUE, args).thenApply(reply -> answers(reply, jobs.size()));
    }

    /** One answer for each job: its letter, or the id of the job that holds its unique key. */
    private static List<String> answers(String reply, int jobs) {
        String[] holders = reply.substring(jobs).split(" ");
        int nextHolder = 1;
        List<String> answers = new ArrayList<>(jobs);
        for (int i = 0; i < jobs; i++) {
            answers.add(
                    switch (reply.charAt(i)) {
                        case 'C' -> CREATED;
                        case 'U' -> holders[nextHolder++];
                        default -> EXISTED;
                    });
        }
        return answers;
    }

    private JobRef answer(WrittenJob job, String answer) {
        if (answer.equals(CREATED)) {
            listener.on(new JobEvent.Enqueued(job.queue(), job.request().kind(), job.id()));
            return new JobRef(job.queue(), job.id(), JobRef.State.CREATED);
        }
        return new JobRef(job.queue(), answer.equals(EXISTED) ? job.id() : answer, JobRef.State.EXISTING);
    }

    /**
     * Says what a failure means for the producer: whether the jobs may exist all the same, and under which ids.
     *
     * @param open the round trip that failed and those that were not made
     * @param first whether no round trip succeeded before
     */
    private static RuntimeException explained(Throwable failure, List<RoundTrip> open, boolean first) {
        Throwable cause = unwrap(failure);
        if (first && cause instanceof IllegalStateException stopped) {
            return stopped;
        }
        String queue = open.get(0).queue().name();
        List<String> ids = open.stream()
                .flatMap(trip -> trip.jobs().stream().map(placed -> placed.job().id()))
                .toList();
        Throwable reason = cause.getCause();
        Throwable said = cause instanceof RedisUnavailableException && reason != null ? reason : cause;
        boolean refused = said instanceof RedisCommandExecutionException && !Refusal.isStartingOrDemoted(said);
        return refused || Refusal.isBeforeSending(said) || cause instanceof IllegalStateException
                ? new EnqueueRefusedException(queue, ids, cause)
                : new EnqueueUncertainException(queue, ids, cause);
    }
}
