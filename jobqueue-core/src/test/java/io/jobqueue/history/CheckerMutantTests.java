package io.jobqueue.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Figures;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.history.FlawedScripts.Edit;
import io.jobqueue.worker.JobStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The checker must find the errors of flawed scripts that run on a real Redis. */
@RedisServer
class CheckerMutantTests {

    /** The guide's claim: a pop that says nothing of who has the job. The worker's next call stamps it, unasked. */
    private static final List<Edit> CLAIM_IN_TWO_STEPS = List.of(
            new Edit(
                    "road/claim",
                    "'status', 'processing', 'claim_token', token, 'claimed_at_ms', NOW, 'started_at_ms', NOW,\n",
                    ""),
            new Edit("road/claim", "'fence', text(fence), 'lease',", "'fence', text(fence), 'unread',"),
            new Edit(
                    "road/extend",
                    "if token == '' or f.err or f[1] ~= 'processing' or f[2] ~= token then",
                    "if f.err then"),
            new Edit(
                    "road/extend",
                    "call('HSET', hash, 'claimed_at_ms'",
                    "call('HSET', hash, 'status', 'processing', 'claim_token', token, 'claimed_at_ms'"));

    private static final List<Edit> REMOVAL_IGNORED = List.of(
            new Edit("road/complete", "if hash and leave(id, hash) then", "if hash and (leave(id, hash) or true) then"),
            new Edit("road/settle", "if not leave(id, hash) then", "if not leave(id, hash) and false then"));

    private static final Edit TOKEN_ALONE =
            new Edit("road/settle", "f[1] == 'processing' and f[2] == token", "f[2] == token");

    private static final Edit ENDED_JOBS_ARE_CLAIMED =
            new Edit("road/claim", "if status == 'completed' or status == 'failed' then", "if false then");

    @SafeVarargs
    private static List<Edit> all(List<Edit>... edits) {
        return Stream.of(edits).flatMap(List::stream).toList();
    }

    /** A wrong script, the schedule that shows it, and the invariants that must be named. */
    private enum Flaw {
        // those of the guide's design
        A_CLAIM_IN_TWO_STEPS("overtaken", Set.of("I4"), CLAIM_IN_TWO_STEPS),
        AGE_INSTEAD_OF_A_LEASE(
                "backlog",
                Set.of("I7"),
                new Edit("road/claim", "token, 'claimed_at_ms', NOW, 'started_at_ms'", "token, 'started_at_ms'"),
                new Edit("road/claim", "'fence', text(fence), 'lease',", "'fence', text(fence), 'unread',"),
                new Edit(
                        "upkeep/reclaim",
                        "  notes[#notes + 1] = { id, 'seen', state .. NOW }",
                        "  do return number(call('HGET', JOB .. id, 'enqueued_at_ms'), now) + 2 * lease end")),
        A_TOKEN_THAT_OUTLIVES_ITS_ATTEMPT(
                "repeats", Set.of("I4", "I5", "I10"), all(REMOVAL_IGNORED, List.of(TOKEN_ALONE))),
        A_REMOVAL_THAT_NOBODY_ASKS_ABOUT(
                "late",
                Set.of("I4", "I6", "I10"),
                all(CLAIM_IN_TWO_STEPS, REMOVAL_IGNORED, List.of(ENDED_JOBS_ARE_CLAIMED))),
        NO_TOKEN_IS_A_TOKEN(
                "stranger",
                Set.of("I4"),
                new Edit("road/claim", "'claim_token', token, 'claimed_at_ms'", "'claimed_at_ms'"),
                new Edit("road/complete", "token ~= '' and owner == token and hash", "owner == token and hash"),
                new Edit("road/settle", "f[2] == token and token ~= '' then", "f[2] == token then"),
                TOKEN_ALONE),
        CRASHES_WITHOUT_A_LIMIT(
                "poison",
                Set.of("I9"),
                new Edit(
                        "upkeep/reclaim-rest",
                        "if crashes > max_crashes or (limit > 0 and attempts >= limit) then",
                        "if false then")),
        RECLAIMED_TO_THE_BACK(
                "head",
                Set.of("I13"),
                new Edit("upkeep/reclaim-rest", "wait_again(id, now, true,", "wait_again(id, now, false,")),
        AN_OUTPUT_APART_FROM_ITS_COMPLETION(
                "zombie",
                Set.of("I17"),
                new Edit(
                        "road/settle",
                        "  local hash, at = JOB .. id, #answers + 1\n",
                        "  local hash, at = JOB .. id, #answers + 1\n  if ARGV[i + 7] ~= '' then call('HSET', OUTPUTS .. ARGV[i + 7], ARGV[i + 8], ARGV[i + 4]) end\n")),

