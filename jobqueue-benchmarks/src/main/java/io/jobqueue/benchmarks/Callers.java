package io.jobqueue.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/** Threads that make calls for a while, all at the same time. */
final class Callers {

    private Callers() {}

    /**
     * Makes calls for the time that the stage's sizes say.
     *
     * @param calls what each thread calls again and again
     * @return what it cost, a job being a call
     */
    static Cost call(Stage stage, List<Runnable> calls) throws InterruptedException {
        CountDownLatch ready = new CountDownLatch(calls.size());
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch through = new CountDownLatch(calls.size());
        CountDownLatch measured = new CountDownLatch(1);
        LongAdder made = new LongAdder();
        AtomicReference<RuntimeException> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (Runnable call : calls) {
            Thread thread = new Thread(
                    () -> {
                        try {
                            ready.countDown();
                            go.await();
                            long begin = System.nanoTime();
                            do {
                                call.run();
                                made.increment();
                            } while (System.nanoTime() - begin
                                    < stage.sizes().calls().toNanos());
                        } catch (RuntimeException ex) {
                            failure.set(ex);
                        } catch (InterruptedException ex) {
                            Thread.currentThread().interrupt();
                        } finally {
                            through.countDown();
                        }
                        try {
                            measured.await(); // what a dead thread has allocated cannot be read
                        } catch (InterruptedException ex) {
                            Thread.currentThread().interrupt();
                        }
                    },
                    "caller");
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
        ready.await();
        Meter meter = Meter.start(stage.admin());
        go.countDown();
        through.await();
        Cost cost = meter.stop(made.sum());
        measured.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        if (failure.get() != null) {
            throw failure.get();
        }
        return cost;
    }
}
