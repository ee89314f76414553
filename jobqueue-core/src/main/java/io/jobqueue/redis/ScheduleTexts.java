package io.jobqueue.redis;

import io.jobqueue.Schedule;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/** Reads schedules from their texts. It knows fixed periods; the readers of the application read all others. */
final class ScheduleTexts {

    private static final String EVERY = "every ";

    private final Function<String, Optional<Schedule>> others;

    ScheduleTexts(Function<String, Optional<Schedule>> others) {
        this.others = others;
    }

    /** The schedule of a text; empty when this application cannot read it. */
    Optional<Schedule> read(String text) {
        if (!text.startsWith(EVERY)) {
            return others.apply(text);
        }
        try {
            return Optional.of(Schedule.every(Duration.parse(text.substring(EVERY.length()))));
        } catch (DateTimeException | IllegalArgumentException ex) {
            return Optional.empty();
        }
    }
}