        // further ones, so that each invariant is broken once
        A_JOB_THAT_IS_TAKEN_OUT_AND_PUT_NOWHERE(
                "retry",
                Set.of("I1", "I11", "I12"),
                new Edit("doors/join", "call('ZADD', DELAYED, text(due), id)", "")),
        A_JOB_THAT_NOBODY_ENQUEUED(
                "work", Set.of("I2"), new Edit("road/claim", "= ids[i], f[2], f[4]", "= ids[i] .. 'x', f[2], f[4]")),
        AN_ENQUEUE_THAT_REPEATS_ITSELF(
                "twice",
                Set.of("I3", "I10"),
                new Edit("road/enqueue", "if call('EXISTS', JOB .. id) == 1 then", "if false then")),
        A_LEASE_THAT_IS_NOT_KEPT(
                "backlog",
                Set.of("I7"),
                new Edit("upkeep/reclaim", "if deadline < now then", "if deadline - lease <= now then")),
        A_DEAD_JOB_THAT_RUNS_AGAIN(
                "dead",
                Set.of("I5", "I8"),
                new Edit("road/settle", "    failed = failed + 1\n", "    failed = failed + 1\n    join(id, now)\n"),
                ENDED_JOBS_ARE_CLAIMED),
        ATTEMPTS_THAT_ARE_NOT_COUNTED(
                "retry", Set.of("I9"), new Edit("road/claim", "number(f[3], 0) + 1", "math.max(number(f[3], 0), 1)")),
        A_FENCE_THAT_STANDS_STILL("work", Set.of("I9"), new Edit("road/claim", "fence + 1 }", "1 }")),
        A_COMPLETION_THAT_IS_NOT_COUNTED(
                "work", Set.of("I11"), new Edit("doors/complete", "count('completed_total', #completed)", "")),
        A_HASH_THAT_IS_LEFT_BEHIND(
                "work", Set.of("I12"), new Edit("doors/complete", "call('LPUSH', COMPLETED, unpack(completed))", "0")),
        RELEASED_TO_THE_BACK(
                "release",
                Set.of("I13"),
                new Edit("road/settle", "hand_back(entry, now, true,", "hand_back(entry, now, false,")),
        THE_NEWEST_FIRST(
                "work", Set.of("I13"), new Edit("doors/join", "read('LPUSH', PENDING", "read('RPUSH', PENDING")),
        DUE_BEFORE_ITS_TIME(
                "delayed",
                Set.of("I14"),
                new Edit("road/claim", "next_due <= now", "true"),
                new Edit("road/claim", "'-inf', NOW, 'LIMIT'", "'-inf', '+inf', 'LIMIT'")),
        A_RETRY_THAT_DOES_NOT_WAIT(
                "retry",
                Set.of("I14"),
                new Edit("road/settle", "local due = math.min(now + entry.delay,", "local due = math.min(now,")),
        AN_UNKNOWN_JOB_THAT_SPENDS_AN_ATTEMPT(
                "unknown",
                Set.of("I9"),
                new Edit(
                        "road/settle",
                        "hand_back(entry, due, false, 'attempts', text(entry.spared), 'unknown_since',",
                        "hand_back(entry, due, false, 'unknown_since',")),
        AN_UNKNOWN_JOB_THAT_IS_LOST(
                "unknown",
                Set.of("I1", "I11", "I12"),
                new Edit(
                        "road/settle",
                        "hand_back(entry, due, false, 'attempts', text(entry.spared), 'unknown_since',",
                        "call('HSET', hash, 'attempts', text(entry.spared), 'unknown_since',")),
        AN_UNKNOWN_JOB_THAT_DOES_NOT_WAIT(
                "unknown",
                Set.of("I14"),
                new Edit(
                        "words/unknown",
                        "FIRST_PAUSE, LONGEST_PAUSE, SHARE = 1000,",
                        "FIRST_PAUSE, LONGEST_PAUSE, SHARE = 0,")),
        A_SNOOZE_THAT_COSTS_AN_ATTEMPT(
                "snooze",
                Set.of("I9"),
                new Edit("road/settle", "text(due), 'attempts', text(entry.spared))", "text(due))")),
        A_SNOOZE_THAT_DOES_NOT_WAIT(
                "snooze",
                Set.of("I14"),
                new Edit(
                        "road/settle",
                        "elseif entry.verb == 'SNOOZE' then\n    local due = now + entry.delay",
                        "elseif entry.verb == 'SNOOZE' then\n    local due = now")),
        A_STARTED_JOB_THAT_EXPIRES(
                "late-retry",
                Set.of("I19"),
                new Edit("words/expiry", "return time and not f[3] and", "return time and")),
        AN_EXPIRED_JOB_THAT_RUNS(
                "expiry",
                Set.of("I10", "I19"),
                new Edit(
                        "road/claim",
                        "    expired[#expired + 1] = id",
                        "    expired[#expired + 1], jobs[1] = id, f\n    ids[1], hashes[1] = id, hash")),
        A_CANCELLED_JOB_COMPLETED(
                "cancel",
                Set.of("I5", "I10", "I20"),
                new Edit("admin/cancel", "  leave_pending(id, near)\n", ""),
                ENDED_JOBS_ARE_CLAIMED),
        A_CANCELLED_JOB_THAT_IS_TRIED_AGAIN(
                "cancel-running",
                Set.of("I20"),
                new Edit("road/settle", "elseif entry.more == 'cancelled' then", "elseif false then"),
                new Edit("words/runs", "if more == 'cancelled' then", "if false then"),
                new Edit("road/claim", "f[6] == 'cancelled'", "false")),
        A_CANCELLED_JOB_OF_A_DEAD_WORKER_THAT_IS_RECLAIMED(
                "cancel-silent",
                Set.of("I20"),
                new Edit("words/runs", "if more == 'cancelled' then", "if false then"),
                new Edit("road/claim", "f[6] == 'cancelled'", "false")),
        A_SLOT_THAT_RUNS_TWICE(
                "slot",
                Set.of("I3"),
                new Edit("upkeep/fire-slots", "text(s.after) == after", "true"),
                new Edit("words/slots", "if call('EXISTS', JOB .. id) == 1 then", "if false then")),
        A_UNIQUE_KEY_THAT_LEAKS(
                "keys", Set.of("I16"), new Edit("doors/unique", "try('DEL', name)", "try('GET', name)")),
        A_UNIQUE_KEY_THAT_NOBODY_HOLDS(
                "keys",
                Set.of("I16"),
                new Edit("doors/unique", "    call('SET', name, id)", "    call('SET', name, '')")),
        A_NEXT_JOB_THAT_IS_FORGOTTEN(
                "chain", Set.of("I21"), new Edit("road/settle", "    follow(hash, entry.chain, entry.words)\n", "")),
        A_NEXT_JOB_OF_A_DEAD_LETTER(
                "chain",
                Set.of("I21"),
                new Edit(
                        "road/settle",
                        "    failed = failed + 1\n",
                        "    failed = failed + 1\n    follow(hash, call('HGET', hash, 'next'), '{}')\n")),
        A_LOSS_AT_FIRST_SIGHT(
                "away", Set.of("I1", "I18"), new Edit("words/missing", "return (since or now) + lease", "return now")),
        A_REPAIR_OF_WHAT_IS_HEALTHY(
                "audited",
                Set.of("I10", "I18"),
                new Edit("words/look", "return counts[place][id] or 0", "return 0"),
                new Edit(
                        "words/places",
                        "  passed = passed + math.min(length[place], 2 * NEAR)",
                        "  do return false end"));

