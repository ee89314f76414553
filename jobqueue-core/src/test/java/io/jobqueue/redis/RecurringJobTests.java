package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import io.jobqueue.QueueSettings;
import io.jobqueue.Recurring;
import io.jobqueue.Recurring.Missed;
import io.jobqueue.Recurring.Overlap;
import io.jobqueue.RecurringJobs;
import io.jobqueue.RecurringSnapshot;
import io.jobqueue.RecurringSnapshot.Origin;
import io.jobqueue.RecurringSnapshot.Outcome;
import io.jobqueue.RecurringSnapshot.State;
import io.jobqueue.Schedule;
import io.jobqueue.Unique;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Upkeep;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What recurring jobs promise. Each bench is an instance of the application; all share a Redis. */
@RedisServer
class RecurringJobTests {

    private static final Recurring TICK = every("tick", 1).overlap(Overlap.ALLOW);

    private EmbeddedRedis server;
    private Bench one;
    private RecurringJobs admin;
    private final List<AutoCloseable> closing = new ArrayList<>();

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        one = instance();
        admin = one.queue.admin().recurring();
    }

    @AfterEach
    void close() throws Exception {
        for (int i = closing.size() - 1; i >= 0; i--) {
            closing.get(i).close();
        }
    }

    private Bench instance() {
        Bench made = new Bench(server, QueueSettings.defaults());
        closing.add(made);
        return made;
    }

    private static Recurring every(String name, int seconds) {
        return Recurring.of(name, Schedule.every(Duration.ofSeconds(seconds)), JobRequest.of(name, null));
    }

    /** Runs recurring jobs in the background, as applications do. */
    private Upkeep run(Bench bench, Recurring... declared) {
        Upkeep upkeep = new Upkeep(List.of(Chores.recurring(bench.queues, "q", declared)), bench.events::add);
        closing.add(upkeep::stop);
        upkeep.start();
        return upkeep;
    }

    /** One round of an instance that starts now. It declares, and looks. */
    private static Chore started(Bench bench, Recurring... declared) {
        Chore chore = Chores.recurring(bench.queues, "q", declared);
        chore.round().join();
        return chore;
    }

    private RecurringSnapshot recurring(String name) {
        return admin.find(name).orElseThrow();
    }

    /** The jobs of slots, in the order of their slots. */
    private List<JobSnapshot> slots(String name) {
        return Stream.of(JobStatus.PENDING, JobStatus.COMPLETED, JobStatus.FAILED)
                .flatMap(status -> one.queue.admin().list(status, 0, 200).stream())
                .filter(job -> job.id().startsWith("recurring:" + name + ":"))
                .sorted((a, b) -> a.id().compareTo(b.id()))
                .toList();
    }

    private static Instant slot(JobSnapshot job) {
        return Instant.parse(job.headers().get(Recurring.SLOT_HEADER));
    }

    /** As if no instance had run for a while. */
    private void missed(String name, Duration time) {
        String json = one.redis.hget("queue:q:schedules", name);
        long now = Long.parseLong(one.redis.time().get(0)) * 1000;
        one.redis.hset(
                "queue:q:schedules", name, json.replaceAll("\"after\":\\d+", "\"after\":" + (now - time.toMillis())));
    }

    /** A start of an instance, and the round in which it fires what is due. */
    private void restart(Recurring declared) {
        Chore chore = started(one, declared);
        chore.round().join();
    }

    // ---- each slot once, on time

    @Test
    void eachSlotRunsOnceAndAtMostASecondLateHoweverManyInstancesRun() {
        List<Bench> instances = List.of(one, instance(), instance());
        instances.forEach(bench -> run(bench, TICK));

        await().atMost(Duration.ofSeconds(30)).until(() -> slots("tick").size() >= 5);

        List<JobSnapshot> jobs = slots("tick");
        for (int i = 0; i < jobs.size(); i++) {
            assertThat(slot(jobs.get(i)))
                    .isEqualTo(slot(jobs.get(0)).plusSeconds(i))
                    .isBetween(
                            jobs.get(i).enqueuedAt().minusSeconds(1),
                            jobs.get(i).enqueuedAt());
        }
        assertThat(instances.stream().flatMap(bench -> bench.events.stream()))
                .filteredOn(event -> event instanceof JobEvent.Enqueued)
                .extracting(event -> ((JobEvent.Enqueued) event).id())
                .doesNotHaveDuplicates();
    }

    @Test
    void theSlotsGoOnWhenOneOfTwoInstancesStops() {
        Upkeep first = run(one, TICK);
        run(instance(), TICK);
        await().atMost(Duration.ofSeconds(30)).until(() -> !slots("tick").isEmpty());
        first.stop();
        int before = slots("tick").size();

        await().atMost(Duration.ofSeconds(30)).until(() -> slots("tick").size() >= before + 3);

        List<JobSnapshot> jobs = slots("tick");
        assertThat(slot(jobs.get(jobs.size() - 1))).isEqualTo(slot(jobs.get(0)).plusSeconds(jobs.size() - 1));
    }

    @Test
    void theJobOfASlotKnowsItsNameAndSlot() {
        restartAfter(TICK, Duration.ofSeconds(2));

        JobSnapshot job = slots("tick").get(0);
        assertThat(job.id()).isEqualTo("recurring:tick:" + slot(job));
        assertThat(job.headers()).containsEntry(Recurring.NAME_HEADER, "tick");
        assertThat(job.kind()).isEqualTo("tick");
        Claim claim = one.queue.worker().claim(Duration.ZERO).orElseThrow();
        assertThat(claim.id()).isEqualTo(job.id());
    }

    private void restartAfter(Recurring declared, Duration time) {
        started(one, declared);
        missed(declared.name(), time);
        restart(declared);
    }

    @Test
    void aSlotDoesNotRunAgainWhenTheSchedulesAreLostOrOtherInstancesAreSlow() {
        Recurring hourly = every("hourly", 3600);
        Chore slow = started(one, hourly);
        missed("hourly", Duration.ofHours(1));
        String stored = one.redis.hget("queue:q:schedules", "hourly");
        restart(hourly);
        slow.round().join();
        one.redis.hset("queue:q:schedules", "hourly", stored); // an old backup
        restart(hourly);

        assertThat(slots("hourly")).hasSize(1);
    }

    @Test
    void theRequestOfTheJobIsKept() {
        restartAfter(
                Recurring.of(
                        "report",
                        Schedule.every(Duration.ofSeconds(1)),
                        JobRequest.of("mail", Map.of("to", "ä/\"b"))
                                .maxAttempts(2)
                                .header("tenant", "x")),
                Duration.ofSeconds(2));

        JobSnapshot job = slots("report").get(0);
        assertThat(one.job(job.id()).get("payload")).isEqualTo("{\"kind\":\"mail\",\"to\":\"ä/\\\"b\"}");
        assertThat(job.maxAttempts()).isEqualTo(2);
        assertThat(job.headers()).containsEntry("tenant", "x");
    }

    // ---- missed slots

    @Test
    void missedSlotsRunOnceByDefault() {
        restartAfter(every("tick", 60), Duration.ofHours(3));

        assertThat(slots("tick")).hasSize(1);
        assertThat(slot(slots("tick").get(0)))
                .isEqualTo(recurring("tick").last().slot());
    }

    @Test
    void missedSlotsAreDroppedOnDemand() {
        // half a period has passed since the last slot
        Duration period = Duration.ofHours(1);
        long now = Long.parseLong(one.redis.time().get(0)) * 1000;
        long last = now - Duration.ofMinutes(30).toMillis();
        Recurring hourly = Recurring.of(
                        "hourly",
                        Schedule.of("hourly at half past", after -> {
                            long passed = Math.floorDiv(after.toEpochMilli() - last, period.toMillis()) + 1;
                            return Optional.of(Instant.ofEpochMilli(last + passed * period.toMillis()));
                        }),
                        JobRequest.of("hourly", null))
                .missed(Missed.SKIP);
        restartAfter(hourly, Duration.ofHours(3));

        assertThat(slots("hourly")).isEmpty();
        assertThat(one.redis.hget("queue:q:schedules", "hourly")).contains("\"after\":" + last);
    }

    @Test
    void aSlotThatIsLessThanAMinuteLateIsNotMissed() {
        restartAfter(TICK.missed(Missed.SKIP), Duration.ofSeconds(30));

        assertThat(slots("tick")).hasSize(1);
    }

    @Test
    void missedSlotsAllRunUpToABound() {
        restartAfter(every("tick", 60).overlap(Overlap.ALLOW).missed(Missed.ALL, 7), Duration.ofDays(300));

        List<JobSnapshot> jobs = slots("tick");
        assertThat(jobs).hasSize(7);
        assertThat(slot(jobs.get(6))).isEqualTo(slot(jobs.get(0)).plusSeconds(360));
        assertThat(one.redis.lindex("queue:q:pending", -1))
                .as("the oldest runs first")
                .isEqualTo(jobs.get(0).id());
    }

    // ---- overlap

    @Test
    void aSlotIsSkippedWhileTheLastJobHasNotEnded() {
        Recurring tick = every("tick", 1);
        restartAfter(tick, Duration.ofSeconds(2));
        Claim claim = one.queue.worker().claim(Duration.ZERO).orElseThrow();
        missed("tick", Duration.ofSeconds(2));
        restart(tick);

        assertThat(slots("tick")).isEmpty();
        assertThat(recurring("tick").skipped()).isEqualTo(1);

        one.queue.worker().complete(claim, null);
        missed("tick", Duration.ofSeconds(-1));
        restart(tick);
        await().atMost(Duration.ofSeconds(10)).until(() -> {
            restart(tick);
            return slots("tick").size() == 2;
        });
    }

    @Test
    void slotsMayOverlapOnDemand() {
        Recurring minutely = every("tick", 1).overlap(Overlap.ALLOW);
        restartAfter(minutely, Duration.ofSeconds(2));
        await().atMost(Duration.ofSeconds(10)).until(() -> {
            restart(minutely);
            return slots("tick").size() >= 2;
        });
    }

    // ---- what operators see and do

    @Test
    void aRecurringJobIsListedWithItsNextSlotsAndItsLastResult() {
        Recurring hourly = every("hourly", 3600);
        started(one, hourly);
        RecurringSnapshot fresh = admin.list().get(0);
        assertThat(fresh.schedule()).isEqualTo("every PT1H");
        assertThat(fresh.origin()).isEqualTo(Origin.DECLARED);
        assertThat(fresh.state()).isEqualTo(State.ACTIVE);
        assertThat(fresh.last()).isNull();
        assertThat(fresh.nextSlots()).hasSize(5);
        assertThat(fresh.nextSlots().get(4)).isEqualTo(fresh.nextSlots().get(0).plus(Duration.ofHours(4)));

        missed("hourly", Duration.ofHours(1));
        Chore chore = started(one, hourly);
        chore.round().join();
        assertThat(recurring("hourly").last().outcome()).isEqualTo(Outcome.OPEN);

        Claim claim = one.queue.worker().claim(Duration.ZERO).orElseThrow();
        one.queue.worker().complete(claim, null);
        await().until(() -> {
            chore.round().join();
            return recurring("hourly").last().outcome() == Outcome.COMPLETED;
        });
        one.queue.admin().purge();
        assertThat(recurring("hourly").last().endedAt()).isNotNull();
        assertThat(recurring("hourly").enqueued()).isEqualTo(1);
    }

    @Test
    void theLastErrorStaysKnownWhenTheDeadLetterIsGone() {
        Recurring tick = Recurring.of(
                "tick",
                Schedule.every(Duration.ofHours(1)),
                JobRequest.of("tick", null).maxAttempts(1));
        Chore chore = started(one, tick);
        admin.trigger("tick");
        Claim claim = one.queue.worker().claim(Duration.ZERO).orElseThrow();
        one.queue.worker().fail(claim, "no such table");

        await().until(() -> {
            chore.round().join();
            return recurring("tick").last().outcome() == Outcome.FAILED;
        });
        assertThat(recurring("tick").last().error()).contains("no such table");
    }

    @Test
    void aTriggerEnqueuesAJobAtOnceAlsoWhilePausedAndRespectsTheOverlap() {
        started(one, every("hourly", 3600));
        admin.pause("hourly");

        JobRef first = admin.trigger("hourly");
        JobRef second = admin.trigger("hourly");

        assertThat(first.state()).isEqualTo(JobRef.State.CREATED);
        assertThat(one.job(first.id())).containsEntry("status", "pending");
        assertThat(second).isEqualTo(new JobRef("q", first.id(), JobRef.State.EXISTING));
        assertThatThrownBy(() -> admin.trigger("daily"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("queue 'q' has no recurring job 'daily'");
    }

    @Test
    void aPauseStopsAllInstancesAndOutlivesThemAndResumeMakesUpForNothing() {
        started(one, every("tick", 60));
        assertThat(admin.pause("tick")).isTrue();
        missed("tick", Duration.ofHours(1));
        restart(every("tick", 60));
        started(instance(), every("tick", 60)).round().join();

        assertThat(slots("tick")).isEmpty();
        assertThat(recurring("tick").state()).isEqualTo(State.PAUSED);
        assertThat(recurring("tick").nextSlots()).isEmpty();
        assertThat(recurring("tick").since()).isNotNull();

        assertThat(admin.resume("tick")).isTrue();
        restart(every("tick", 60));
        assertThat(recurring("tick").state()).isEqualTo(State.ACTIVE);
        assertThat(slots("tick").size()).as("a minute may begin just now").isLessThanOrEqualTo(1);
        assertThat(admin.pause("nothing")).isFalse();
        assertThat(admin.resume("nothing")).isFalse();
    }

    @Test
    void aRecurringJobIsMadeChangedAndRemovedAtRunTime() {
        run(one);
        run(instance());
        admin.put(every("tick", 3600).overlap(Overlap.ALLOW));
        admin.put(TICK);
        await().atMost(Duration.ofSeconds(30)).until(() -> slots("tick").size() >= 2);
        assertThat(recurring("tick").origin()).isEqualTo(Origin.RUN_TIME);

        assertThat(admin.remove("tick")).isTrue();
        assertThat(admin.remove("tick")).isFalse();
        assertThat(admin.list()).isEmpty();
        assertThat(one.redis.exists("queue:q:schedules"))
                .as("the queue is idle again")
                .isZero();
    }

    @Test
    void aDeclaredRecurringJobCannotBePutOrRemovedAtRunTime() {
        started(one, TICK);

        assertThatThrownBy(() -> admin.put(TICK))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("'tick' of queue 'q' is declared")
                .hasMessageContaining("choose another name");
        assertThatThrownBy(() -> admin.remove("tick"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("pause it");
    }

    // ---- other versions of the application

    @Test
    void aRollingDeploymentChangesADefinitionOnceAndOnlyWhenTheOldVersionIsGone() {
        Chore old = Chores.recurring(one.queues, "q", every("tick", 3600));
        Chore next = Chores.recurring(instance().queues, "q", every("tick", 7200));
        List<String> seen = new ArrayList<>();
        long end = System.nanoTime() + Duration.ofMillis(1500).toNanos();
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    old.round().join();
                    next.round().join();
                    seen.add(recurring("tick").schedule());
                    return System.nanoTime() > end;
                });
        assertThat(seen).containsOnly("every PT1H");

        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    next.round().join();
                    return recurring("tick").schedule().equals("every PT2H");
                });
        started(one, every("tick", 3600)); // an old instance that restarts changes nothing
        assertThat(recurring("tick").schedule()).isEqualTo("every PT2H");
    }

    @Test
    void whileTwoVersionsRunEitherOfThemRunsTheDefinitionInForce() {
        started(one, TICK);
        Upkeep next = run(instance(), every("tick", 3600));
        Chore old = Chores.recurring(one.queues, "q", TICK);
        await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    heartbeat(old);
                    return slots("tick").size() >= 2;
                });
        next.stop();

        assertThat(recurring("tick").schedule()).isEqualTo("every PT1S");
    }

    /** Declares; the chore is told to begin anew each time, so that it never fires. */
    private static void heartbeat(Chore chore) {
        chore.stop();
        chore.round().join();
    }

    @Test
    void aRecurringJobThatNoInstanceDeclaresAnyMoreStopsAndIsRetiredAndForgotten() {
        started(one, TICK);
        Chore other = Chores.recurring(instance().queues, "q", every("hourly", 3600));
        other.round().join();
        missed("tick", Duration.ofHours(1));

        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    other.round().join();
                    return recurring("tick").state() == State.RETIRED;
                });
        assertThat(slots("tick")).isEmpty();
        assertThat(recurring("tick").nextSlots()).isEmpty();
        assertThat(recurring("hourly").state()).isEqualTo(State.ACTIVE);

        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    other.round().join();
                    return admin.find("tick").isEmpty();
                });
    }

    @Test
    void aRetiredRecurringJobThatComesBackMakesUpForNothing() {
        started(one, TICK);
        missed("tick", Duration.ofHours(1));
        String json = one.redis.hget("queue:q:schedules", "tick");
        one.redis.hset("queue:q:schedules", "tick", json.replaceFirst("\\{", "{\"retired\":1000,"));
        started(one, TICK);

        assertThat(recurring("tick").state()).isEqualTo(State.ACTIVE);
        assertThat(recurring("tick").last()).isNull();
        assertThat(slots("tick")).isEmpty();
    }

    @Test
    void aScheduleThatAnInstanceCannotReadIsLeftToOthers() {
        Recurring other = Recurring.of(
                "moon",
                Schedule.of("at full moon", after -> Optional.of(after.plusSeconds(1))),
                JobRequest.of("m", null));
        started(one, other);
        Bench second = instance();
        String json = one.redis.hget("queue:q:schedules", "moon");
        one.redis.hset("queue:q:schedules", "moon", json.replace("\"code\"", "\"admin\""));
        run(second, TICK);

        await().atMost(Duration.ofSeconds(10)).until(() -> !slots("tick").isEmpty());
        assertThat(slots("moon")).isEmpty();
        assertThatThrownBy(() -> admin.put(other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'at full moon'")
                .hasMessageContaining("declare the recurring job in code");
    }

    // ---- disturbances

    @Test
    void aDamagedScheduleIsDeclaredAgainAndDelaysNoOther() {
        started(one, TICK, every("hourly", 3600));
        one.redis.hset("queue:q:schedules", Map.of("tick", "{]", "stranger", "42"));
        run(one, TICK, every("hourly", 3600));

        await().atMost(Duration.ofSeconds(10)).until(() -> !slots("tick").isEmpty());
        assertThat(admin.list()).extracting(RecurringSnapshot::name).containsExactly("hourly", "tick");
    }

    @Test
    void aScheduleThatFailsHoldsUpNoOther() {
        Recurring broken = Recurring.of(
                "broken",
                Schedule.of("broken", after -> {
                    throw new IllegalStateException("no calendar");
                }),
                JobRequest.of("broken", null));
        run(one, TICK, broken, Recurring.of("stuck", Schedule.of("stuck", Optional::of), JobRequest.of("stuck", null)));

        await().atMost(Duration.ofSeconds(10)).until(() -> !slots("tick").isEmpty());
        assertThat(admin.list()).extracting(RecurringSnapshot::name).containsExactly("broken", "stuck", "tick");
    }

    @Test
    void aClockOfRedisThatWasSetBackDoesNotStopTheSlots() {
        started(one, TICK);
        missed("tick", Duration.ofDays(-400));
        run(one, TICK);

        await().atMost(Duration.ofSeconds(10)).until(() -> slots("tick").size() >= 2);
    }

    @Test
    void aSlotWaitsUntilAFullRedisHasRoomAgain() {
        Recurring hourly = every("hourly", 3600);
        Chore chore = started(one, hourly);
        missed("hourly", Duration.ofHours(1));
        started(one, hourly);
        one.redis.configSet("maxmemory", "1");
        try {
            Chore full = started(one, hourly); // declares, and reads what is due
            assertThatThrownBy(() -> full.round().join()).hasMessageContaining("OOM");
            assertThat(slots("hourly")).isEmpty();
        } finally {
            one.redis.configSet("maxmemory", "0");
        }
        restart(hourly);
        assertThat(slots("hourly")).hasSize(1);
        chore.stop();
    }

    @Test
    void aQueueWithoutRecurringJobsKeepsNothing() {
        Chore chore = started(one);
        chore.round().join();

        assertThat(one.redis.keys("*")).isEmpty();
        assertThat(admin.list()).isEmpty();
    }

    @Test
    void theUpkeepOfAllChoresRunsDeclaredRecurringJobs() {
        List<Chore> chores = new ArrayList<>(one.queues.chores("q"));
        chores.add(one.queues.recurring("q", List.of(TICK)));
        Upkeep upkeep = new Upkeep(chores, JobListener.none());
        closing.add(upkeep::stop);
        upkeep.start();

        await().atMost(Duration.ofSeconds(10)).until(() -> slots("tick").size() >= 2);
    }

    // ---- bad input

    @ParameterizedTest
    @EnumSource(Missed.class)
    void eachPolicyOfMissedSlotsIsReadBack(Missed missed) {
        started(one, TICK.missed(missed));

        assertThat(recurring("tick").missed()).isEqualTo(missed);
        assertThat(recurring("tick").overlap()).isEqualTo(Overlap.ALLOW);
    }

    @Test
    void badInputIsRefusedWithItsPlaceValueAndRemedy() {
        assertThatThrownBy(() -> every("tick", -5)).hasMessageContaining("from 1 s to 366 days, was PT-5S");
        assertThatThrownBy(() -> Schedule.every(Duration.ofNanos(1_500_000_001)))
                .hasMessageContaining("whole milliseconds");
        assertThatThrownBy(() -> every("no name", 1)).hasMessageContaining("name of a recurring job must be");
        assertThatThrownBy(() -> every("tick", 1).missed(Missed.ALL))
                .hasMessageContaining("'tick'")
                .hasMessageContaining("choose overlap ALLOW, or missed ONCE");
        assertThatThrownBy(() -> TICK.missed(Missed.ALL, 0)).hasMessageContaining("from 1 to 1000, was 0");
        assertThatThrownBy(() -> Recurring.of(
                        "tick", TICK.schedule(), JobRequest.of("a", null).id("x")))
                .hasMessageContaining("each slot has its own id and time");
        assertThatThrownBy(() -> Recurring.of(
                        "tick", TICK.schedule(), JobRequest.of("a", null).unique(Unique.untilDone("x"))))
                .hasMessageContaining("'tick' can have no unique key");
        assertThatThrownBy(() -> Schedule.of("line\nbreak", Optional::of)).hasMessageContaining("line\\u000abreak");
        assertThatThrownBy(() -> Schedule.of("stuck", Optional::of).next(Instant.EPOCH))
                .hasMessageContaining("'stuck'")
                .hasMessageContaining("return a later instant");
        assertThatThrownBy(() -> one.queues.recurring("q", List.of(TICK, TICK)))
                .hasMessageContaining("two recurring jobs of queue 'q' are named 'tick'");
        assertThatThrownBy(() -> admin.trigger("a b")).hasMessageContaining("name of a recurring job must be");
    }
}
