package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.JobEvent.Damage;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.redis.AuditedJob.Key;
import io.jobqueue.redis.Repair.Act;
import io.jobqueue.redis.Suspicion.Look;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The verdicts of the audit, without Redis: damaged jobs go in, findings come out. */
class AuditJudgeTests {

    private static final long NOW = 1_800_000_000_000L;
    private static final long LEASE = 30_000;
    private static final String TOKEN = "0123456789abcdef";
    private static final QueueSettings SETTINGS = QueueSettings.defaults()
            .withVisibility(Duration.ofMillis(LEASE))
            .withRetention(new Retention(Duration.ofHours(1), 100), new Retention(Duration.ofHours(1), 100));

    /**
     * The findings for each hand, in each state. A letter for each finding: E removes a time to live, F mends fields, H
     * takes an id without job out of a history, L gives an id without job to the sweep, M takes an id out of a wrong
     * list, m does so and gives it to the sweep, D takes copies out, S sets the status, U puts a job where its status
     * says, u gives it to the sweep, T puts an ended job back into its history, R deletes what is no job. A dot:
     * nothing is wrong, or it is left to the sweep.
     */
    private static final String TABLE =
            """
            hand                    PENDING            SCHEDULED          CLAIMED            POPPED_BY_GUIDE    CLAIMED_BY_GUIDE   COMPLETED          COMPLETED_BY_GUIDE FAILED
            nothing                 .                  .                  .                  .                  .                  .                  .                  .
            hash deleted            L                  L                  .                  .                  .                  H                  H                  H
            hash replaced by text   L                  L                  .                  .                  .                  H                  H                  H
            payload deleted         L                  L                  .                  .                  .                  .                  .                  .
            taken out of its list   U                  U                  u                  U                  u                  T                  .                  T
            twice in its list       D                  .                  D                  D                  D                  D                  D                  D
            also in pending         .                  M                  m                  .                  m                  M                  M                  M
            also in processing      .                  .                  .                  .                  .                  .                  .                  .
            also in completed       M                  M                  m                  S                  m                  .                  .                  M
            also in failed          M                  M                  m                  S                  m                  M                  M                  .
            also in delayed         M                  .                  m                  S                  m                  M                  M                  M
            status 'pending'        .                  S                  .                  .                  .                  S                  ES                 S
            status 'scheduled'      S                  .                  .                  .                  .                  S                  ES                 S
            status 'processing'     S                  S                  .                  .                  .                  m                  Em                 S
            status 'completed'      S                  S                  .                  .                  .                  .                  .                  S
            status 'failed'         S                  S                  .                  .                  .                  S                  S                  .
            status 'paused'         S                  S                  .                  .                  .                  S                  S                  S
            status ''               S                  S                  .                  .                  .                  S                  S                  S
            no status               S                  S                  .                  .                  .                  S                  S                  S
            time to live            E                  E                  E                  E                  E                  .                  .                  .
            bad attempts            F                  F                  .                  F                  .                  .                  .                  .
            bad max_attempts        F                  F                  .                  F                  .                  .                  .                  .
            bad fence               F                  F                  .                  F                  .                  .                  .                  .
            bad crashes             F                  F                  .                  F                  .                  .                  .                  .
            bad enqueued_at_ms      F                  F                  .                  F                  .                  .                  .                  .
            bad claimed_at_ms       F                  F                  .                  F                  .                  .                  .                  .
            bad due_at_ms           F                  F                  .                  F                  .                  .                  .                  .
            bad reclaimed_at_ms     F                  F                  .                  F                  .                  .                  .                  .
            bad last_error_at_ms    F                  F                  .                  F                  .                  .                  .                  F
            bad completed_at_ms     .                  .                  .                  .                  .                  F                  F                  .
            bad lease               .                  .                  .                  .                  .                  .                  .                  .
            another field           .                  .                  .                  .                  .                  .                  .                  .
            bad id                  F                  F                  .                  F                  .                  .                  .                  .
            """;

