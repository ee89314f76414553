package io.jobqueue;

import java.time.Duration;

/**
 * The settings of one queue, in groups. Every group checks its own values and holds their defaults; the groups and
 * their components have the names of the {@code jobqueue.*} properties, so {@code lease.visibility-timeout} is
 * {@code lease().visibilityTimeout()}.
 *
 * <p>An invalid value throws a {@link SettingException}. Immutable.
 *
 * @param lease claims on jobs
 * @param reclaimer the sweep for jobs whose worker died
 * @param retry retries of failed attempts
 * @param retention histories of ended jobs
 * @param payload limits of payloads
 * @param result limits of results and work outputs
 * @param workOutput outputs of runs
 * @param runs runs
 * @param errors what a job keeps of failed attempts
 * @param history the history of all ends
 * @since 0.1.0
 */
public record QueueSettings(
        Lease lease,
        Reclaimer reclaimer,
        RetryPolicy retry,
        Retentions retention,
        Payload payload,
        Result result,
        WorkOutput workOutput,
        Runs runs,
        Errors errors,
        History history) {

    private static final Duration CENTURY = Duration.ofDays(36_600);

    /** The settings of a queue for which nothing else is configured. */
    public static QueueSettings defaults() {
        return new QueueSettings(
                Lease.defaults(),
                Reclaimer.defaults(),
                RetryPolicy.defaults(),
                Retentions.defaults(),
                Payload.defaults(),
                Result.defaults(),
                WorkOutput.defaults(),
                Runs.defaults(),
                Errors.defaults(),
                History.defaults());
    }

    /** The same settings with other leases. */
    public QueueSettings withLease(Lease other) {
        return new QueueSettings(
                other, reclaimer, retry, retention, payload, result, workOutput, runs, errors, history);
    }

    /** The same settings with another visibility timeout; see {@link Lease#withVisibilityTimeout(Duration)}. */
    public QueueSettings withVisibility(Duration timeout) {
        return withLease(lease.withVisibilityTimeout(timeout));
    }

    /** The same settings with another heartbeat. */
    public QueueSettings withHeartbeat(Duration interval) {
        return withLease(new Lease(lease.visibilityTimeout(), interval, lease.maxCrashes()));
    }

    /** The same settings with another crash limit. */
    public QueueSettings withMaxCrashes(int crashes) {
        return withLease(new Lease(lease.visibilityTimeout(), lease.heartbeat(), crashes));
    }

    /** The same settings with another sweep. */
    public QueueSettings withReclaimer(Reclaimer other) {
        return new QueueSettings(lease, other, retry, retention, payload, result, workOutput, runs, errors, history);
    }

    /** The same settings with another retry policy. */
    public QueueSettings withRetry(RetryPolicy policy) {
        return new QueueSettings(
                lease, reclaimer, policy, retention, payload, result, workOutput, runs, errors, history);
    }

    /** The same settings with other histories. */
    public QueueSettings withRetention(Retention completed, Retention failed) {
        return new QueueSettings(
                lease,
                reclaimer,
                retry,
                new Retentions(completed, failed),
                payload,
                result,
                workOutput,
                runs,
                errors,
                history);
    }

    /** The same settings with other limits of payloads. */
    public QueueSettings withPayload(Payload other) {
        return new QueueSettings(lease, reclaimer, retry, retention, other, result, workOutput, runs, errors, history);
    }

    /** The same settings with other limits of results. */
    public QueueSettings withResult(Result other) {
        return new QueueSettings(lease, reclaimer, retry, retention, payload, other, workOutput, runs, errors, history);
    }

    /** The same settings with other outputs of runs. */
    public QueueSettings withWorkOutput(WorkOutput other) {
        return new QueueSettings(lease, reclaimer, retry, retention, payload, result, other, runs, errors, history);
    }

    /** The same settings with other runs. */
    public QueueSettings withRuns(Runs other) {
        return new QueueSettings(
                lease, reclaimer, retry, retention, payload, result, workOutput, other, errors, history);
    }

    /** The same settings with other limits of what is kept of failed attempts. */
    public QueueSettings withErrors(Errors other) {
        return new QueueSettings(lease, reclaimer, retry, retention, payload, result, workOutput, runs, other, history);
    }

    /** The same settings with another history of all ends. */
    public QueueSettings withHistory(History other) {
        return new QueueSettings(lease, reclaimer, retry, retention, payload, result, workOutput, runs, errors, other);
    }

    /**
     * Claims on jobs.
     *
     * @param visibilityTimeout how long a claim is good without a heartbeat, from 10 ms to 7 days. It decides how soon
     *     a crash is noticed, not how long a job may run; 30 s by default
     * @param heartbeat the time between two renewals of a claim: at least 1 ms, at most a third of the visibility
     *     timeout. Clients in other languages that share the queue have visibility timeouts of their own; keep to a
     *     third of the smallest; 1.5 s by default
     * @param maxCrashes how many workers a job may lose before it becomes a dead letter; 3 by default
     * @since 0.1.0
     */
    public record Lease(Duration visibilityTimeout, Duration heartbeat, int maxCrashes) {

        private static final Duration SHORTEST = Duration.ofMillis(10);
        private static final Duration LONGEST = Duration.ofDays(7);

        /** Checks the values. */
        public Lease {
            if (visibilityTimeout.compareTo(SHORTEST) < 0 || visibilityTimeout.compareTo(LONGEST) > 0) {
                throw new SettingException(
                        "visibilityTimeout",
                        "visibility timeout must be from 10 ms to 7 days, was " + visibilityTimeout);
            }
            if (heartbeat.compareTo(Duration.ofMillis(1)) < 0) {
                throw new SettingException("heartbeat", "heartbeat must be at least 1 ms, was " + heartbeat);
            }
            if (maxCrashes < 0) {
                throw new SettingException("maxCrashes", "max crashes must not be negative, was " + maxCrashes);
            }
            Duration longest = visibilityTimeout.dividedBy(3);
            if (heartbeat.compareTo(longest) > 0) {
                throw new SettingException(
                        "heartbeat",
                        "visibilityTimeout",
                        "heartbeat must be at most %s ms, a third of the visibility timeout of %s, was %s"
                                .formatted(longest.toMillis(), visibilityTimeout, heartbeat));
            }
        }

        /** Leases of 30 s, renewed every 1.5 s, and 3 crashes. */
        public static Lease defaults() {
            return new Lease(Duration.ofSeconds(30), Duration.ofMillis(1500), 3);
        }

        /** The same leases with another visibility timeout. A heartbeat longer than a third of it becomes a third. */
        public Lease withVisibilityTimeout(Duration timeout) {
            Duration third = timeout.dividedBy(3);
            return new Lease(
                    timeout,
                    third.compareTo(Duration.ofMillis(1)) >= 0 && third.compareTo(heartbeat) < 0 ? third : heartbeat,
                    maxCrashes);
        }
    }

    /**
     * The sweep that returns the jobs of workers that died.
     *
     * @param interval the time between two sweeps, at least 10 ms; 1 s by default
     * @since 0.1.0
     */
    public record Reclaimer(Duration interval) {

        /** Checks the values. */
        public Reclaimer {
            if (interval.compareTo(Duration.ofMillis(10)) < 0) {
                throw new SettingException("interval", "reclaimer interval must be at least 10 ms, was " + interval);
            }
        }

        /** A sweep every second. */
        public static Reclaimer defaults() {
            return new Reclaimer(Duration.ofSeconds(1));
        }
    }

    /**
     * Histories of ended jobs.
     *
     * @param completed completed jobs; 1 hour and 1,000 jobs by default
     * @param failed dead letters; 30 days and 10,000 jobs by default
     * @since 0.1.0
     */
    public record Retentions(Retention completed, Retention failed) {

        /** An hour of completed jobs, at most 1,000, and 30 days of dead letters, at most 10,000. */
        public static Retentions defaults() {
            return new Retentions(new Retention(Duration.ofHours(1), 1000), new Retention(Duration.ofDays(30), 10_000));
        }
    }

    /**
     * Limits of payloads.
     *
     * @param maxSize the largest payload in bytes of UTF-8, at most 16 MiB; 1 MiB by default
     * @since 0.1.0
     */
    public record Payload(int maxSize) {

        /** Checks the values. */
        public Payload {
            checkSize("max payload size", maxSize);
        }

        /** Payloads of at most 1 MiB. */
        public static Payload defaults() {
            return new Payload(1024 * 1024);
        }

        /** Payloads of at most so many bytes. */
        public static Payload ofBytes(long maxSize) {
            return new Payload(checkSize("max payload size", maxSize));
        }
    }

    /**
     * Limits of results and work outputs.
     *
     * @param maxSize the largest result or work output in bytes of UTF-8, at most 16 MiB; 256 KiB by default
     * @since 0.1.0
     */
    public record Result(int maxSize) {

        /** Checks the values. */
        public Result {
            checkSize("max result size", maxSize);
        }

        /** Results of at most 256 KiB. */
        public static Result defaults() {
            return new Result(256 * 1024);
        }

        /** Results of at most so many bytes. */
        public static Result ofBytes(long maxSize) {
            return new Result(checkSize("max result size", maxSize));
        }
    }

    /**
     * Outputs of runs.
     *
     * @param ttl how long the outputs of a run are kept: after the end of a run that was started, else after the last
     *     write; from 1 s to 100 years; 7 days by default
     * @since 0.1.0
     */
    public record WorkOutput(Duration ttl) {

        /** Checks the values. */
        public WorkOutput {
            checkTime("ttl", "work output ttl", ttl);
        }

        /** Outputs of 7 days. */
        public static WorkOutput defaults() {
            return new WorkOutput(Duration.ofDays(7));
        }
    }

    /**
     * Runs.
     *
     * @param deadline a run that has not ended is reported when nothing has happened to it for this long; from 1 s to
     *     100 years; 1 day by default
     * @since 0.1.0
     */
    public record Runs(Duration deadline) {

        /** Checks the values. */
        public Runs {
            checkTime("deadline", "run deadline", deadline);
        }

        /** Runs that are reported after a day of silence. */
        public static Runs defaults() {
            return new Runs(Duration.ofDays(1));
        }
    }

    /**
     * What a job keeps of its failed attempts.
     *
     * @param kept how many attempts, the last ones, from 0 to 100; 10 by default. Attempts in a row that failed alike
     *     take the room of one
     * @param maxSize the most characters of one attempt's stack trace, from 200 to 64 Ki; 4 Ki by default
     * @since 0.1.0
     */
    public record Errors(int kept, int maxSize) {

        /** Checks the values. */
        public Errors {
            if (kept < 0 || kept > 100) {
                throw new SettingException("kept", "kept errors must be from 0 to 100, was " + kept);
            }
            if (maxSize < 200 || maxSize > 64 * 1024) {
                throw new SettingException(
                        "maxSize", "size of a stack trace must be from 200 bytes to 64 KiB, was " + maxSize);
            }
        }

        /** Ten attempts of 4 KB. */
        public static Errors defaults() {
            return new Errors(10, 4096);
        }
    }

    /**
     * The history of all ends of jobs, for audits.
     *
     * @param stream the Redis stream that holds it
     * @since 0.1.0
     */
    public record History(Stream stream) {

        /** No history. */
        public static History defaults() {
            return new History(Stream.defaults());
        }

        /**
         * A Redis stream to which each end of a job is added in the step that ends the job. Consumer groups can read it. The
         * bounds are approximate: Redis drops entries in blocks.
         *
         * @param enabled whether this process adds the ends that it brings about; {@code false} by default
         * @param maxLength about how many entries are kept, from 1 to 1,000,000,000; 100,000 by default
         * @param maxAge how long an entry is kept while a worker of the queue runs, from 1 s to 100 years; 30 days by default
         * @since 0.1.0
         */
        public record Stream(boolean enabled, long maxLength, Duration maxAge) {

            /** Checks the values. */
            public Stream {
                if (maxLength < 1 || maxLength > 1_000_000_000) {
                    throw new SettingException(
                            "maxLength", "length of the history stream must be from 1 to 1000000000, was " + maxLength);
                }
                checkTime("maxAge", "age of the history stream", maxAge);
            }

            /** No stream; once enabled, 100,000 entries of 30 days. */
            public static Stream defaults() {
                return new Stream(false, 100_000, Duration.ofDays(30));
            }
        }
    }

    private static int checkSize(String words, long bytes) {
        if (bytes < 1 || bytes > 16 * 1024 * 1024) {
            throw new SettingException("maxSize", words + " must be from 1 byte to 16 MiB, was " + bytes);
        }
        return (int) bytes;
    }

    private static void checkTime(String setting, String words, Duration time) {
        if (time.compareTo(Duration.ofSeconds(1)) < 0 || time.compareTo(CENTURY) > 0) {
            throw new SettingException(setting, words + " must be from 1 s to 100 years, was " + time);
        }
    }
}
