package io.jobqueue.worker;

import io.jobqueue.RedisUnavailableException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts the consecutive failures of one activity, which its owner repeats until it succeeds. It logs the first failure
 * and the recovery, and makes the pause between two tries grow. It does not log that Redis is unavailable, because the
 * application logs that once for all activities. The owner calls it from one thread; any thread may ask how long the
 * outage lasts.
 */
final class Outage {

    static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
    /** Work has to go on within five seconds after an outage, however long that was, and the connection needs one. */
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(Outage.class);

    private final String what;
    private final Duration longestPause;
    private int failures;
    private volatile long since;
    private volatile boolean lasting;
    private boolean told;

    /**
     * Begins without a failure.
     *
     * @param what the thing, as log lines name it
     * @param longestPause the longest pause between two tries; at most {@link #LONGEST_PAUSE} counts
     */
    Outage(String what, Duration longestPause) {
        this.what = what;
        this.longestPause = longestPause.compareTo(LONGEST_PAUSE) < 0 ? longestPause : LONGEST_PAUSE;
    }

    /** Notes a try that worked. */
    void recovered() {
        if (told) {
            log.info(
                    "{} works again after {} s and {} failures in a row",
                    what,
                    Duration.ofNanos(System.nanoTime() - since).toSeconds(),
                    failures);
        }
        failures = 0;
        told = false;
        lasting = false;
    }

    /**
     * Notes a try that failed. Throws nothing.
     *
     * @return how long to wait before the next try, in nanoseconds
     */
    long failed(Throwable failure) {
        if (failures++ == 0) {
            since = System.nanoTime();
            lasting = true;
        }
        try {
            report(failure);
        } catch (Throwable ex) {
            // no memory for the words, or a failure that cannot be written: only the next try counts
        }
        double pause = Math.min(
                SHORTEST_PAUSE.toNanos() * Math.pow(2, Math.min(failures, 20) - 1), (double) longestPause.toNanos());
        return (long) (pause * (0.5 + ThreadLocalRandom.current().nextDouble() / 2));
    }

    /** The sign of life of the activity, for any thread. */
    Pulse pulse() {
        return new Pulse(what, lasting ? Duration.ofNanos(System.nanoTime() - since) : Duration.ZERO);
    }

    private void report(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (!told && !(cause instanceof RedisUnavailableException)) {
            told = true;
            log.warn("{} failed and is repeated until it succeeds: {}", what, LogText.oneLine(cause));
        }
        log.debug("{} failed {} times in a row", what, failures, failure);
    }
}
