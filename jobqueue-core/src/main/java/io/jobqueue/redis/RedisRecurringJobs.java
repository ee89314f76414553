package io.jobqueue.redis;

import static io.jobqueue.redis.Answers.waitFor;

import io.jobqueue.JobEvent;
import io.jobqueue.JobRef;
import io.jobqueue.Names;
import io.jobqueue.Recurring;
import io.jobqueue.RecurringJobs;
import io.jobqueue.RecurringSnapshot;
import io.jobqueue.RecurringSnapshot.Outcome;
import io.jobqueue.RecurringSnapshot.State;
import io.jobqueue.Schedule;
import io.lettuce.core.ScriptOutputType;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The recurring jobs of one queue. */
final class RedisRecurringJobs implements RecurringJobs {

    private static final Script LIST = Script.of(ScriptOutputType.MULTI, "admin/schedules");
    private static final Script CHANGE = Script.of(ScriptOutputType.VALUE, "admin/recurring");
    private static final Script TRIGGER = Script.of(ScriptOutputType.MULTI, "admin/trigger");

    private static final int NEXT_SLOTS = 5;

    private final QueueRedis redis;
    private final Application application;

    RedisRecurringJobs(QueueRedis redis, Application application) {
        this.redis = redis;
        this.application = application;
    }

    // ---- look

    @Override
    public List<RecurringSnapshot> list() {
        return read(List.of());
    }

    @Override
    public Optional<RecurringSnapshot> find(String name) {
        return read(List.of(Names.recurring(name))).stream().findFirst();
    }

    private List<RecurringSnapshot> read(List<String> names) {
        Reply reply = waitFor(() -> redis.ask(LIST, names));
        Instant now = Instant.ofEpochMilli(Reply.wholeNumber(reply.text()));
        Reply all = reply.list();
        List<RecurringSnapshot> found = new ArrayList<>();
        while (all.hasNext()) {
            found.add(snapshot(StoredSchedule.read(all.list()), now));
        }
        found.sort(Comparator.comparing(RecurringSnapshot::name));
        return List.copyOf(found);
    }

    private RecurringSnapshot snapshot(StoredSchedule stored, Instant now) {
        State state = stored.retired() != null ? State.RETIRED : stored.paused() != null ? State.PAUSED : State.ACTIVE;
        return new RecurringSnapshot(
                redis.name(),
                stored.name(),
                stored.text(),
                stored.kind(),
                stored.origin(),
                state,
                state == State.RETIRED ? stored.retired() : stored.paused(),
                stored.missed(),
                stored.overlap(),
                state == State.ACTIVE ? nextSlots(stored, now) : List.of(),
                last(stored.last()),
                stored.enqueued(),
                stored.skipped());
    }

    private List<Instant> nextSlots(StoredSchedule stored, Instant now) {
        Optional<Schedule> schedule = application.schedules().read(stored.text());
        return schedule.stream()
                .flatMap(read ->
                        Stream.iterate(read.next(now), Optional::isPresent, slot -> read.next(slot.orElseThrow())))
                .limit(NEXT_SLOTS)
                .map(Optional::orElseThrow)
                .toList();
    }

    private static RecurringSnapshot.@Nullable Last last(StoredSchedule.@Nullable LastJob job) {
        if (job == null) {
            return null;
        }
        Outcome outcome =
                switch (job.outcome()) {
                    case "completed" -> Outcome.COMPLETED;
                    case "failed" -> Outcome.FAILED;
                    case "gone" -> Outcome.GONE;
                    default -> Outcome.OPEN;
                };
        return new RecurringSnapshot.Last(job.id(), job.slot(), outcome, job.ended(), job.error());
    }

    // ---- change

    @Override
    public void put(Recurring job) {
        String kind = job.job().kind();
        application.route(kind).filter(queue -> !queue.equals(redis.name())).ifPresent(queue -> {
            throw new IllegalArgumentException(
                    "the kind '%s' is routed to queue '%s', so the recurring job '%s' cannot be on queue '%s'; put it on queue '%s', as in jobs.on(\"%s\").admin().recurring()"
                            .formatted(kind, queue, job.name(), redis.name(), queue, queue));
        });
        String text = job.schedule().text();
        if (application.schedules().read(text).isEmpty()) {
            throw new IllegalArgumentException(
                    "no instance could read the schedule '%s' of the recurring job '%s' from its text; use Schedule.every or a CronSchedule, or declare the recurring job in code"
                            .formatted(text, job.name()));
        }
        WrittenSchedule written = WrittenSchedule.of(redis, job);
        if (change("put", job.name(), written.definition()).equals("declared")) {
            throw declared(job.name(), "choose another name, or change the declaration");
        }
    }

    @Override
    public boolean remove(String name) {
        String answer = change("remove", Names.recurring(name), List.of());
        if (answer.equals("declared")) {
            throw declared(name, "remove it there, or pause it");
        }
        return answer.equals("done");
    }

    private IllegalStateException declared(String name, String remedy) {
        return new IllegalStateException(
                "the recurring job '%s' of queue '%s' is declared by instances of the application; %s"
                        .formatted(name, redis.name(), remedy));
    }

    @Override
    public boolean pause(String name) {
        return change("pause", Names.recurring(name), List.of()).equals("done");
    }

    @Override
    public boolean resume(String name) {
        return change("resume", Names.recurring(name), List.of()).equals("done");
    }

    private String change(String verb, String name, List<String> definition) {
        List<String> args = Args.of(verb, name);
        args.addAll(definition);
        return waitFor(() -> redis.<String>call(CHANGE, args));
    }

    // ---- trigger

    @Override
    public JobRef trigger(String name) {
        List<String> args = List.of(Names.recurring(name), Ids.ordered());
        Reply reply = waitFor(() -> redis.ask(TRIGGER, args));
        String answer = reply.text();
        if (answer.equals("absent")) {
            throw new IllegalArgumentException("queue '%s' has no recurring job '%s'; list() returns the existing ones"
                    .formatted(redis.name(), name));
        }
        String id = reply.text();
        boolean created = answer.equals("enqueued");
        if (created) {
            application.listener().on(new JobEvent.Enqueued(redis.name(), reply.text(), id));
        }
        return new JobRef(redis.name(), id, created ? JobRef.State.CREATED : JobRef.State.EXISTING);
    }
}
