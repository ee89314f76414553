package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.WorkerSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an application with a hundred idle queues, all with workers and upkeep, costs Redis and the process. */
@RedisServer
class IdleCostTests {

    private static final int QUEUES = 100;
    private static final Duration MEASURED = Duration.ofSeconds(6);

    private final List<String> names =
            IntStream.range(0, QUEUES).mapToObj(i -> "q" + i).toList();
    private final AtomicLongArray startedAt = new AtomicLongArray(QUEUES);
    private final Semaphore done = new Semaphore(0);
    private Wire admin;
    private Product product;
    private Product.Workers workers;
    private int threadsBefore;

    @BeforeEach
    void start(EmbeddedRedis redis) {
        threadsBefore = threads();
        admin = new Wire(redis.port());
        product = new Product(redis.port());
        workers = product.workers(
                names,
                WorkerSettings.defaults(),
                List.of(Product.handler((job, context) -> {
                    startedAt.set(((NoOp) job.payload()).number(), System.nanoTime());
                    done.release();
                    return null;
                })),
                JobListener.none());
        workers.start();
        // by then every dispatcher has seen that there is nothing to do
        await().atMost(Duration.ofSeconds(30)).until(() -> dispatchers() == 0);
    }

    @AfterEach
    void stop() {
        workers.close();
        product.close();
        admin.close();
    }

    private static int threads() {
        return Thread.getAllStackTraces().size();
    }

    private static long dispatchers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().endsWith("-dispatcher"))
                .count();
    }

    /** Calls by command since the server started, those in scripts included. */
    private Map<String, Long> commands() {
        Map<String, Long> calls = new TreeMap<>();
        admin.ask("INFO", "commandstats")
                .lines()
                .filter(line -> line.startsWith("cmdstat_"))
                .forEach(line -> {
                    String name = line.substring("cmdstat_".length(), line.indexOf(':'));
                    calls.put(name, Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1")));
                });
        return calls;
    }

    private double commandsASecond(Duration time) {
        Map<String, Long> before = commands();
        long begin = System.nanoTime();
        LockSupport.parkNanos(time.toNanos());
        Map<String, Long> after = commands();
        double seconds = (System.nanoTime() - begin) / 1e9;
        Map<String, Double> rates = new TreeMap<>();
        after.forEach((name, calls) -> rates.put(name, (calls - before.getOrDefault(name, 0L)) / seconds));
        rates.values().removeIf(rate -> rate < 0.05);
        System.out.println("commands a second of " + QUEUES + " idle queues: " + rates);
        return rates.values().stream().mapToDouble(rate -> rate).sum();
    }

    @Test
    void aHundredIdleQueuesCostFewCommandsConnectionsAndThreads() {
        double commands = commandsASecond(MEASURED);
        long connections = admin.ask("CLIENT", "LIST").lines().count() - 1; // ours
        int threads = threads() - threadsBefore;
        System.out.println(commands + " commands a second, " + connections + " connections, " + threads + " threads");

        // measured: 40 commands a second, 2 connections, 5 threads
        assertThat(commands).isLessThan(100);
        assertThat(connections).isLessThanOrEqualTo(3);
        assertThat(threads).isLessThanOrEqualTo(20);
    }

    @Test
    void historiesAndDelayedJobsDoNotMakeIdleQueuesDear() {
        for (String name : names) {
            JobQueue queue = product.queue(name);
            for (int i = 0; i < 5; i++) {
                queue.enqueue(JobRequest.of(NoOp.of(i)));
            }
            queue.enqueue(JobRequest.of(NoOp.of(0)).delay(Duration.ofHours(1)));
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> done.availablePermits() >= 5 * QUEUES && dispatchers() == 0);
        // the audit looks at once at what is new
        LockSupport.parkNanos(Duration.ofSeconds(5).toNanos());

        // measured: 100 commands a second
        assertThat(commandsASecond(MEASURED)).isLessThan(200);
    }

    @Test
    void aJobOnARestingQueueStartsWithinMilliseconds() throws InterruptedException {
        List<Double> millis = new ArrayList<>();
        for (int i = 0; i < QUEUES; i++) {
            JobQueue queue = product.queue(names.get(i));
            long begin = System.nanoTime();
            queue.enqueue(NoOp.of(i));
            assertThat(done.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
            millis.add((startedAt.get(i) - begin) / 1e6);
        }

        assertThat(median(millis)).as("median of %s", millis).isLessThan(15);
    }

    @Test
    void aDelayedJobOnARestingQueueStartsOnTime() throws InterruptedException {
        int jobs = 10;
        long[] due = new long[jobs];
        for (int i = 0; i < jobs; i++) {
            Duration delay = Duration.ofSeconds(4).plusMillis(100 * i); // the dispatcher rests again by then
            due[i] = System.nanoTime() + delay.toNanos();
            product.queue(names.get(i)).enqueue(JobRequest.of(NoOp.of(i)).delay(delay));
        }
        assertThat(done.tryAcquire(jobs, 20, TimeUnit.SECONDS)).isTrue();
        List<Double> late = new ArrayList<>();
        for (int i = 0; i < jobs; i++) {
            late.add((startedAt.get(i) - due[i]) / 1e6);
        }

        assertThat(median(late)).as("median of %s", late).isBetween(-2.0, 50.0);
    }

    private static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(value -> value).toArray();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    @Test
    void aJobThatNobodyAnnouncedIsFoundWithinAPollInterval() throws InterruptedException {
        List<Double> millis = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            String root = "queue:" + names.get(i) + ":";
            admin.ask("HSET", root + "job:x", "id", "x", "payload", NoOp.of(i).json(), "status", "pending");
            long begin = System.nanoTime();
            admin.ask("LPUSH", root + "pending", "x");
            assertThat(done.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
            millis.add((startedAt.get(i) - begin) / 1e6);
        }

        assertThat(median(millis)).as("median of %s", millis).isLessThan(700);
    }
}
