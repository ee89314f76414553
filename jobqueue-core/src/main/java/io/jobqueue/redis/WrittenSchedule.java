package io.jobqueue.redis;

import io.jobqueue.JobRequest;
import io.jobqueue.Recurring;
import io.jobqueue.Schedule;
import java.util.List;
import java.util.Locale;

/**
 * A recurring job that is ready to be sent: its payload and headers are JSON.
 *
 * @param name its name
 * @param schedule when it is due
 * @param definition the definition for the scripts, in the order of {@code words/schedules.lua}
 */
record WrittenSchedule(String name, Schedule schedule, List<String> definition) {

    /**
     * Writes a recurring job.
     *
     * @throws IllegalArgumentException when the payload cannot be written or is too large
     */
    static WrittenSchedule of(QueueRedis redis, Recurring recurring) {
        JobRequest job = recurring.job();
        return new WrittenSchedule(
                recurring.name(),
                recurring.schedule(),
                List.of(
                        recurring.schedule().text(),
                        job.kind(),
                        redis.codec()
                                .payload(
                                        job.kind(),
                                        job.payload(),
                                        redis.settings().payload().maxSize()),
                        job.maxAttempts() == null ? "" : job.maxAttempts().toString(),
                        job.headers().isEmpty() ? "" : redis.codec().headers(job.headers()),
                        recurring.missed().name().toLowerCase(Locale.ROOT),
                        Integer.toString(recurring.missedLimit()),
                        recurring.overlap().name().toLowerCase(Locale.ROOT)));
    }
}