    /** The states in which a foreign hand may find a job, and where its id stands then. */
    private enum State {
        PENDING(Place.PENDING),
        SCHEDULED(Place.DELAYED),
        CLAIMED(Place.PROCESSING),
        POPPED_BY_GUIDE(Place.PROCESSING),
        CLAIMED_BY_GUIDE(Place.PROCESSING),
        COMPLETED(Place.COMPLETED),
        COMPLETED_BY_GUIDE(Place.COMPLETED),
        FAILED(Place.FAILED);

        final Place place;

        State(Place place) {
            this.place = place;
        }
    }

    /** A job as Redis would hold it, in lists so short that they are read at once. */
    private static final class Job {

        final Map<String, String> fields = new TreeMap<>();
        final Map<Place, Integer> copies = new EnumMap<>(Place.class);
        final Place place;
        Key key = Key.HASH;
        boolean payload = true;
        long timeToLive = -1;

        Job(State state) {
            place = state.place;
            for (Place each : Place.values()) {
                copies.put(each, each == place ? 1 : 0);
            }
            with("id", "one", "attempts", "0", "claim_token", "", "enqueued_at_ms", ago(60));
            switch (state) {
                case PENDING, POPPED_BY_GUIDE -> with("status", "pending");
                case SCHEDULED -> with("status", "scheduled", "due_at_ms", ago(-3600));
                case CLAIMED -> {
                    with("status", "processing", "attempts", "1", "claim_token", TOKEN, "claimed_at_ms", ago(1));
                    with("fence", "7", "lease", TOKEN + ":" + ago(-29) + ":" + LEASE);
                }
                case CLAIMED_BY_GUIDE ->
                    with("status", "processing", "attempts", "1", "claim_token", "guide", "claimed_at_ms", ago(1));
                case COMPLETED ->
                    with("status", "completed", "attempts", "1", "claim_token", TOKEN, "completed_at_ms", ago(5));
                case COMPLETED_BY_GUIDE -> {
                    with("status", "completed", "attempts", "1", "claim_token", "guide", "completed_at_ms", ago(5));
                    timeToLive = 295_000;
                }
                case FAILED -> with("status", "failed", "attempts", "1", "last_error_at_ms", ago(5));
            }
        }

        Job with(String... pairs) {
            for (int i = 0; i < pairs.length; i += 2) {
                fields.put(pairs[i], pairs[i + 1]);
            }
            return this;
        }

        /** The lists of some places are too long to be read at once. */
        Job unknownIn(Place... places) {
            for (Place each : places) {
                copies.remove(each);
            }
            return this;
        }

        Job nowhere() {
            copies.replaceAll((each, times) -> 0);
            return this;
        }

        void delete() {
            key = Key.ABSENT;
            payload = false;
            fields.clear();
            timeToLive = -1;
        }

        AuditedJob look() {
            String state = key == Key.HASH ? "5a" : "";
            return new AuditedJob("one", key, payload, state, timeToLive, fields, copies);
        }
    }

    private static String ago(long seconds) {
        return Long.toString(NOW - 1000 * seconds);
    }

