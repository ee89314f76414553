package io.jobqueue;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Writes events to the log: normal events at DEBUG, failed attempts that are retried at INFO, and events that an operator may
 * want to act on at WARN. A final failure is logged with the stack trace of what the handler threw, a retry with the stack
 * trace at DEBUG. Ids, kinds and errors may come from other clients, so control characters are escaped.
 */
final class EventLog {

    private static final Logger log = LoggerFactory.getLogger("io.jobqueue.events");
    private static final int ERROR_LENGTH = 300;

    private EventLog() {}

    static void write(JobEvent event) {
        if (event instanceof JobEvent.Failed failed) {
            if (failed.discarded()) {
                log.info(
                        "Job {} was discarded: {}",
                        job(failed),
                        clean(failed.reason().text()));
            } else {
                write(
                        Level.WARN,
                        "Job {} failed for good: {}",
                        job(failed),
                        clean(failed.reason().text()),
                        failed.thrown());
            }
        } else if (event instanceof JobEvent.LeaseLost lost) {
            log.warn("Job {} was taken from this worker, which was silent for longer than its lease", job(lost));
        } else if (event instanceof JobEvent.Refused refused) {
            log.warn("The end of job {} was refused, because it was no longer this worker's", job(refused));
        } else if (event instanceof JobEvent.Stuck stuck) {
            log.warn("The handler of job {} ignores its time limit and the interrupt; it is left behind", job(stuck));
        } else if (event instanceof JobEvent.Reclaimed reclaimed) {
            log.warn(
                    "Queue {}: {} jobs whose lease had expired were put back",
                    event.queue(),
                    reclaimed.ids().size());
        } else if (event instanceof JobEvent.WorkerDied died) {
            died.ids()
                    .forEach(id -> log.warn(
                            "Job {}/{} lost too many workers and is a dead letter now", event.queue(), clean(id)));
        } else if (event instanceof JobEvent.Lost lost) {
            lost.ids()
                    .forEach(id -> log.warn(
                            "Job {}/{} is lost: its hash or payload is gone from Redis", event.queue(), clean(id)));
        } else if (event instanceof JobEvent.RunOverdue overdue) {
            log.warn(
                    "Run {}/{} is overdue: it has not ended, and nothing happened to it for longer than its deadline",
                    event.queue(),
                    overdue.runId());
        } else if (event instanceof JobEvent.RunEnded ended) {
            log.info(
                    "Run {}/{} is {}",
                    event.queue(),
                    ended.runId(),
                    ended.state().name().toLowerCase(Locale.ROOT));
        } else if (event instanceof JobEvent.Repaired repaired) {
            log.atLevel(repaired.damage().isUsual() ? Level.INFO : Level.WARN)
                    .log(
                            "Queue {}: what foreign hands did was put right ({}): {} jobs, among them {}",
                            event.queue(),
                            repaired.damage().name().toLowerCase(Locale.ROOT),
                            repaired.ids().size(),
                            clean(String.join(", ", repaired.ids())));
        } else if (event instanceof JobEvent.DeadLettersDropped dropped) {
            log.warn("Queue {}: retention dropped {} dead letters", event.queue(), dropped.count());
        } else if (event instanceof JobEvent.Paused) {
            log.warn("Queue {} is paused: no worker claims its jobs until it is resumed", event.queue());
        } else if (event instanceof JobEvent.Resumed) {
            log.info("Queue {} is resumed", event.queue());
        } else if (event instanceof JobEvent.SendFailed failed) {
            log.atLevel(failed.givenUp() ? Level.ERROR : Level.WARN)
                    .log(
                            failed.givenUp()
                                    ? "Queue {}: {} jobs were not sent after their transaction and are given up: {}; among them {}"
                                    : "Queue {}: {} jobs could not be sent after commit and will be sent again: {}; among them {}",
                            event.queue(),
                            failed.ids().size(),
                            clean(failed.reason()),
                            clean(String.join(", ", failed.ids())));
        } else if (event instanceof JobEvent.Retried retried) {
            log.info(
                    "Job {} is tried again in {}: {}",
                    job(retried),
                    retried.delay(),
                    clean(retried.reason().text()));
            if (retried.thrown() != null) {
                write(
                        Level.DEBUG,
                        "Job {} failed: {}",
                        job(retried),
                        retried.reason().code(),
                        retried.thrown());
            }
        } else if (event instanceof JobEvent.OfAttempt attempt) {
            log.debug("{}: job {}", event.getClass().getSimpleName(), job(attempt));
        } else if (event instanceof JobEvent.Enqueued enqueued) {
            log.debug("Enqueued: job {}/{}, {}", event.queue(), enqueued.id(), enqueued.kind());
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
                                claim.queue(), clean(claim.id()), clean(String.valueOf(claim.kind())), claim.attempt());
            }
        };
    }

    private static String clean(String text) {
        String head = text.length() > ERROR_LENGTH ? text.substring(0, ERROR_LENGTH) + "…" : text;
        if (head.chars().noneMatch(Character::isISOControl)) {
            return head;
        }
        StringBuilder out = new StringBuilder(head.length() + 16);
        head.chars().forEach(c -> {
            if (Character.isISOControl(c)) {
                out.append("\\u%04x".formatted(c));
            } else {
                out.append((char) c);
            }
        });
        return out.toString();
    }
}
