package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobEvent.Damage;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRun;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobRuns;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.worker.Told;
import io.lettuce.core.LMoveArgs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How the audit repairs what other clients and operators do to the keys of a queue. */
@RedisServer
class AuditTests {

    private static final Duration LEASE = Duration.ofMillis(300);
    private static final List<String> LISTS = List.of("pending", "processing", "completed", "failed");

    private Bench bench;
    private EmbeddedRedis server;

    @BeforeEach
    void open(EmbeddedRedis redis) {
        server = redis;
        bench = new Bench(redis, settings());
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private static QueueSettings settings() {
        return QueueSettings.defaults()
                .withVisibility(LEASE)
                .withRetry(new RetryPolicy(3, Duration.ZERO, 1, Duration.ZERO, 0));
    }

    private void leaseRunsOut() {
        long over = System.nanoTime() + LEASE.plusMillis(30).toNanos();
        await().pollInterval(Duration.ofMillis(5)).until(() -> System.nanoTime() > over);
    }

    /** Pages until nothing more is found; the queues of these tests take a few pages. */
    private void audit() {
        boolean more;
        do {
            more = false;
            for (int page = 0; page < 4; page++) {
                Audit.Page audit =
                        new Audit(bench.store.redis(), Duration.ZERO).page().join();
                bench.events.addAll(audit.events());
                more |= audit.more();
            }
        } while (more);
    }

    /** What the first audit suspects, the second puts right; the sweep takes what is claimed, as always. */
    private void auditTwice() {
        bench.queue.worker().reclaimStuck();
        leaseRunsOut();
        bench.queue.worker().reclaimStuck();
        audit();
        leaseRunsOut();
        audit();
        bench.queue.worker().reclaimStuck();
        leaseRunsOut(); // a job is lost when two looks missed it, a lease apart
        bench.queue.worker().reclaimStuck();
    }

    private String key(String id) {
        return "queue:q:job:" + id;
    }

    /** Where an id stands, a list as often as it does. */
    private List<String> places(String id) {
        List<String> places = new ArrayList<>();
        LISTS.forEach(name -> bench.list(name).stream().filter(id::equals).forEach(any -> places.add(name)));
        if (bench.redis.zscore("queue:q:delayed", id) != null) {
            places.add("delayed");
        }
        return places;
    }

    private Set<String> repaired(Damage damage) {
        Set<String> ids = new TreeSet<>();
        bench.events.stream()
                .filter(event -> event instanceof JobEvent.Repaired repaired && repaired.damage() == damage)
                .forEach(event -> ids.addAll(((JobEvent.Repaired) event).ids()));
        return ids;
    }

    private long repairs() {
        return bench.events.stream()
                .mapToLong(event -> event instanceof JobEvent.Repaired repaired
                        ? repaired.ids().size()
                        : 0)
                .sum();
    }

    // ---- manners

    @Test
    void aClaimThatLivesIsNotTouched() {
        bench.queue.enqueue(JobRequest.of("email", null).id("one"));
        Claim claim = bench.queue.worker().claim(Duration.ZERO).orElseThrow();

        for (int i = 0; i < 3; i++) {
            assertThat(bench.queue.worker().extend(claim, LEASE)).isTrue();
            Map<String, String> before = bench.job("one");
            audit();
            assertThat(bench.job("one")).isEqualTo(before);
            Duration part = LEASE.dividedBy(2);
            long over = System.nanoTime() + part.toNanos();
            await().pollInterval(Duration.ofMillis(5)).until(() -> System.nanoTime() > over);
        }

        assertThat(bench.queue.worker().complete(claim, null)).isTrue();
        assertThat(repairs()).isZero();
    }

    @Test
    void aClaimThatLivesAndWasTakenOutOfProcessingIsPutBackThereAndCompletes() {
        bench.queue.enqueue(JobRequest.of("email", null).id("one"));
        Claim claim = bench.queue.worker().claim(Duration.ZERO).orElseThrow();
        assertThat(bench.queue.worker().extend(claim, Duration.ofMinutes(1))).isTrue();
        bench.redis.del("queue:q:processing");

        auditTwice();

        assertThat(bench.list("processing")).containsExactly("one");
        assertThat(bench.queue.worker().complete(claim, null)).isTrue();
        assertThat(repaired(Damage.UNLISTED)).containsExactly("one");
    }

    @Test
    void aListThatIsDeletedIsFilledAgain() {
        List<String> ids = IntStream.range(0, 250).mapToObj(i -> "job-" + i).toList();
        bench.queue.enqueueAll(
                ids.stream().map(id -> JobRequest.of("email", null).id(id)).toList());
        bench.redis.del("queue:q:pending");

        auditTwice();

        assertThat(bench.list("pending")).containsExactlyInAnyOrderElementsOf(ids);
        assertThat(repaired(Damage.UNLISTED)).containsExactlyInAnyOrderElementsOf(ids);
        assertThat(bench.queue.worker().claim(Duration.ZERO)).isPresent();
    }

    @Test
    void inALongListTheAuditSearchesOnlyForJobsThatWerePassedOver() {
        List<String> ids = IntStream.range(0, 2500).mapToObj(i -> "job-" + i).toList();
        bench.queue.enqueueAll(
                ids.stream().map(id -> JobRequest.of("email", null).id(id)).toList());
        for (String id : List.of("job-0", "job-1", "job-2000")) {
            bench.redis.lrem("queue:q:pending", 1, id);
        }
        // the first two were enqueued long ago, so their turn has passed
        bench.redis.hset(key("job-0"), "enqueued_at_ms", "1700000000000");
        bench.redis.hset(key("job-1"), "enqueued_at_ms", "1700000000000");

        // whichever of them is put back first is next; the other one's turn has passed only when that one is gone
        await().pollInterval(Duration.ofMillis(5)).until(() -> {
            audit();
            String next = bench.redis.lindex("queue:q:pending", -1);
            if (next.equals("job-0") || next.equals("job-1")) {
                assertThat(bench.queue
                                .worker()
                                .claim(Duration.ZERO)
                                .orElseThrow()
                                .id())
                        .isEqualTo(next);
            }
            return repaired(Damage.UNLISTED).size() == 2;
        });

        assertThat(repaired(Damage.UNLISTED)).containsExactly("job-0", "job-1");
        assertThat(bench.list("pending")).doesNotContain("job-2000");
    }

    @Test
    void suspectsThatHaveLeftTheQueueAreIgnored() {
        for (String id : List.of("lost", "ended")) {
            bench.queue.enqueue(JobRequest.of("email", null).id(id));
        }
        bench.redis.del(key("lost"));
        bench.redis.hset(
                key("ended"),
                Map.of("status", "failed", "last_error_at_ms", String.valueOf(System.currentTimeMillis())));
        audit();
        assertThat(bench.redis.zcard("queue:q:suspects")).isEqualTo(2);

        bench.queue.worker().reclaimStuck();
        assertThat(bench.queue.worker().claim(Duration.ZERO))
                .isEmpty(); // gives the one to the sweep, passes over the other
        bench.queue.worker().reclaimStuck();
        leaseRunsOut();
        audit();
        bench.queue.worker().reclaimStuck();

        assertThat(bench.queue.stats().lostTotal()).isEqualTo(1);
        assertThat(bench.list("processing")).isEmpty();
        assertThat(bench.job("ended")).containsEntry("status", "failed");
    }

    @Test
    void aLookBeforeItsTimeDoesNothing() {
        new Audit(bench.store.redis(), Duration.ofMinutes(1)).round().join();
        bench.queue.enqueue(JobRequest.of("email", null).id("one"));
        bench.redis.expire(key("one"), 300);

        assertThat(Told.by(new Audit(bench.store.redis(), Duration.ofMinutes(1)))
                        .repaired())
                .isEmpty();

        assertThat(bench.redis.ttl(key("one"))).isPositive();
        assertThat(bench.audit().repaired())
                .containsExactly(new JobEvent.Repaired("q", Damage.EXPIRING, List.of("one")));
    }

    @Test
    void endedJobsThatStandInNoHistoryAndThatRetentionWouldNotKeepAreDeleted() {
        try (Bench forgetful = new Bench(
                server,
                settings()
                        .withRetention(new Retention(Duration.ofHours(1), 2), new Retention(Duration.ofHours(1), 2)))) {
            for (int i = 0; i < 3; i++) {
                forgetful.queue.enqueue(
                        JobRequest.of("email", null).id("dead-" + i).maxAttempts(1));
                forgetful
                        .queue
                        .worker()
                        .fail(forgetful.queue.worker().claim(Duration.ZERO).orElseThrow(), "boom");
            }
            forgetful.redis.hset(key("stray"), Map.of("id", "stray", "payload", "{}", "status", "failed"));

            assertThat(forgetful.audit().repaired())
                    .containsExactly(new JobEvent.Repaired("q", Damage.TRIMMED, List.of("stray")));

            assertThat(forgetful.redis.exists(key("stray"))).isZero();
            assertThat(forgetful.list("failed")).containsExactly("dead-2", "dead-1");
        }
    }

    // ---- the mutations

    /** The states in which a foreign hand may find a job. */
    private enum State {
        PENDING("pending"),
        SCHEDULED("delayed"),
        CLAIMED("processing"),
        POPPED_BY_GUIDE("processing"),
        CLAIMED_BY_GUIDE("processing"),
        COMPLETED("completed"),
        COMPLETED_BY_GUIDE("completed"),
        FAILED("failed");

        final String place;

        State(String place) {
            this.place = place;
        }
    }

    private interface Hand {
        void touch(String id, State state);
    }

    private Map<String, Hand> hands() {
        Map<String, Hand> hands = new LinkedHashMap<>();
        hands.put("nothing", (id, state) -> {});
        hands.put("hash deleted", (id, state) -> bench.redis.del(key(id)));
        hands.put("hash replaced by text", (id, state) -> {
            bench.redis.del(key(id));
            bench.redis.set(key(id), "text");
        });
        hands.put("payload deleted", (id, state) -> bench.redis.hdel(key(id), "payload"));
        hands.put("taken out of its list", (id, state) -> {
            bench.redis.lrem("queue:q:" + (state.place.equals("delayed") ? "none" : state.place), 0, id);
            if (state.place.equals("delayed")) {
                bench.redis.zrem("queue:q:delayed", id);
            }
        });
        hands.put("twice in its list", (id, state) -> {
            if (state.place.equals("delayed")) {
                bench.redis.zadd("queue:q:delayed", Double.POSITIVE_INFINITY, id);
            } else {
                bench.redis.lpush("queue:q:" + state.place, id);
            }
        });
        for (String place : LISTS) {
            hands.put("also in " + place, (id, state) -> {
                if (!place.equals(state.place)) {
                    bench.redis.lpush("queue:q:" + place, id);
                }
            });
        }
        hands.put("also in delayed", (id, state) -> {
            if (!state.place.equals("delayed")) {
                bench.redis.zadd("queue:q:delayed", 4e12, id);
            }
        });
        for (String status : List.of("pending", "scheduled", "processing", "completed", "failed", "paused", "")) {
            hands.put("status " + status, (id, state) -> bench.redis.hset(key(id), "status", status));
        }
        hands.put("no status", (id, state) -> bench.redis.hdel(key(id), "status"));
        hands.put("time to live", (id, state) -> bench.redis.expire(key(id), 300));
        for (String field : List.of(
                "attempts",
                "max_attempts",
                "fence",
                "crashes",
                "enqueued_at_ms",
                "claimed_at_ms",
                "due_at_ms",
                "reclaimed_at_ms",
                "last_error_at_ms",
                "completed_at_ms",
                "lease")) {
            hands.put("bad " + field, (id, state) -> bench.redis.hset(key(id), field, "1,5"));
        }
        hands.put("another field", (id, state) -> bench.redis.hset(key(id), "colour", "blue"));
        hands.put("bad id", (id, state) -> bench.redis.hset(key(id), "id", "another"));
        return hands;
    }

    private void bring(String id, State state) {
        JobRequest request = JobRequest.of("email", Map.of("name", id)).id(id);
        switch (state) {
            case PENDING -> bench.queue.enqueue(request);
            case SCHEDULED -> bench.queue.enqueue(request.delay(Duration.ofHours(1)));
            case CLAIMED -> {
                bench.queue.enqueue(request);
                bench.queue.worker().claim(Duration.ZERO).orElseThrow();
            }
            case POPPED_BY_GUIDE, CLAIMED_BY_GUIDE, COMPLETED_BY_GUIDE -> {
                bench.guideEnqueue(id, "{\"kind\":\"email\",\"name\":\"" + id + "\"}");
                bench.redis.lmove("queue:q:pending", "queue:q:processing", LMoveArgs.Builder.rightLeft());
                if (state != State.POPPED_BY_GUIDE) {
                    bench.redis.hset(
                            key(id),
                            Map.of(
                                    "status",
                                    "processing",
                                    "claimed_at_ms",
                                    Long.toString(System.currentTimeMillis()),
                                    "claim_token",
                                    "guide"));
                    bench.redis.hincrby(key(id), "attempts", 1);
                }
                if (state == State.COMPLETED_BY_GUIDE) {
                    bench.redis.lrem("queue:q:processing", 1, id);
                    bench.redis.hset(
                            key(id),
                            Map.of(
                                    "status",
                                    "completed",
                                    "completed_at_ms",
                                    Long.toString(System.currentTimeMillis()),
                                    "result",
                                    "{}"));
                    bench.redis.expire(key(id), 300);
                    bench.redis.lpush("queue:q:completed", id);
                }
            }
            case COMPLETED -> {
                bench.queue.enqueue(request);
                bench.queue
                        .worker()
                        .complete(bench.queue.worker().claim(Duration.ZERO).orElseThrow(), null);
            }
            case FAILED -> {
                bench.queue.enqueue(request.maxAttempts(1));
                bench.queue
                        .worker()
                        .fail(bench.queue.worker().claim(Duration.ZERO).orElseThrow(), "boom");
            }
        }
    }

    @Test
    @Proves(
            fault = "foreign hands spoil a job's keys in 33 ways, in each of its 8 states",
            holds =
                    "after two audits it can be claimed, is history, or is counted as lost; nothing is stuck, nothing silent")
    void afterTwoAuditsADamagedJobIsClaimableInAHistoryOrLost() {
        Map<String, String> hand = new TreeMap<>();
        for (State state : State.values()) {
            // those that wait come last, or the claims of the others would take them
            for (String name : hands().keySet()) {
                if (state != State.PENDING) {
                    String id = (state + "-" + name).replace(' ', '_');
                    bring(id, state);
                    hand.put(id, name);
                }
            }
        }
        hands().keySet().forEach(name -> {
            String id = ("PENDING-" + name).replace(' ', '_');
            bring(id, State.PENDING);
            hand.put(id, name);
        });
        hand.forEach((id, name) -> hands().get(name).touch(id, State.valueOf(id.substring(0, id.indexOf('-')))));
        assertThat(hand).hasSize(264);

        auditTwice();

        List<String> troubles = new ArrayList<>();
        Set<String> lost = ids(JobEvent.Lost.class);
        hand.forEach((id, name) -> {
            String trouble = troubleWith(id, lost);
            if (trouble != null) {
                troubles.add(id + ": " + trouble + " " + bench.job(id));
            }
            if (!name.equals("nothing") && isSilent(id, name)) {
                troubles.add(id + ": nobody heard of it");
            }
        });
        assertThat(troubles).isEmpty();
        hand.keySet().stream()
                .filter(id -> id.endsWith("-nothing") || id.endsWith("-another_field"))
                .forEach(id -> assertThat(Stream.of(Damage.values()))
                        .noneMatch(damage -> repaired(damage).contains(id)));
        assertThat(bench.queue.stats().repairedTotal()).isEqualTo(repairs());

        long before = repairs();
        leaseRunsOut();
        auditTwice();
        assertThat(repairs()).isEqualTo(before);

        Set<String> ran = new TreeSet<>();
        List<Claim> claims;
        do {
            claims = bench.store.claim(50).join().jobs();
            for (Claim claim : claims) {
                assertThat(claim.payload().as(Map.class)).containsEntry("name", claim.id());
                assertThat(ran.add(claim.id())).isTrue();
                assertThat(bench.queue.worker().complete(claim, null)).isTrue();
            }
        } while (!claims.isEmpty());
        assertThat(ran).isNotEmpty();
        assertThat(bench.list("pending")).isEmpty();
        assertThat(bench.list("processing")).isEmpty();
    }

    // ---- runs

    private static final JobRunOptions COUNT = JobRunOptions.of("count").gather(JobRequest.of("report", null));

    @Test
    void theAuditLeavesCancelledUnitsInTheQueueToTheClaimsThatSkipThem() {
        JobRuns runs = bench.queue.runs();
        runs.start("run", List.of("a", "b", "c"), unit -> unit, unit -> Map.of("unit", unit), COUNT);
        assertThat(runs.cancel("run")).isTrue();

        auditTwice();

        assertThat(repairs()).isZero();
        assertThat(bench.list("pending")).hasSize(3);
        assertThat(workEverythingOff()).isEmpty();
        assertThat(bench.list("pending")).isEmpty();
        auditTwice();
        assertThat(repairs()).isZero();
        assertThat(runs.find("run").orElseThrow().failed()).isEqualTo(3);
    }

    @Test
    @Proves(fault = "the same, to units of a started run", holds = "the run ends and is gathered once")
    void aRunWithADamagedUnitEndsAndIsGatheredOnce() {
        Map<String, String> hands = new TreeMap<>();
        hands().forEach((name, hand) -> hands.put(name.replace(' ', '_'), name));
        JobRuns runs = bench.queue.runs();
        hands.keySet().forEach(run -> runs.start(run, List.of("u"), unit -> unit, unit -> Map.of("unit", unit), COUNT));
        hands.forEach((run, name) -> hands().get(name).touch(Ids.ofUnit("q", run, "u"), State.PENDING));

        auditTwice();
        Map<String, Integer> gathers = workEverythingOff();
        // the walk finds the units whose jobs are gone; it is a minute away for runs that were looked at just now
        hands.keySet().forEach(run -> bench.redis.zadd("queue:q:agenda", 0, run));
        Tend.page(bench.store.redis(), Duration.ZERO, new Events("q"), 10 * hands.size(), false)
                .join();
        leaseRunsOut();
        hands.keySet().forEach(run -> bench.redis.zadd("queue:q:agenda", 0, run));
        Tend.page(bench.store.redis(), Duration.ZERO, new Events("q"), 10 * hands.size(), false)
                .join();
        workEverythingOff().forEach((run, times) -> gathers.merge(run, times, Integer::sum));

        assertThat(gathers).containsOnlyKeys(hands.keySet()).allSatisfy((run, times) -> assertThat(times)
                .isEqualTo(1));
        assertThat(hands.keySet()).allSatisfy(run -> {
            JobRun ended = runs.find(run).orElseThrow();
            assertThat(ended.gather()).isEqualTo(JobRun.Gather.COMPLETED);
            assertThat(ended.done() + ended.failed()).isEqualTo(1);
            assertThat(bench.redis.hgetall("queue:q:units:" + run))
                    .containsOnly(Map.entry("u", Ids.ofUnit("q", run, "u")));
        });
        long before = repairs();
        auditTwice();
        assertThat(repairs()).isEqualTo(before);
    }

    /** Runs all that can be claimed; returns how often each run was gathered. */
    private Map<String, Integer> workEverythingOff() {
        Map<String, Integer> gathers = new TreeMap<>();
        List<Claim> claims;
        do {
            claims = bench.store.claim(50).join().jobs();
            for (Claim claim : claims) {
                if (claim.gathers() != null) {
                    gathers.merge(claim.gathers(), 1, Integer::sum);
                }
                assertThat(bench.queue.worker().complete(claim, claim.id())).isTrue();
            }
        } while (!claims.isEmpty());
        return gathers;
    }

    private Set<String> ids(Class<? extends JobEvent> type) {
        Set<String> ids = new TreeSet<>();
        for (JobEvent event : bench.events) {
            if (!type.isInstance(event)) {
                continue;
            }
            if (event instanceof JobEvent.Lost lost) {
                ids.addAll(lost.ids());
            } else if (event instanceof JobEvent.Reclaimed reclaimed) {
                ids.addAll(reclaimed.ids());
            } else if (event instanceof JobEvent.WorkerDied died) {
                ids.addAll(died.ids());
            } else if (event instanceof JobEvent.Repaired repaired) {
                ids.addAll(repaired.ids());
            }
        }
        return ids;
    }

    /** What is wrong with a job, if anything. */
    private String troubleWith(String id, Set<String> lost) {
        List<String> places = places(id);
        if (!"hash".equals(bench.redis.type(key(id)))) {
            return places.isEmpty()
                            && (lost.contains(id) || repaired(Damage.HISTORY).contains(id))
                    ? null
                    : "gone, and stands in " + places;
        }
        Map<String, String> job = bench.job(id);
        String status = job.get("status");
        List<String> right = List.of("scheduled".equals(status) ? "delayed" : String.valueOf(status));
        if (places.isEmpty() && status.equals("completed") && bench.redis.ttl(key(id)) > 0) {
            return null; // a guide client's, which is gone by itself
        }
        if (!places.equals(right)) {
            return "stands in " + places;
        }
        if (right.equals(List.of("processing"))) {
            return "is claimed for ever";
        }
        boolean ended = status.equals("completed") || status.equals("failed");
        if (!ended && !job.containsKey("payload")) {
            return "would run without payload";
        }
        if (!ended && bench.redis.ttl(key(id)) != -1) {
            return "expires";
        }
        for (String field : ended
                ? List.of(status.equals("completed") ? "completed_at_ms" : "last_error_at_ms")
                : List.of("attempts", "enqueued_at_ms", "claimed_at_ms", "due_at_ms", "crashes", "max_attempts")) {
            if (!job.getOrDefault(field, "0").matches("\\d+")) {
                return "has a bad " + field;
            }
        }
        return ended || job.get("id").equals(id) ? null : "has another id";
    }

    /**
     * Whether a hand that did something went unheard. Jobs that were claimed are heard of when the sweep takes them.
     */
    private boolean isSilent(String id, String hand) {
        Set<String> heard = new TreeSet<>(ids(JobEvent.class));
        if (heard.contains(id)) {
            return false;
        }
        State state = State.valueOf(id.substring(0, id.indexOf('-')));
        boolean nothingChanged = hand.equals("another field")
                || hand.equals("also in " + state.place)
                || hand.equals("status " + (state.place.equals("delayed") ? "scheduled" : state.place))
                || state == State.COMPLETED_BY_GUIDE && hand.equals("time to live");
        boolean ended = state.place.equals("completed") || state.place.equals("failed");
        // of an ended job nobody reads more than these
        boolean unread = ended
                && (hand.startsWith("bad ")
                                && !hand.equals(
                                        state.place.equals("failed") ? "bad last_error_at_ms" : "bad completed_at_ms")
                        || hand.equals("payload deleted")
                        || hand.equals("time to live"));
        boolean unreadWhileWaiting = hand.equals("bad completed_at_ms") || hand.equals("bad lease");
        // a guide client's ended job is gone by itself, wherever it stands
        boolean expires = state == State.COMPLETED_BY_GUIDE && hand.equals("taken out of its list");
        return !(nothingChanged || unread || unreadWhileWaiting || expires);
    }
}