    private static Map<String, BiConsumer<Job, State>> hands() {
        Map<String, BiConsumer<Job, State>> hands = new LinkedHashMap<>();
        hands.put("nothing", (job, state) -> {});
        hands.put("hash deleted", (job, state) -> job.delete());
        hands.put("hash replaced by text", (job, state) -> {
            job.delete();
            job.key = Key.ANOTHER_TYPE;
        });
        hands.put("payload deleted", (job, state) -> job.payload = false);
        hands.put("taken out of its list", (job, state) -> job.nowhere());
        hands.put(
                "twice in its list",
                (job, state) -> job.copies.computeIfPresent(
                        job.place, (place, times) -> place == Place.DELAYED ? times : times + 1));
        for (Place place : List.of(Place.PENDING, Place.PROCESSING, Place.COMPLETED, Place.FAILED, Place.DELAYED)) {
            hands.put("also in " + place.key(), (job, state) -> job.copies.put(place, 1));
        }
        for (String status : List.of("pending", "scheduled", "processing", "completed", "failed", "paused", "")) {
            hands.put("status '" + status + "'", (job, state) -> job.with("status", status));
        }
        hands.put("no status", (job, state) -> job.fields.remove("status"));
        hands.put("time to live", (job, state) -> job.timeToLive = 300_000);
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
            hands.put("bad " + field, (job, state) -> job.with(field, "1,5"));
        }
        hands.put("another field", (job, state) -> {});
        hands.put("bad id", (job, state) -> job.with("id", "another"));
        return hands;
    }

    private static AuditJudge judge() {
        return judge(Map.of(), Map.of());
    }

    private static AuditJudge judge(Map<Place, Long> lengths, Map<Place, List<AuditedJob>> next) {
        return new AuditJudge(SETTINGS, new QueueLook(NOW, lengths, next));
    }

    /** All that the walk over the lists and the look for keys find. */
    private static List<Finding> findings(AuditedJob job) {
        List<Finding> findings = new ArrayList<>();
        for (Place place : Place.values()) {
            if (job.copies().getOrDefault(place, 0) > 0) {
                findings.addAll(judge().inPlace(place, job));
            }
        }
        if (job.key() == Key.HASH) {
            findings.addAll(judge().byKey(job));
        }
        return findings;
    }

    private static String letters(AuditedJob job) {
        String letters = findings(job).stream()
                .map(finding -> letter(finding.repair()))
                .distinct()
                .sorted()
                .collect(Collectors.joining());
        return letters.isEmpty() ? "." : letters;
    }

    private static String letter(@Nullable Repair repair) {
        if (repair == null) {
            return "?";
        } else if (repair.damage() == null) {
            return "L";
        }
        boolean toSweep = repair.act() == Act.HAND_OVER;
        return switch (repair.damage()) {
            case UNLISTED -> toSweep ? "u" : "U";
            case MISPLACED -> toSweep ? "m" : "M";
            case TRIMMED -> repair.act() == Act.PUT_BACK ? "T" : repair.act() == Act.DELETE ? "t" : "x";
            default -> repair.damage().name().substring(0, 1);
        };
    }

    @Test
    void findsEveryKindOfDamageToAJobInEveryState() {
        StringBuilder table = new StringBuilder("%-23s".formatted("hand"));
        Stream.of(State.values()).forEach(state -> table.append(" %-18s".formatted(state)));
        hands().forEach((name, hand) -> {
            table.append("\n%-23s".formatted(name));
            for (State state : State.values()) {
                Job job = new Job(state);
                hand.accept(job, state);
                table.append(" %-18s".formatted(letters(job.look())));
            }
        });

        assertThat(table.toString().lines().map(String::stripTrailing))
                .containsExactlyElementsOf(TABLE.lines().toList());
        assertThat(hands().size() * State.values().length).isEqualTo(264);
    }

    /** Whatever the lists hold that nobody read, the repair is the one that would follow if somebody had read them. */
    @Test
    void repairsNothingThatDependsOnAnUnreadList() {
        List<Place> lists = List.of(Place.PENDING, Place.PROCESSING, Place.COMPLETED, Place.FAILED);
        List<String> unproven = new ArrayList<>();
        hands().forEach((name, hand) -> {
            for (State state : State.values()) {
                for (int unread = 1; unread < 1 << lists.size(); unread++) {
                    for (int held = 0; held < 1 << lists.size(); held++) {
                        Job known = new Job(state);
                        hand.accept(known, state);
                        Job unknown = new Job(state);
                        hand.accept(unknown, state);
                        for (int i = 0; i < lists.size(); i++) {
                            if ((unread >> i & 1) == 1) {
                                known.copies.put(lists.get(i), held >> i & 1);
                                unknown.unknownIn(lists.get(i));
                            }
                        }
                        List<Repair> right = repairs(findings(known.look()));
                        repairs(findings(unknown.look())).stream()
                                .filter(repair -> repair.act() != Act.MEND && !right.contains(repair))
                                .map(repair -> name + " in " + state + ": " + repair)
                                .forEach(unproven::add);
                    }
                }
            }
        });

        assertThat(unproven).isEmpty();
    }

    private static List<Repair> repairs(List<Finding> findings) {
        return findings.stream()
                .flatMap(finding -> Stream.ofNullable(finding.repair()))
                .toList();
    }

    @Test
    void suspectsNoWaitingJobBecauseAReclaimedOneIsNext() {
        List<AuditedJob> next = new ArrayList<>();
        next.add(new Job(State.PENDING)
                .with("reclaimed_at_ms", ago(0), "enqueued_at_ms", ago(90))
                .look());
        IntStream.range(0, 9)
                .forEach(i -> next.add(new Job(State.PENDING)
                        .with("enqueued_at_ms", ago(88 - i))
                        .look()));
        AuditJudge judge = judge(Map.of(Place.PENDING, 400_000L), Map.of(Place.PENDING, next));

        AuditedJob waiting = new Job(State.PENDING)
                .with("enqueued_at_ms", ago(50))
                .unknownIn(Place.PENDING)
                .look();
        AuditedJob passedOver = new Job(State.PENDING)
                .with("enqueued_at_ms", ago(200))
                .unknownIn(Place.PENDING)
                .look();

        assertThat(judge.byKey(waiting)).isEmpty();
        assertThat(judge.byKey(passedOver))
                .containsExactly(Finding.unproven(new Suspicion(Look.NOWHERE, null, "5a", "one")));
    }

    @Test
    void suspectsAClaimedJobInALongListOnlyWhenItsLeaseIsOver() {
        Job claimed = new Job(State.CLAIMED).unknownIn(Place.PROCESSING);
        assertThat(judge().byKey(claimed.look())).isEmpty();

        claimed.with("lease", TOKEN + ":" + ago(1) + ":" + LEASE, "claimed_at_ms", ago(31));
        assertThat(judge().byKey(claimed.look())).singleElement().matches(finding -> finding.repair() == null);
    }

    @Test
    void suspectsAnEndedJobOnlyWhenTheHistoryHoldsNoOlderOne() {
        AuditedJob oldest =
                new Job(State.FAILED).with("last_error_at_ms", ago(20)).look();
        AuditJudge judge = judge(Map.of(Place.FAILED, 5_000L), Map.of(Place.FAILED, List.of(oldest)));

        AuditedJob kept = new Job(State.FAILED)
                .with("last_error_at_ms", ago(10))
                .unknownIn(Place.FAILED)
                .look();
        AuditedJob cut = new Job(State.FAILED)
                .with("last_error_at_ms", ago(30))
                .unknownIn(Place.FAILED)
                .look();

        assertThat(judge.byKey(kept)).isEmpty();
        assertThat(judge.byKey(cut)).singleElement().matches(finding -> finding.repair() == null);
    }

    @Test
    void repairsDamageThatAWalkOverTheLongListsProved() {
        Job unread = new Job(State.PENDING).nowhere().unknownIn(Place.PENDING, Place.FAILED);
        Suspicion suspicion = judge().byKey(
                        unread.with("enqueued_at_ms", ago(200)).look())
                .get(0)
                .suspicion();

        AuditedJob absent = unread.look().withCopies(Map.of(Place.PENDING, 0, Place.FAILED, 0));
        AuditedJob present = unread.look().withCopies(Map.of(Place.PENDING, 1, Place.FAILED, 0));
        AuditedJob half = unread.look().withCopies(Map.of(Place.PENDING, 0));

        assertThat(judge().again(suspicion, absent).repair())
                .isEqualTo(Repair.of(Damage.UNLISTED, Act.LIST, null, absent));
        assertThat(judge().again(suspicion, present).isSound()).isTrue();
        assertThat(judge().again(suspicion, half)).isEqualTo(Finding.unproven(suspicion));
    }

    @Test
    void dropsASuspicionWhenTheJobChangedOrLeftThePlace() {
        Job job = new Job(State.FAILED);
        job.copies.put(Place.PENDING, 1);
        Suspicion suspicion = judge().inPlace(Place.PENDING, job.look()).get(0).suspicion();

        assertThat(judge().again(suspicion, job.look()).repair())
                .isEqualTo(Repair.of(Damage.MISPLACED, Act.TAKE_OUT, Place.PENDING, job.look()));
        Suspicion older = new Suspicion(suspicion.look(), suspicion.place(), "00", suspicion.id());
        assertThat(judge().again(older, job.look()).isSound()).isTrue();
        job.copies.put(Place.PENDING, 0);
        assertThat(judge().again(suspicion, job.look()).isSound()).isTrue();
    }

    @Test
    void leavesACancelledJobInPendingToTheClaimThatPassesOverIt() {
        Job cancelled = new Job(State.PENDING).with("status", "failed", "last_error_at_ms", ago(5), "in_pending", "0");

        assertThat(findings(cancelled.look())).isEmpty();
        assertThat(letters(cancelled.nowhere().look())).isEqualTo("x");
        assertThat(letters(cancelled.unknownIn(Place.PENDING).look())).isEqualTo("?");
    }

    @Test
    void aCancelledJobThatAGuideClientTookHasItsPlaceInTheHistory() {
        Job taken = new Job(State.FAILED).with("in_pending", "0");
        Job completed = new Job(State.COMPLETED_BY_GUIDE).with("in_pending", "1");

        assertThat(findings(taken.look())).isEmpty();
        assertThat(findings(completed.look())).isEmpty();
    }

    @Test
    void deletesAnEndedJobThatRetentionWouldNotKeep() {
        AuditedJob tooOld = new Job(State.COMPLETED)
                .nowhere()
                .with("completed_at_ms", ago(3601))
                .look();
        AuditedJob oneTooMany = new Job(State.FAILED).nowhere().look();
        AuditJudge full = judge(Map.of(Place.FAILED, 100L), Map.of());

        assertThat(repairs(judge().byKey(tooOld)))
                .containsExactly(Repair.of(Damage.TRIMMED, Act.DELETE, Place.COMPLETED, tooOld));
        assertThat(repairs(full.byKey(oneTooMany)))
                .containsExactly(Repair.of(Damage.TRIMMED, Act.DELETE, Place.FAILED, oneTooMany));
    }

    @Test
    void remembersSuspicionsAsTextAndForgetsTextsThatAreNone() {
        for (Suspicion suspicion : List.of(
                new Suspicion(Look.LISTED, Place.PENDING, "5a", "a|b"),
                new Suspicion(Look.DOUBLED, Place.FAILED, "", "one"),
                new Suspicion(Look.NOWHERE, null, "5a", ""))) {
            assertThat(Suspicion.parse(suspicion.text())).contains(suspicion);
        }
        for (String text : List.of("", "listed", "listed|-|5a|one", "nowhere|pending|5a|one", "listed|moon|5a|one")) {
            assertThat(Suspicion.parse(text)).isEmpty();
        }
    }

    @Test
    void readsNumbersAsTheScriptsDo() {
        assertThat(AuditedJob.parse("1700000000000", -1)).isEqualTo(1_700_000_000_000L);
        assertThat(AuditedJob.parse("1700000000000.5", -1)).isEqualTo(1_700_000_000_000L);
        assertThat(AuditedJob.parse("1e3", -1)).isEqualTo(1000);
        for (String text : new String[] {null, "", "x", "-1", "1,5", "nan", "9007199254740993", "1e308"}) {
            assertThat(AuditedJob.parse(text, -1)).as("%s", text).isEqualTo(-1);
        }
    }
}