        private final String schedule;
        private final Set<String> named;
        private final List<Edit> edits;

        Flaw(String schedule, Set<String> named, Edit... edits) {
            this(schedule, named, List.of(edits));
        }

        Flaw(String schedule, Set<String> named, List<Edit> edits) {
            this.schedule = schedule;
            this.named = named;
            this.edits = edits;
        }
    }

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource
    @Proves(
            fault = "a script is wrong: the guide's own flaws, and others",
            holds = "the checker of the histories names the invariant that is broken; the right scripts break none")
    void theCheckerNamesWhatAFlawedScriptBreaks(Flaw flaw, EmbeddedRedis server, Figures figures) {
        List<String> found = new FlawedScripts(flaw.edits).play(flaw.schedule, server.port(), folder);

        Set<String> named = found.stream()
                .map(violation -> violation.substring(0, violation.indexOf(':')))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(named).as("%s", found).containsAll(flaw.named);
        figures.put("flaws", Flaw.values().length);
    }

    /** A call that the store of the tests keeps to itself would be one that no story has. */
    @Test
    void everythingThatAStoreIsAskedForReachesRedis() {
        assertThat(JobStore.class.getMethods()).allSatisfy(method -> assertThat(RecordingStore.class
                        .getMethod(method.getName(), method.getParameterTypes())
                        .getDeclaringClass())
                .as("%s", method)
                .isEqualTo(RecordingStore.class));
    }

    @ParameterizedTest
    @EnumSource
    void theRightScriptsComeThroughTheSameSchedule(Flaw flaw, EmbeddedRedis server) {
        assertThat(Schedules.play(flaw.schedule, server.port(), folder)).isEmpty();
    }
}
