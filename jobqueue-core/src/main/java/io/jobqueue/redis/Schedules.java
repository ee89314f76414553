package io.jobqueue.redis;

import io.jobqueue.JobEvent;
import io.jobqueue.RecurringSnapshot.Origin;
import io.jobqueue.Schedule;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.LogText;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The recurring jobs of one queue. Every instance runs this chore and computes which slots are due. A script then makes
 * sure that only the first instance enqueues the job of a slot.
 *
 * <h2>Which instance runs which recurring job</h2>
 *
 * <p>The instances that declare a recurring job run it; all instances run one that was created at run time. So a
 * recurring job that was removed from the code stops with the last instance that declares it, and is retired a minute
 * later.
 *
 * <h2>Cost</h2>
 *
 * <p>A queue without recurring jobs only shares the check of {@link Presence}, at the interval of the sweep. With
 * recurring jobs, an instance sends a short script a second, and one more when a slot is due. Rounds between them send
 * nothing.
 */
final class Schedules implements Chore {

    private static final Logger log = LoggerFactory.getLogger(Schedules.class);

    private static final Script FIRE = Script.of(ScriptOutputType.MULTI, "upkeep/fire-slots");
    private static final Script DECLARE = Script.of(ScriptOutputType.MULTI, "upkeep/declare-schedules");

    /** Between two looks at what other instances changed. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** Rounds come up to a fifth early. */
    private static final Duration EARLY = LOOK.dividedBy(4);

    private final QueueRedis redis;
    private final Presence presence;
    private final Duration interval;
    private final Map<String, WrittenSchedule> declared;
    private final ScheduleTexts texts;
    private final Declaring declaring;

    // of one round at a time
    private final Set<String> told = new HashSet<>();
    private volatile Known known = Known.NOTHING;
    private volatile long looksAt = System.nanoTime();
    private volatile long declaresAt = System.nanoTime();
    private volatile OptionalLong declaringSince = OptionalLong.empty();

    /**
     * Makes the chore of a queue.
     *
     * @param interval the time between two looks whether there are recurring jobs
     * @param declared what this instance declares
     * @param texts reads schedules that other instances declared or put
     */
    Schedules(
            QueueRedis redis,
            Presence presence,
            Duration interval,
            List<WrittenSchedule> declared,
            ScheduleTexts texts,
            Declaring declaring) {
        this.redis = redis;
        this.presence = presence;
        this.interval = interval;
        this.declared = declared.stream().collect(Collectors.toMap(WrittenSchedule::name, Function.identity()));
        this.texts = texts;
        this.declaring = declaring;
    }

    /**
     * The times of declarations.
     *
     * @param pause between two declarations of an instance
     * @param grace how long a definition stays in force after it was declared last
     * @param retire how long until a recurring job is retired that is declared no more
     * @param kept how long a retired one is kept
     */
    record Declaring(Duration pause, Duration grace, Duration retire, Duration kept) {

        static Declaring usual() {
            return new Declaring(
                    Duration.ofSeconds(3), Duration.ofSeconds(10), Duration.ofMinutes(1), Duration.ofDays(30));
        }
    }

    /** A recurring job that this instance runs. */
    private record Active(StoredSchedule stored, Schedule schedule, Optional<Instant> next) {}

    /**
     * What the last look saw.
     *
     * @param version the version of the schedules
     * @param time the time of the look, by Redis's clock
     * @param seenAt the time of the look, by this machine's ticks
     * @param count how many recurring jobs there are
     */
    private record Known(String version, Instant time, long seenAt, int count, List<Active> active, List<String> open) {

        static final Known NOTHING = new Known("", Instant.EPOCH, 0, 0, List.of(), List.of());

        /** The time by Redis's clock, never ahead of it. */
        Instant now() {
            return time.plusNanos(System.nanoTime() - seenAt);
        }

        /** How long until the next slot is due; empty when none is known. */
        Optional<Duration> untilNextSlot() {
            Instant now = now();
            return active.stream()
                    .flatMap(job -> job.next().stream())
                    .min(Instant::compareTo)
                    .map(next -> Duration.between(now, next));
        }
    }

    @Override
    public String queue() {
        return redis.name();
    }

    @Override
    public String name() {
        return "schedule";
    }

    @Override
    public CompletableFuture<Round> round() {
        if (declared.isEmpty() && known.count() == 0) {
            return QueueRedis.attempt(() -> presence.look(redis.keys().schedules()))
                    .thenCompose(seen ->
                            seen.exists() ? look() : CompletableFuture.completedFuture(new Round(List.of(), interval)));
        }
        return declaresAt - System.nanoTime() <= 0 ? declare().thenCompose(done -> look()) : lookIfDue();
    }

    @Override
    public void stop() {
        known = Known.NOTHING;
        looksAt = System.nanoTime();
        declaresAt = System.nanoTime();
        declaringSince = OptionalLong.empty();
    }

    private CompletableFuture<?> declare() {
        long now = System.nanoTime();
        long since = declaringSince.orElse(now);
        declaringSince = OptionalLong.of(since);
        List<String> args =
                Args.of(Duration.ofNanos(now - since), declaring.grace(), declaring.retire(), declaring.kept());
        declared.values().forEach(each -> {
            args.add(each.name());
            args.addAll(each.definition());
        });
        return redis.<List<String>>call(DECLARE, args).thenAccept(others -> {
            declaresAt = System.nanoTime() + declaring.pause().toNanos();
            others.stream().filter(name -> told.add("other " + name)).forEach(this::tellOfOther);
        });
    }

    private void tellOfOther(String name) {
        log.info(
                "Queue {}: instances with another definition of the recurring job '{}' are running; '{}' takes force {} s after the last of them",
                queue(),
                name,
                Objects.requireNonNull(declared.get(name)).schedule().text(),
                declaring.grace().toSeconds());
    }

