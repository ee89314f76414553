package io.jobqueue.worker;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Writes events to the log: normal events at DEBUG, failed attempts that are retried at INFO, and events that an
 * operator may want to act on at WARN. A final failure is logged with the stack trace of what the handler threw, a
 * retry with the stack trace at DEBUG. Events of sweeps and audits are summed up; see {@link EventSummary}.
 *
 * <p>Ids, kinds and errors may come from other clients, so control characters are removed from log lines. Only stack
 * traces keep them, because the JVM prints the messages of exceptions unchanged.
 *
 * @since 0.1.0
 */
public final class EventLog {

    private static final Logger log = LoggerFactory.getLogger("io.jobqueue.events");

    private EventLog() {}

    /**
     * A listener that writes the log of the queue, then calls another listener and catches its failures. The engine and
     * the queues use it. Events of one type that arrive together and concern many jobs are one line.
     */
    public static JobListener before(JobListener listener) {
        JobListener guarded = guarded(listener);
        return new JobListener() {
            @Override
            public void on(JobEvent event) {
                onAll(List.of(event));
            }

            @Override
            public void onAll(List<JobEvent> events) {
                EventSummary summary = new EventSummary();
                write(events, summary);
                end(summary);
                guarded.onAll(events);
            }
        };
    }

    /** A listener that calls another listener and catches its failures. */
    static JobListener guarded(JobListener listener) {
        return JobListener.all(List.of(listener));
    }

    /** Writes events, and leaves those of sweeps and audits to a summary. A log that fails has no other effect. */
    static void write(List<JobEvent> events, EventSummary summary) {
        try {
            for (JobEvent event : events) {
                if (!summary.add(event)) {
                    write(event);
                }
            }
        } catch (Throwable ex) {
            // there is no memory for a line, or an appender is broken; the job goes on without it
            return;
        }
    }

    /** Writes the lines of a summary. A log that fails has no other effect. */
    static void end(EventSummary summary) {
        try {
            summary.end();
        } catch (Throwable ex) {
            // as above
            return;
        }
    }

    private static void write(JobEvent event) {
        if (event instanceof JobEvent.Failed failed) {
            if (failed.discarded()) {
                log.info(
                        "Job {} was discarded: {}",
                        job(failed),
                        LogText.oneLine(failed.reason().text()));
            } else {
                write(
                        Level.WARN,
                        "Job {} failed for good: {}",
                        job(failed),
                        LogText.oneLine(failed.reason().text()),
                        failed.thrown());
            }
        } else if (event instanceof JobEvent.LeaseLost lost) {
            log.warn("This worker has lost job {}, because it did not renew the lease in time", job(lost));
        } else if (event instanceof JobEvent.Refused refused) {
            log.warn("The outcome of job {} was refused, because this worker no longer owned the job", job(refused));
        } else if (event instanceof JobEvent.Stuck stuck) {
            log.warn(
                    "The handler of job {} ignores its time limit and the interrupt; the job is ended without it",
                    job(stuck));
        } else if (event instanceof JobEvent.RunEnded ended) {
            log.info(
                    "Run {}/{} is {}",
                    event.queue(),
                    LogText.oneLine(ended.runId()),
                    ended.state().name().toLowerCase(Locale.ROOT));
        } else if (event instanceof JobEvent.Expired expired) {
            log.warn(
                    "Queue {}: {} expired, because no worker started them in time: {}",
                    event.queue(),
                    LogText.jobs(expired.ids().size()),
                    LogText.some(expired.ids(), expired.ids().size()));
        } else if (event instanceof JobEvent.Cancelled cancelled) {
            log.info("Job {}/{} was cancelled while it waited", event.queue(), LogText.oneLine(cancelled.id()));
        } else if (event instanceof JobEvent.Paused) {
            log.warn("Queue {} is paused: no worker claims its jobs until it is resumed", event.queue());
        } else if (event instanceof JobEvent.Resumed) {
            log.info("Queue {} is resumed", event.queue());
        } else if (event instanceof JobEvent.KindPaused paused) {
            log.warn(
                    "Queue {}: the kind {} is paused: no worker gets its jobs until it is resumed",
                    event.queue(),
                    LogText.oneLine(paused.kind()));
        } else if (event instanceof JobEvent.KindResumed resumed) {
            log.info("Queue {}: the kind {} is resumed", event.queue(), LogText.oneLine(resumed.kind()));
        } else if (event instanceof JobEvent.SendFailed failed) {
            log.atLevel(failed.givenUp() ? Level.ERROR : Level.WARN)
                    .log(
                            failed.givenUp()
                                    ? "Queue {}: {} could not be sent after commit, because {}; given up: {}"
                                    : "Queue {}: {} could not be sent after commit, because {}; sent again later: {}",
                            event.queue(),
                            LogText.jobs(failed.ids().size()),
                            LogText.oneLine(failed.reason()),
                            LogText.some(failed.ids(), failed.ids().size()));
        } else if (event instanceof JobEvent.Retried retried) {
            log.info(
                    "Job {} is retried in {}: {}",
                    job(retried),
                    retried.delay(),
                    LogText.oneLine(retried.reason().text()));
            if (retried.thrown() != null) {
                write(
                        Level.DEBUG,
                        "Job {} failed: {}",
                        job(retried),
                        retried.reason().code(),
                        retried.thrown());
            }
        } else if (event instanceof JobEvent.UnknownKind unknown) {
            log.warn(
                    "Queue {}: {}. Jobs of kind '{}' that this worker cannot handle are handed back for {}, then they are dead letters. Kinds with a handler here: {}. Logged once per kind",
                    event.queue(),
                    LogText.oneLine(unknown.reason().text()),
                    LogText.oneLine(unknown.kind()),
                    unknown.unknownFor(),
                    LogText.oneLine(new TreeSet<>(unknown.knownKinds()).toString()));
        } else if (event instanceof JobEvent.OfAttempt attempt) {
            log.debug("{}: job {}", event.getClass().getSimpleName(), job(attempt));
        } else if (event instanceof JobEvent.Enqueued enqueued && log.isDebugEnabled()) {
            log.debug(
                    "Enqueued: job {}/{}, {}",
                    event.queue(),
                    LogText.oneLine(enqueued.id()),
                    LogText.oneLine(enqueued.kind()));
        }
    }

    /** Logs a line with a stack trace. */
    private static void write(Level level, String line, Object job, Object reason, @Nullable Throwable thrown) {
        try {
            log.atLevel(level).setCause(thrown).log(line, job, reason);
        } catch (RuntimeException | StackOverflowError ex) {
            // an exception can refuse to tell its message or its cause, which must not hold up the job's end
            log.atLevel(level).log(line + " (its stack trace cannot be written: {})", job, reason, ex.getClass());
        }
    }

    private static Object job(JobEvent.OfAttempt event) {
        Claim claim = event.claim();
        // written only when the level is on
        return new Object() {
            @Override
            public String toString() {
                return "%s/%s (%s, attempt %s)"
                        .formatted(
                                claim.queue(),
                                LogText.oneLine(claim.id()),
                                LogText.oneLine(String.valueOf(claim.kind())),
                                claim.attempt());
            }
        };
    }
}
