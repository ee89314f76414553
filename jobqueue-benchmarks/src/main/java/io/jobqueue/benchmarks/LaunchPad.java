package io.jobqueue.benchmarks;

import io.jobqueue.JobQueue;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.redis.RedisQueues;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** A Redis on which applications start one after the other, each with nothing in it but the job that waits for it. */
final class LaunchPad implements AutoCloseable {

    private static final String JOB = "first";
    private static final Duration LOOK = Duration.ofMillis(10);

    private final EmbeddedRedis redis = EmbeddedRedis.start();
    private final Wire admin = new Wire(redis.port());
    private final RedisConnector connector = new RedisConnector(() -> RedisLink.to(RedisURI.create(redis.uri())));
    private final RedisQueues queues = new RedisQueues(connector, RedisQueues.Options.defaults());

    /** Starts an application and kills it when it has come to its first job, or to its last mark. */
    Start start(StartSubject subject) throws InterruptedException {
        try (JvmStart jvm = launch(subject)) {
            Map<Mark, Long> marks = new EnumMap<>(Mark.class);
            if (subject.job() != null) {
                marks.put(Mark.ANSWERED, claimedMs(subject, jvm));
            }
            jvm.await(Mark.STARTED);
            jvm.await(subject.last());
            long cpu = jvm.cpuMs();
            jvm.marks().forEach(marks::putIfAbsent);
            return new Start(jvm.begunMs(), marks, cpu);
        }
    }

    /** Starts an application, lets it do its job, and waits until it has ended in good order. */
    void startAndStop(StartSubject subject) throws InterruptedException {
        try (JvmStart jvm = launch(subject)) {
            if (subject.job() != null) {
                jvm.await(Mark.STARTED);
                while (job(subject, jvm).completedAt() == null) {
                    LockSupport.parkNanos(LOOK.toNanos());
                }
                jvm.askToEnd();
            }
            jvm.awaitEnd();
        }
    }

    private JvmStart launch(StartSubject subject) {
        admin.ask("FLUSHALL");
        if (subject.job() != null) {
            queue(subject).enqueue(subject.job().id(JOB));
        }
        return JvmStart.of(subject.folder(), subject.command(redis.port()));
    }

    /** Redis wrote it down, so it does not matter when somebody looks. */
    private long claimedMs(StartSubject subject, JvmStart jvm) {
        while (true) {
            JobSnapshot job = job(subject, jvm);
            if (job.startedAt() != null) {
                return job.startedAt().toEpochMilli();
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
    }

    private JobSnapshot job(StartSubject subject, JvmStart jvm) {
        jvm.verifyGoesOn();
        JobSnapshot job = queue(subject).find(JOB).orElseThrow();
        if (job.status() == JobStatus.FAILED) {
            throw new IllegalStateException("the job of %s failed: %s".formatted(subject.name(), job.lastError()));
        }
        return job;
    }

    private JobQueue queue(StartSubject subject) {
        return queues.queue(subject.queue());
    }

    @Override
    public void close() {
        connector.stop();
        admin.close();
        redis.close();
    }
}