    private CompletableFuture<Round> lookIfDue() {
        boolean isSlotDue = known.untilNextSlot()
                .filter(until -> until.compareTo(Duration.ZERO) <= 0)
                .isPresent();
        return isSlotDue || looksAt - EARLY.toNanos() - System.nanoTime() <= 0
                ? look()
                : CompletableFuture.completedFuture(new Round(List.of(), pause()));
    }

    /** Until the next slot, but never longer than until the next look. */
    private Duration pause() {
        Duration untilLook = Duration.ofNanos(Math.max(0, looksAt - System.nanoTime()));
        Duration pause = known.untilNextSlot()
                .filter(until -> until.compareTo(untilLook) < 0)
                .orElse(untilLook);
        return pause.compareTo(Duration.ofMillis(1)) < 0 ? Duration.ofMillis(1) : pause;
    }

    /**
     * Fires what is due, and reads what changed. What this look learns to be due is fired by the next round, at once.
     */
    private CompletableFuture<Round> look() {
        Known before = known;
        Instant now = before.now();
        List<String> args = Args.of(before.version(), before.open().size());
        args.addAll(before.open());
        for (Active job : before.active()) {
            due(job, now).ifPresent(due -> addDue(args, job.stored(), due));
        }
        return redis.ask(FIRE, args).thenApply(reply -> {
            Instant time = Instant.ofEpochMilli(Reply.wholeNumber(reply.text()));
            String version = reply.text();
            List<JobEvent> events = fired(reply.list());
            Reply all = reply.listOrNull();
            known = all == null ? sameAt(before, time) : known(version, time, all);
            looksAt = System.nanoTime() + LOOK.toNanos();
            return new Round(events, pause());
        });
    }

    private void addDue(List<String> args, StoredSchedule stored, DueSlots due) {
        if (due.isLate()) {
            log.info(
                    "Queue {}: the recurring job '{}' was not run since {}; of the slots that were missed, {} run now",
                    queue(),
                    stored.name(),
                    stored.after(),
                    due.run().size());
        }
        args.add(stored.name());
        args.add(Long.toString(stored.after().toEpochMilli()));
        args.add(Long.toString(due.upTo().toEpochMilli()));
        args.add(Integer.toString(due.run().size()));
        due.run().forEach(slot -> args.add(slot.toString()));
    }

    private List<JobEvent> fired(Reply reply) {
        List<JobEvent> events = new ArrayList<>();
        while (reply.hasNext()) {
            String name = reply.text();
            String slot = reply.text();
            String id = reply.text();
            String kind = reply.text();
            String how = reply.text();
            if (how.equals("enqueued")) {
                events.add(new JobEvent.Enqueued(queue(), kind, id));
            } else if (how.equals("skipped")) {
                log.info(
                        "Queue {}: the slot {} of the recurring job '{}' is skipped, because its last job has not ended",
                        queue(),
                        slot,
                        name);
            }
        }
        return events;
    }

    private static Known sameAt(Known before, Instant time) {
        return new Known(before.version(), time, System.nanoTime(), before.count(), before.active(), before.open());
    }

    private Known known(String version, Instant time, Reply all) {
        List<Active> active = new ArrayList<>();
        List<String> open = new ArrayList<>();
        int count = all.left();
        while (all.hasNext()) {
            StoredSchedule stored = StoredSchedule.read(all.list());
            if (stored.last() != null && stored.last().open()) {
                open.add(stored.name());
            }
            if (stored.isActive() && runsHere(stored)) {
                scheduleOf(stored).flatMap(schedule -> active(stored, schedule)).ifPresent(active::add);
            }
        }
        return new Known(version, time, System.nanoTime(), count, List.copyOf(active), List.copyOf(open));
    }

    /** A schedule that fails holds up no other. */
    private Optional<Active> active(StoredSchedule stored, Schedule schedule) {
        try {
            return Optional.of(new Active(stored, schedule, schedule.next(stored.after())));
        } catch (RuntimeException ex) {
            tellOfFailed(stored, ex);
            return Optional.empty();
        }
    }

    private Optional<DueSlots> due(Active job, Instant now) {
        try {
            return job.next().filter(next -> !next.isAfter(now)).isPresent()
                    ? DueSlots.find(job.stored(), job.schedule(), now)
                    : Optional.empty();
        } catch (RuntimeException ex) {
            tellOfFailed(job.stored(), ex);
            return Optional.empty();
        }
    }

    private void tellOfFailed(StoredSchedule stored, RuntimeException failure) {
        if (told.add("failed " + stored.name() + " " + stored.text())) {
            log.error(
                    "Queue {}: the schedule '{}' of the recurring job '{}' fails, so the job does not run",
                    queue(),
                    LogText.oneLine(stored.text()),
                    stored.name(),
                    failure);
        }
    }

    private boolean runsHere(StoredSchedule stored) {
        return stored.origin() == Origin.RUN_TIME || declared.containsKey(stored.name());
    }

    private Optional<Schedule> scheduleOf(StoredSchedule stored) {
        WrittenSchedule own = declared.get(stored.name());
        if (own != null && own.schedule().text().equals(stored.text())) {
            return Optional.of(own.schedule());
        }
        Optional<Schedule> read = texts.read(stored.text());
        if (read.isEmpty() && told.add("unread " + stored.name() + " " + stored.text())) {
            log.warn(
                    "Queue {}: the schedule '{}' of the recurring job '{}' cannot be read by this application, which leaves it to others",
                    queue(),
                    LogText.oneLine(stored.text()),
                    stored.name());
        }
        return read;
    }
}
