package io.jobqueue.spring;

import io.jobqueue.Job;
import io.jobqueue.JobContext;
import io.jobqueue.worker.HandBackException;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.JobFunction;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The handlers of one context that worker pools of other contexts call. It counts the calls, so that the context can
 * wait for them before its beans are destroyed. Thread-safe.
 */
final class LentHandlers {

    private static final Logger log = LoggerFactory.getLogger(LentHandlers.class);

    /** The longest wait for handlers that were interrupted. */
    private static final Duration MAX_WAIT_FOR_INTERRUPTED = Duration.ofSeconds(2);

    /** How long a stop waits for them although its time is over. */
    private static final Duration MIN_WAIT_FOR_INTERRUPTED = Duration.ofMillis(500);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();

    // guarded by lock
    private final Set<Call> running = new HashSet<>();
    private boolean open;

    /** One call of a handler. Its field is guarded by the lock. */
    private static final class Call {

        private final Thread thread = Thread.currentThread();
        private boolean interrupted;
    }

    /** A handler for pools of other contexts. */
    Handler lend(Handler own) {
        return new Handler(
                own.kind(),
                own.payloadType(),
                own.resultType(),
                own.retry(),
                own.timeLimit(),
                own.nonRetryable(),
                (job, context) -> call(own.function(), job, context));
    }

    private @Nullable Object call(JobFunction handler, Job<?> job, JobContext context) throws Exception {
        Call call = begin();
        try {
            return handler.handle(job, context);
        } catch (Exception | Error ex) {
            if (isInterrupted(call)) {
                throw new HandBackException("the context of the handler has stopped", ex);
            }
            throw ex;
        } finally {
            end(call);
        }
    }

    private Call begin() {
        lock.lock();
        try {
            if (!open) {
                throw new HandBackException("the context of the handler has stopped", null);
            }
            Call call = new Call();
            running.add(call);
            return call;
        } finally {
            lock.unlock();
        }
    }

    private boolean isInterrupted(Call call) {
        lock.lock();
        try {
            return call.interrupted;
        } finally {
            lock.unlock();
        }
    }

    private void end(Call call) {
        lock.lock();
        try {
            running.remove(call);
            ended.signalAll();
            if (call.interrupted) {
                // the interrupt was for the handler, not for the thread of the other context's pool
                Thread.interrupted();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Allows calls. */
    void open() {
        lock.lock();
        try {
            open = true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Allows no further call, waits for those that run, and interrupts what is left. The jobs of interrupted calls are
     * handed back. All of this fits the time: the last quarter of it, two seconds at the most, is for interrupted
     * calls.
     */
    void close(Duration time) {
        long reserve = Math.min(time.dividedBy(4).toNanos(), MAX_WAIT_FOR_INTERRUPTED.toNanos());
        lock.lock();
        try {
            open = false;
            if (awaitEnd(time.toNanos() - reserve)) {
                return;
            }
            running.forEach(call -> {
                call.interrupted = true;
                call.thread.interrupt();
            });
            if (!awaitEnd(Math.max(reserve, MIN_WAIT_FOR_INTERRUPTED.toNanos()))) {
                log.warn("{} handlers ignore the interrupt and still run while their context stops", running.size());
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitEnd(long nanos) throws InterruptedException {
        long left = nanos;
        while (!running.isEmpty()) {
            if (left <= 0) {
                return false;
            }
            left = ended.awaitNanos(left);
        }
        return true;
    }
}
