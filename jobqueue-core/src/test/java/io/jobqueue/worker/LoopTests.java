package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.jobqueue.CapturedLog;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(20)
class LoopTests {

    private static final Duration LONG = Duration.ofMinutes(1);

    private final AtomicInteger turns = new AtomicInteger();
    private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();
    private @Nullable Loop loop;

    @AfterEach
    void stop() {
        if (loop != null) {
            loop.stop(Duration.ofSeconds(5));
        }
    }

    private Loop started(Loop.Turn turn) {
        Loop made = new Loop("test-loop", true, () -> {
            thread.set(Thread.currentThread());
            turns.incrementAndGet();
            turn.take();
        });
        loop = made;
        made.start();
        return made;
    }

    private void idle(Duration time) throws InterruptedException {
        Loop self = Objects.requireNonNull(loop);
        self.lock.lock();
        try {
            self.await(time.toNanos());
        } finally {
            self.lock.unlock();
        }
    }

    private Duration silence() {
        return Objects.requireNonNull(loop).pulse().silence();
    }

    @Test
    void thePulseOfALoopThatFailsCountsFromTheFirstFailureInARow() {
        AtomicBoolean away = new AtomicBoolean(true);
        started(() -> {
            if (away.get()) {
                throw new IllegalStateException("away");
            }
            idle(LONG);
        });

        await().until(() -> turns.get() >= 3);
        // the shortest pauses between three turns
        assertThat(silence()).isGreaterThan(Duration.ofMillis(100));
        away.set(false);
        await().until(() -> silence().compareTo(Duration.ofMillis(100)) < 0);
    }

    @Test
    void thePulseOfALoopThatHangsCountsFromItsLastSignOfLife() {
        CountDownLatch hangs = new CountDownLatch(1);
        started(() -> hangs.await());

        await().until(() -> silence().compareTo(Duration.ofMillis(200)) > 0);
        hangs.countDown();
        await().until(() -> silence().compareTo(Duration.ofMillis(200)) < 0);
    }

    @Test
    void aLoopThatRestsIsNotSilent() {
        Loop resting = started(() -> {
            Loop self = Objects.requireNonNull(loop);
            self.lock.lock();
            try {
                self.rest();
            } finally {
                self.lock.unlock();
            }
        });

        await().until(() -> !Objects.requireNonNull(thread.get()).isAlive());
        assertThat(resting.pulse()).isEqualTo(new Pulse("test-loop", Duration.ZERO));
    }

    @Test
    void aPulseIsSilentAfterThreeOfTheLongestWaits() {
        assertThat(new Pulse("test", Duration.ofSeconds(30)).isSilent()).isFalse();
        assertThat(new Pulse("test", Duration.ofSeconds(31)).isSilent()).isTrue();
    }

    static Stream<Throwable> throwables() {
        return Stream.of(
                new IllegalStateException("away"),
                new Exception("checked"),
                new AssertionError("ours"),
                new StackOverflowError(),
                new NoClassDefFoundError("gone/Away"),
                new OutOfMemoryError("not really"),
                new InterruptedException("not really"),
                new IllegalStateException("not told") {
                    @Override
                    public String toString() {
                        throw this;
                    }
                });
    }

    @ParameterizedTest
    @MethodSource("throwables")
    void aTurnThatThrowsAnythingIsTakenAgain(Throwable thrown) {
        started(() -> {
            if (turns.get() <= 2) {
                if (thrown instanceof Exception exception) {
                    throw exception;
                }
                throw (Error) thrown;
            }
            idle(LONG);
        });

        await().until(() -> turns.get() >= 3);
    }

    @Test
    void aStrayInterruptDoesNotEndIt() {
        started(() -> idle(LONG));

        for (int turn = 1; turn <= 3; turn++) {
            int seen = turn;
            await().until(() -> turns.get() >= seen);
            Objects.requireNonNull(thread.get()).interrupt();
        }

        await().until(() -> turns.get() >= 4);
    }

    @Test
    void aStrayInterruptDuringTheBackoffDoesNotEndIt() {
        started(() -> {
            throw new IllegalStateException("away");
        });
        await().until(() -> turns.get() >= 2);

        int before = turns.get();
        Objects.requireNonNull(thread.get()).interrupt();

        await().until(() -> turns.get() > before);
    }

    @Test
    void aStopWakesItFromItsWait() {
        Loop waiting = started(() -> idle(LONG));
        await().until(() -> isWaiting(thread.get()));

        long begin = System.nanoTime();
        waiting.stop(Duration.ofSeconds(10));

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
        assertThat(thread.get()).matches(ended -> ended != null && !ended.isAlive());
    }

    @Test
    void aStopWakesItFromItsBackoff() {
        Loop failing = started(() -> {
            throw new IllegalStateException("away");
        });
        // by now it pauses for 1.6 to 3.2 s
        await().until(() -> turns.get() >= 6 && isWaiting(thread.get()));

        long begin = System.nanoTime();
        failing.stop(Duration.ofSeconds(10));

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofMillis(1200));
        assertThat(thread.get()).matches(ended -> ended != null && !ended.isAlive());
    }

    @Test
    void aStopLetsTheTurnEndThatIsBeingTaken() {
        CountDownLatch inTurn = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        AtomicBoolean ended = new AtomicBoolean();
        Loop busy = started(() -> {
            inTurn.countDown();
            mayEnd.await();
            ended.set(true);
        });
        await().until(() -> inTurn.getCount() == 0);

        Thread stopper = new Thread(() -> busy.stop(Duration.ofSeconds(10)));
        stopper.start();
        await().until(busy::isStopping);
        mayEnd.countDown();

        await().until(() -> !stopper.isAlive());
        assertThat(ended).isTrue();
        assertThat(turns).hasValue(1);
    }

    @Test
    void aStopDoesNotWaitForeverForATurnThatHangs() {
        CountDownLatch mayEnd = new CountDownLatch(1);
        Loop hanging = started(mayEnd::await);
        await().until(() -> isWaiting(thread.get()));

        long begin = System.nanoTime();
        hanging.stop(Duration.ofMillis(50));

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
        mayEnd.countDown();
    }

    @Test
    void aRowOfFailuresIsOneOutageWithOneLineAtItsBeginAndOneAtItsEnd() {
        try (CapturedLog log = new CapturedLog(Outage.class)) {
            started(() -> {
                if (turns.get() <= 3) {
                    throw new IllegalStateException("away");
                }
                idle(Duration.ofMillis(20));
            });
            await().until(() -> turns.get() >= 6);

            assertThat(log.lines(Level.WARN, "test-loop"))
                    .singleElement()
                    .asString()
                    .contains("away");
            assertThat(log.lines(Level.INFO, "works again")).hasSize(1);
        }
    }

    @Test
    void theBackoffGrows() {
        List<Long> times = new CopyOnWriteArrayList<>();
        started(() -> {
            times.add(System.nanoTime());
            throw new IllegalStateException("away");
        });

        await().until(() -> times.size() >= 5);

        assertThat(times.get(1) - times.get(0))
                .isGreaterThanOrEqualTo(Duration.ofMillis(50).toNanos());
        assertThat(times.get(4) - times.get(3))
                .isGreaterThanOrEqualTo(Duration.ofMillis(400).toNanos());
    }

    private static boolean isWaiting(@Nullable Thread thread) {
        return thread != null
                && (thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING);
    }
}
