package io.jobqueue.benchmarks.peer;

import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * What a peer's process and the benchmarks say to each other: one line of words in, one line of numbers out.
 *
 * <ul>
 *   <li>{@code warm <ms>}: enqueues and works for so long; answers how many jobs
 *   <li>{@code fill <jobs>}: enqueues so many with 50 threads; answers how many
 *   <li>{@code drain <jobs>}: works on them; answers jobs, seconds, seconds of CPU
 *   <li>{@code idle <jobs>}: enqueues single jobs for idle workers; answers how many ms each waited
 *   <li>{@code enqueue <threads> <ms>}: enqueues for nobody; answers jobs, seconds, seconds of CPU
 *   <li>{@code quit}
 * </ul>
 */
public final class Conversation {

    private static final int PATIENCE_S = 120;
    private static final int FILLERS = 50;
    private static final OperatingSystemMXBean SYSTEM =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private final Peer peer;

    private Conversation(Peer peer) {
        this.peer = peer;
    }

    /** Talks on standard input and output until there is no more. What the peer itself prints goes to standard error. */
    public static void with(Peer peer, PrintStream out) throws IOException, InterruptedException {
        try (peer;
                BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            Conversation conversation = new Conversation(peer);
            out.println("ready");
            for (String line = in.readLine(); line != null && !line.equals("quit"); line = in.readLine()) {
                out.println(conversation.answer(line.split(" ")));
            }
        }
    }

    private String answer(String... words) throws InterruptedException {
        int number = Integer.parseInt(words[1]);
        return switch (words[0]) {
            case "warm" -> warm(number);
            case "fill" -> fill(number);
            case "drain" -> drain(number);
            case "idle" -> idle(number);
            case "enqueue" -> enqueue(number, Integer.parseInt(words[2]));
            default -> throw new IllegalArgumentException("unknown word " + words[0]);
        };
    }

    private String warm(int millis) throws InterruptedException {
        long begin = System.nanoTime();
        int jobs = 0;
        int batch = 100;
        do {
            fill(batch);
            long drainBegin = System.nanoTime();
            drain(batch);
            jobs += batch;
            if (System.nanoTime() - drainBegin < 500_000_000) {
                batch *= 2;
            }
        } while (System.nanoTime() - begin < millis * 1_000_000L);
        return String.valueOf(jobs);
    }

    private String fill(int jobs) throws InterruptedException {
        AtomicInteger next = new AtomicInteger();
        together(FILLERS, () -> {
            for (int number = next.getAndIncrement(); number < jobs; number = next.getAndIncrement()) {
                peer.enqueue(number);
            }
        });
        return String.valueOf(jobs);
    }

    private String drain(int jobs) throws InterruptedException {
        AtomicIntegerArray handled = new AtomicIntegerArray(jobs);
        CountDownLatch left = new CountDownLatch(jobs);
        long cpu = SYSTEM.getProcessCpuTime();
        long begin = System.nanoTime();
        peer.start(number -> {
            handled.getAndIncrement(number);
            left.countDown();
        });
        if (!left.await(PATIENCE_S, TimeUnit.SECONDS)) {
            throw new IllegalStateException(left.getCount() + " of " + jobs + " jobs were not handled");
        }
        while (!peer.isEmpty()) {
            LockSupport.parkNanos(200_000);
        }
        String cost = cost(jobs, begin, cpu);
        peer.stop();
        for (int number = 0; number < jobs; number++) {
            if (handled.get(number) != 1) {
                throw new IllegalStateException("job " + number + " was handled " + handled.get(number) + " times");
            }
        }
        return cost;
    }

    private String idle(int jobs) throws InterruptedException {
        long[] started = new long[jobs];
        Semaphore done = new Semaphore(0);
        IntConsumer handler = number -> {
            started[number] = System.nanoTime();
            done.release();
        };
        peer.start(handler);
        List<String> millis = new ArrayList<>();
        for (int number = 0; number < jobs; number++) {
            LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(3_000_000, 7_000_000));
            long begin = System.nanoTime();
            peer.enqueue(number);
            if (!done.tryAcquire(PATIENCE_S, TimeUnit.SECONDS)) {
                throw new IllegalStateException("job " + number + " was not handled");
            }
            millis.add(String.format(Locale.ROOT, "%.3f", (started[number] - begin) / 1e6));
        }
        peer.stop();
        return String.join(" ", millis);
    }

    private String enqueue(int threads, int millis) throws InterruptedException {
        AtomicInteger made = new AtomicInteger();
        long cpu = SYSTEM.getProcessCpuTime();
        long begin = System.nanoTime();
        together(threads, () -> {
            do {
                peer.park(made.getAndIncrement());
            } while (System.nanoTime() - begin < millis * 1_000_000L);
        });
        return cost(made.get(), begin, cpu);
    }

    private static String cost(int jobs, long begin, long cpu) {
        return String.format(
                Locale.ROOT,
                "%d %.6f %.6f",
                jobs,
                (System.nanoTime() - begin) / 1e9,
                (SYSTEM.getProcessCpuTime() - cpu) / 1e9);
    }

    private static void together(int threads, Runnable work) throws InterruptedException {
        List<Throwable> failures = new ArrayList<>();
        List<Thread> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Thread thread = new Thread(work, "caller");
            thread.setUncaughtExceptionHandler((failed, failure) -> {
                synchronized (failures) {
                    failures.add(failure);
                }
            });
            all.add(thread);
            thread.start();
        }
        for (Thread thread : all) {
            thread.join();
        }
        synchronized (failures) {
            if (!failures.isEmpty()) {
                throw new IllegalStateException(failures.get(0));
            }
        }
    }
}
