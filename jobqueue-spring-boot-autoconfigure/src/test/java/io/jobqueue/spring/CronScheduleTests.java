package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jobqueue.Schedule;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The slots of cron expressions, above all when clocks change. */
class CronScheduleTests {

    /** The slots behind an instant, in local time. */
    private static List<String> slots(String cron, String zone, String after, int count) {
        ZoneId id = ZoneId.of(zone);
        Schedule schedule = CronSchedule.of(cron, id);
        return Stream.iterate(
                        schedule.next(OffsetDateTime.parse(after).toInstant()).orElseThrow(),
                        slot -> schedule.next(slot).orElseThrow())
                .limit(count)
                .map(slot -> slot.atZone(id).toOffsetDateTime().toString())
                .toList();
    }

    /** Clocks go forward at 2:00 in Berlin and New York, at 24:00 in Santiago and Cairo, by half an hour on Lord Howe. */
    @ParameterizedTest
    @CsvSource({
        "Europe/Berlin,       0 30 2 * * *,  2026-03-28T12:00+01:00, 2026-03-29T03:00+02:00",
        "America/New_York,    0 30 2 * * *,  2026-03-07T12:00-05:00, 2026-03-08T03:00-04:00",
        "America/Santiago,    0 0 0 * * *,   2026-09-05T12:00-04:00, 2026-09-06T01:00-03:00",
        "Africa/Cairo,        0 15 0 * * *,  2026-04-23T12:00+02:00, 2026-04-24T01:00+03:00",
        "Australia/Lord_Howe, 0 15 2 * * *,  2026-10-03T12:00+10:30, 2026-10-04T02:30+11:00",
    })
    void aSlotOfTheHourThatIsLeftOutRunsOnceAtTheMomentOfTheChange(
            String zone, String cron, String after, String moment) {
        List<String> slots = slots(cron, zone, after, 2);

        assertThat(slots.get(0)).isEqualTo(moment);
        assertThat(slots.get(1)).as("the next day at its time").startsWith(nextDay(moment));
        assertThat(slots.get(1).substring(11, 16)).isEqualTo(timeOf(cron));
    }

    private static String nextDay(String moment) {
        return OffsetDateTime.parse(moment).toLocalDate().plusDays(1).toString();
    }

    private static String timeOf(String cron) {
        String[] fields = cron.split(" ");
        return "%02d:%02d".formatted(Integer.parseInt(fields[2]), Integer.parseInt(fields[1]));
    }

    @ParameterizedTest
    @CsvSource({
        "Europe/Berlin,       0 30 2 * * *,  2026-10-24T12:00+02:00, 2026-10-25T02:30+02:00",
        "America/New_York,    0 30 1 * * *,  2026-10-31T12:00-04:00, 2026-11-01T01:30-04:00",
        "America/Santiago,    0 30 23 * * *, 2026-04-04T12:00-03:00, 2026-04-04T23:30-03:00",
        "Africa/Cairo,        0 15 23 * * *, 2026-10-29T12:00+03:00, 2026-10-29T23:15+03:00",
        "Australia/Lord_Howe, 0 45 1 * * *,  2026-04-04T12:00+11:00, 2026-04-05T01:45+11:00",
    })
    void aSlotOfTheHourThatComesTwiceRunsTheFirstTimeAlone(String zone, String cron, String after, String first) {
        List<String> slots = slots(cron, zone, after, 2);

        assertThat(slots.get(0)).isEqualTo(first);
        assertThat(slots.get(1)).startsWith(nextDay(first) + "T" + timeOf(cron));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe"})
    void aScheduleOfEveryHourRunsThroughAllChanges(String zone) {
        Schedule schedule = CronSchedule.of("0 */30 * * * *", ZoneId.of(zone));
        Instant slot = Instant.parse("2026-01-01T00:00:00Z");
        Instant end = Instant.parse("2027-01-01T00:00:00Z");
        while (slot.isBefore(end)) {
            Instant next = schedule.next(slot).orElseThrow();
            assertThat(next).as("slot after %s", slot).isEqualTo(slot.plusSeconds(1800));
            slot = next;
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe"})
    void aDailyScheduleHasOneSlotOnEachDayOfTheYearWhateverItsHour(String zone) {
        ZoneId id = ZoneId.of(zone);
        for (int hour = 0; hour < 24; hour++) {
            Schedule schedule = CronSchedule.of("0 45 " + hour + " * * *", id);
            Instant slot = Instant.parse("2026-01-05T00:00:00Z");
            int slots = 0;
            while (slot.isBefore(Instant.parse("2027-01-05T00:00:00Z"))) {
                slot = schedule.next(slot).orElseThrow();
                slots++;
            }
            assertThat(slots).as("hour %s", hour).isBetween(365, 366);
        }
    }

    @Test
    void aDayThatAZoneLeftOutRunsOnceAtItsEnd() {
        assertThat(slots("0 0 9 * * *", "Pacific/Apia", "2011-12-29T12:00-10:00", 2))
                .containsExactly("2011-12-31T00:00+14:00", "2011-12-31T09:00+14:00");
    }

    @Test
    void aScheduleIsReadBackFromItsText() {
        Schedule schedule = CronSchedule.of("@daily", ZoneId.of("Europe/Berlin"));
        assertThat(schedule.text()).isEqualTo("cron 0 0 0 * * * Europe/Berlin");

        Schedule read = CronSchedule.read(schedule.text()).orElseThrow();
        Instant some = Instant.parse("2026-05-05T05:05:05Z");
        assertThat(read.next(some))
                .isEqualTo(schedule.next(some))
                .isEqualTo(Optional.of(Instant.parse("2026-05-05T22:00:00Z")));
        assertThat(CronSchedule.read("every PT1S")).isEmpty();
        assertThat(CronSchedule.read("cron 0 0 0 * * * Mars/Base")).isEmpty();
        assertThat(CronSchedule.read("cron nonsense UTC")).isEmpty();
        assertThat(CronSchedule.read("cron ")).isEmpty();
    }

    @Test
    void anExpressionWithoutSlotsIsRefused() {
        assertThatThrownBy(() -> CronSchedule.of("0 0 0 30 2 *", ZoneId.of("UTC")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'0 0 0 30 2 *' has no slot");
    }
}
