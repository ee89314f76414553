package io.jobqueue.history;

import io.jobqueue.history.History.Cancel;
import io.jobqueue.history.History.Chain;
import io.jobqueue.history.History.Claimed;
import io.jobqueue.history.History.Damage;
import io.jobqueue.history.History.End;
import io.jobqueue.history.History.Enqueue;
import io.jobqueue.history.History.Expiry;
import io.jobqueue.history.History.Fault;
import io.jobqueue.history.History.Renewal;
import io.jobqueue.history.History.Run;
import io.jobqueue.history.History.Span;
import io.jobqueue.history.History.Sweep;
import io.jobqueue.history.History.Told;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds violations of the queue's invariants in a history, and in the keys that the history left in Redis. Each
 * invariant is a method, and the first sentence of its comment states the invariant.
 *
 * <p>It reports only what must be a violation. Redis executed a call at some time between its request and its reply,
 * and a call without a reply may have been executed or not.
 *
 * <p>It is one long class because there are many invariants and all of them read the same index of the history.
 *
 * <p>It expects that units return their fence as output, and that retention drops nothing.
 */
public final class Checker {

    /** Redis counts whole milliseconds, and rounds down. */
    private static final long SLACK = 5_000_000;

    private final History history;
    private final Snapshot end;
    private final Map<String, JobHistory> jobs = new LinkedHashMap<>();
    private final List<Claimed> claims; // by fence
    private final List<Violation> found = new ArrayList<>();

    private Checker(History history, Snapshot end) {
        this.history = history;
        this.end = end;
        claims = history.claimings().stream()
                .flatMap(claiming -> claiming.jobs().stream())
                .sorted(Comparator.comparingLong(Claimed::fence))
                .toList();
        history.enqueues().forEach(enqueue -> of(enqueue.id()).enqueues.add(enqueue));
        claims.forEach(claim -> of(claim.id()).claims.add(claim));
        history.ends().stream()
                .sorted(Comparator.comparingLong(each -> each.span().from()))
                .forEach(each -> of(each.id()).ends.add(each));
        history.renewals().forEach(renewal -> of(renewal.id()).renewals.add(renewal));
        history.runs().stream()
                .sorted(Comparator.comparingLong(Run::fence).thenComparingLong(Run::from))
                .forEach(run -> of(run.id()).runs.add(run));
        for (Sweep sweep : history.sweeps()) {
            sweep.reclaimed().forEach(id -> of(id).reclaims.add(sweep));
            sweep.died().forEach(id -> of(id).deaths.add(sweep));
        }
        history.expiries().forEach(expiry -> of(expiry.id()).expiries.add(expiry));
        history.cancels().forEach(cancel -> of(cancel.id()).cancels.add(cancel));
    }

    private JobHistory of(String id) {
        return jobs.computeIfAbsent(id, JobHistory::new);
    }

    private void broken(String invariant, String what, Object... arguments) {
        found.add(new Violation(invariant, what.formatted(arguments)));
    }

    /**
     * Looks at a history and at the keys after it, when nothing moves any more.
     *
     * @return what must not be, sorted by invariant
     */
    public static List<Violation> check(History history, Snapshot end) {
        Checker checker = new Checker(history, end);
        checker.nothingIsLost();
        checker.nothingUnexpectedRuns();
        checker.everyJobIsCreatedOnce();
        checker.onlyTheLastOwnerActs();
        checker.everyJobEndsOnce();
        checker.nothingRunsAfterItsCompletion();
        checker.ownersDoNotOverlap();
        checker.onlyWhatWasNotStartedExpires();
        checker.whatIsCancelledStaysSo();
        checker.chainsGoOnWithACompletion();
        checker.whatRunsAgainHasAReason();
        checker.attemptsAreCountedAndLimited();
        checker.fencesRise();
        checker.theOldestIsTheNext();
        checker.whatComesBackIsTheNext();
        checker.nothingRunsEarly();
        checker.unknownJobsPause();
        checker.outputsAreThoseOfTheCompletions();
        checker.nothingHealthyIsRepaired();
        checker.found.addAll(SnapshotChecker.check(end));
        checker.found.sort(Comparator.comparingInt(
                violation -> Integer.parseInt(violation.invariant().substring(1))));
        return List.copyOf(checker.found);
    }

    // ---- jobs

    /** I1: What was enqueued, as its producer was told, is somewhere at the end. */
    private void nothingIsLost() {
        Set<String> there = end.places().values().stream()
                .flatMap(held -> held.stream().map(Snapshot.Held::id))
                .collect(Collectors.toSet());
        for (JobHistory job : jobs.values()) {
            boolean enqueued = job.enqueues.stream()
                    .anyMatch(enqueue -> enqueue.told() == Told.CREATED || enqueue.told() == Told.EXISTING);
            if (enqueued && !there.contains(job.id)) {
                broken("I1", "job %s was enqueued and is nowhere", job.id);
            }
        }
    }

    /** I2: Nothing is handed out or runs that nobody tried to enqueue. */
    private void nothingUnexpectedRuns() {
        for (JobHistory job : jobs.values()) {
            if (job.enqueues.isEmpty() && !(job.claims.isEmpty() && job.runs.isEmpty())) {
                broken("I2", "job %s was handed out %d times, but never enqueued", job.id, job.claims.size());
            }
        }
    }

    /** I3: However often an enqueue is repeated, it creates the job once. */
    private void everyJobIsCreatedOnce() {
        for (JobHistory job : jobs.values()) {
            long created = job.enqueues.stream()
                    .filter(enqueue -> enqueue.told() == Told.CREATED)
                    .count();
            boolean refusedOnly = !job.enqueues.isEmpty()
                    && job.enqueues.stream().allMatch(enqueue -> enqueue.told() == Told.REFUSED);
            if (created > 1) {
                broken("I3", "job %s was created %d times", job.id, created);
            } else if (refusedOnly && !job.claims.isEmpty()) {
                broken("I3", "job %s was refused, and handed out all the same", job.id);
            }
        }
    }

    /** I4: Only the token that was handed out last can settle or renew, and only until its attempt has ended. */
    private void onlyTheLastOwnerActs() {
        for (JobHistory job : jobs.values()) {
            for (End act : job.ends) {
                if (act.isDone()) {
                    checkOwner(job, act.token(), act.span(), act.verb().name());
                }
            }
            for (Renewal act : job.renewals) {
                if (act.isHeld()) {
                    checkOwner(job, act.token(), act.span(), "EXTEND");
                }
            }
        }
    }

    private void checkOwner(JobHistory job, String token, Span act, String verb) {
        Claimed own = job.claim(token).orElse(null);
        if (own == null) {
            broken("I4", "%s of job %s was accepted with a token that nobody was given", verb, job.id);
            return;
        }
        job.claims.stream()
                .filter(other -> other.fence() > own.fence() && other.span().isBefore(act))
                .findFirst()
                .ifPresent(other ->
                        broken("I4", "%s of job %s by %s was accepted after %s had it", verb, job.id, own, other));
        if (Stream.concat(job.reclaims.stream(), job.deaths.stream())
                .anyMatch(sweep ->
                        own.span().isBefore(sweep.span()) && sweep.span().isBefore(act))) {
            broken("I4", "%s of job %s by %s was accepted after a sweep had taken it back", verb, job.id, own);
        }
        if (job.ends(own).anyMatch(end -> end.isDone() && end.span().isBefore(act))) {
            broken("I4", "%s of job %s by %s was accepted after that attempt had ended", verb, job.id, own);
        }
    }

    /**
     * I5: A job ends for good once: by one completion, one final failure, one death, one expiry or one cancel while it
     * waits.
     */
    private void everyJobEndsOnce() {
        for (JobHistory job : jobs.values()) {
            List<End> completions = job.ends.stream()
                    .filter(end -> end.verb() == Verb.COMPLETE && end.answer() == Answer.DONE)
                    .toList();
            long owners = job.ends.stream()
                    .filter(end -> end.answer() == Answer.FAILED
                            || end.answer() == Answer.CANCELLED
                            || (end.answer() == Answer.DONE
                                    && (end.verb() == Verb.COMPLETE || end.verb() == Verb.FAIL)))
                    .map(End::token)
                    .distinct()
                    .count();
            if (completions.size() > 1) {
                broken("I5", "job %s was completed %d times", job.id, completions.size());
            }
            long cancels = job.cancels.stream().filter(Cancel::ended).count();
            long ends = owners + job.deaths.size() + job.expiries.size() + cancels;
            if (completions.size() <= 1 && ends > 1) {
                broken("I5", "job %s ended for good %d times", job.id, ends);
            }
        }
    }

    /** I19: A job expires only when nobody was given it before, and is given to nobody afterwards. */
    private void onlyWhatWasNotStartedExpires() {
        for (JobHistory job : jobs.values()) {
            for (Expiry expiry : job.expiries) {
                for (Claimed claim : job.claims) {
                    boolean before = claim.span().to() < expiry.at();
                    broken("I19", "job %s expired, and %s had it %s", job.id, claim, before ? "before" : "afterwards");
                }
            }
        }
    }

    /**
     * I20: A cancelled job is given to nobody afterwards. Who has the job then may complete it, and do nothing else.
     */
    private void whatIsCancelledStaysSo() {
        for (JobHistory job : jobs.values()) {
            for (Cancel cancel : job.cancels) {
                job.claims.stream()
                        .filter(claim -> cancel.span().isBefore(claim.span()))
                        .forEach(claim ->
                                broken("I20", "job %s was cancelled, and %s had it afterwards", job.id, claim));
                job.ends.stream()
                        .filter(end -> end.answer() == Answer.DONE
                                && (cancel.ended() || end.verb() != Verb.COMPLETE)
                                && cancel.span().isBefore(end.span()))
                        .forEach(end -> broken("I20", "job %s was cancelled, and %s done", job.id, end.verb()));
            }
        }
    }

    /** I21: The next job of a chain exists exactly if the job before has completed. */
    private void chainsGoOnWithACompletion() {
        for (Chain chain : history.chains()) {
            boolean completed = isIn(chain.before(), "completed");
            boolean exists = end.places().keySet().stream().anyMatch(place -> isIn(chain.next(), place));
            if (completed != exists) {
                broken(
                        "I21",
                        "job %s %s, and the next job %s %s",
                        chain.before(),
                        completed ? "has completed" : "has not completed",
                        chain.next(),
                        exists ? "exists" : "does not exist");
            }
        }
    }

    private boolean isIn(String id, String place) {
        return end.places().get(place).stream().anyMatch(held -> held.id().equals(id));
    }

    /** I6: No run begins after a completion of the job was answered. */
    private void nothingRunsAfterItsCompletion() {
        for (JobHistory job : jobs.values()) {
            long completed = job.ends.stream()
                    .filter(end -> end.verb() == Verb.COMPLETE
                            && (end.answer() == Answer.DONE || end.answer() == Answer.ALREADY))
                    .mapToLong(end -> end.span().to())
                    .min()
                    .orElse(History.NEVER);
            job.runs.stream()
                    .filter(run -> run.from() > completed)
                    .forEach(run -> broken("I6", "job %s ran after its completion, on %s", job.id, run.process()));
        }
    }

    /**
     * I7: While a claim is good, and its worker has not ended it, nobody else is given the job and no sweep takes it.
     */
    private void ownersDoNotOverlap() {
        for (JobHistory job : jobs.values()) {
            for (int i = 1; i < job.claims.size(); i++) {
                Claimed next = job.claims.get(i);
                checkTaken(job, job.claims.get(i - 1), next.span(), "given to " + next);
            }
            for (Sweep sweep :
                    Stream.concat(job.reclaims.stream(), job.deaths.stream()).toList()) {
                job.claims.stream()
                        .filter(claim -> claim.span().isBefore(sweep.span()))
                        .reduce((earlier, later) -> later)
                        .ifPresent(owner -> checkTaken(job, owner, sweep.span(), "taken back by a sweep"));
            }
        }
    }

    private void checkTaken(JobHistory job, Claimed owner, Span taken, String how) {
        long early = job.goodUntil(owner) - taken.to();
        boolean ended =
                job.ends(owner).anyMatch(end -> end.mayBeDone() && end.span().from() < taken.to());
        if (early > SLACK && !ended) {
            broken("I7", "job %s was %s %d ms before the claim of %s was over", job.id, how, early / 1_000_000, owner);
        }
    }

    /**
     * I8: A job runs again only after a failure, a release or a snooze of its last run, or when a fault hit the process
     * that had it. So there are at most as many other reruns as jobs were in flight at the faults.
     */
    private void whatRunsAgainHasAReason() {
        for (JobHistory job : jobs.values()) {
            for (int i = 1; i < job.runs.size(); i++) {
                Run before = job.runs.get(i - 1);
                Optional<Claimed> claim = job.claim(before);
                if (claim.isEmpty() || !(job.wasGivenBack(claim.get()) || wasHit(job, claim.get()))) {
                    broken(
                            "I8",
                            "job %s ran again, and nothing had happened to its run on %s",
                            job.id,
                            before.process());
                }
            }
        }
    }

    private boolean wasHit(JobHistory job, Claimed claim) {
        long landed = job.landed(claim);
        return history.faults().stream().anyMatch(fault -> hits(fault, claim, landed));
    }

    private static boolean hits(Fault fault, Claimed claim, long landed) {
        return fault.hits(claim.span().process()) && claim.span().from() <= fault.to() && fault.from() <= landed;
    }

    /**
     * I9: Attempts are counted from 1 without gaps, but for claims whose answer was lost; a release, a snooze and a
     * worker that does not know the job give their attempt back; no job runs more often than it may.
     */
    private void attemptsAreCountedAndLimited() {
        long[] fences = claims.stream().mapToLong(Claimed::fence).toArray();
        for (JobHistory job : jobs.values()) {
            @Nullable Claimed before = null;
            for (Claimed claim : job.claims) {
                long from = before == null ? 0 : before.fence();
                int rise = claim.attempt() - (before == null ? 0 : before.attempt());
                // claims that nobody heard of took fences, and may have been of this job
                long unheard = claim.fence() - from - 1 - between(fences, from, claim.fence());
                int least = before != null && job.mayBeGivenBack(before) ? 0 : 1;
                int most = before != null && job.isGivenBack(before) ? 0 : 1;
                if (rise < least || rise > most + unheard) {
                    broken(
                            "I9",
                            "job %s: after %s came %s, with %d claims unheard of in between",
                            job.id,
                            before == null ? "nothing" : before,
                            claim,
                            unheard);
                }
                before = claim;
            }
            int limit = job.enqueues.stream().mapToInt(Enqueue::limit).max().orElse(Integer.MAX_VALUE);
            long ran = job.runs.stream()
                    .filter(run -> job.claim(run)
                            .filter(claim -> job.mayBeGivenBack(claim))
                            .isEmpty())
                    .count();
            if (ran > limit) {
                broken("I9", "job %s ran %d times, and was allowed %d", job.id, ran, limit);
            }
        }
    }

    /** How many fences are greater than {@code low} and smaller than {@code high}. */
    private static int between(long[] fences, long low, long high) {
        return place(fences, high) - place(fences, low + 1);
    }

    private static int place(long[] fences, long fence) {
        int at = Arrays.binarySearch(fences, fence);
        return at < 0 ? -at - 1 : at;
    }

    /** I9: Every claim has a fence of its own, and a later claim a greater one. */
    private void fencesRise() {
        @Nullable Claimed above = null; // the one of a greater fence that was answered first
        for (int i = claims.size() - 1; i >= 0; i--) {
            Claimed claim = claims.get(i);
            if (above != null && above.span().isBefore(claim.span())) {
                broken("I9", "job %s: %s has a smaller fence than %s before it", claim.id(), claim, above);
            }
            if (i > 0 && claims.get(i - 1).fence() == claim.fence()) {
                broken("I9", "jobs %s and %s have one fence", claims.get(i - 1).id(), claim.id());
            }
            if (above == null || claim.span().to() < above.span().to()) {
                above = claim;
            }
        }
    }

    /** I13: Of two jobs that were enqueued one after the other, the first one is claimed first. */
    private void theOldestIsTheNext() {
        List<Claimed> firsts = firstClaims();
        @Nullable JobHistory oldest = null; // of those claimed later
        for (int i = firsts.size() - 1; i >= 0; i--) {
            JobHistory job = of(firsts.get(i).id());
            long asked = job.enqueues.stream()
                    .mapToLong(enqueue -> enqueue.span().from())
                    .min()
                    .orElse(0);
            if (oldest != null && oldest.enqueued() < asked) {
                broken("I13", "job %s was claimed before %s, which was enqueued before it", job.id, oldest.id);
            }
            if (oldest == null || job.enqueued() < oldest.enqueued()) {
                oldest = job;
            }
        }
    }

    /** The very first claims of jobs that joined at the back and had been nowhere else, by fence. */
    private List<Claimed> firstClaims() {
        return claims.stream()
                .filter(claim -> claim.attempt() == 1 && of(claim.id()).claims.get(0) == claim)
                .filter(claim -> of(claim.id()).enqueues.stream().allMatch(enqueue -> enqueue.delay() == 0))
                .toList();
    }

    /** I13: What a sweep takes back, or a worker releases, is claimed before all that has not had its turn. */
    private void whatComesBackIsTheNext() {
        TreeMap<Long, Claimed> latest = new TreeMap<>(); // of the first claims up to a fence, the one asked for last
        for (Claimed claim : firstClaims()) {
            Map.Entry<Long, Claimed> last = latest.lastEntry();
            if (last == null || claim.span().from() > last.getValue().span().from()) {
                latest.put(claim.fence(), claim);
            }
        }
        for (JobHistory job : jobs.values()) {
            for (int i = 1; i < job.claims.size(); i++) {
                Claimed before = job.claims.get(i - 1);
                Claimed next = job.claims.get(i);
                Map.Entry<Long, Claimed> other = latest.lowerEntry(next.fence());
                if (other != null
                        && cameBack(job, before, next) < other.getValue().span().from()) {
                    broken(
                            "I13",
                            "job %s came back before job %s was asked for, and was claimed after it",
                            job.id,
                            other.getValue().id());
                }
            }
        }
    }

    /** When a job was at the head for sure, between two claims that nothing can have come between. */
    private static long cameBack(JobHistory job, Claimed before, Claimed next) {
        if (next.attempt() == before.attempt()) {
            return job.ends(before)
                    .filter(end -> end.verb() == Verb.RELEASE && end.answer() == Answer.DONE)
                    .mapToLong(end -> end.span().to())
                    .min()
                    .orElse(History.NEVER);
        }
        if (next.attempt() != before.attempt() + 1) {
            return History.NEVER;
        }
        return job.reclaims.stream()
                .filter(sweep -> before.span().isBefore(sweep.span())
                        && sweep.span().from() < next.span().to())
                .mapToLong(sweep -> sweep.span().to())
                .min()
                .orElse(History.NEVER);
    }

    /** I14: A job that its worker did not know is not claimed again before its pause is over. */
    private void unknownJobsPause() {
        for (JobHistory job : jobs.values()) {
            for (int i = 1; i < job.claims.size(); i++) {
                Claimed next = job.claims.get(i);
                job.ends(job.claims.get(i - 1))
                        .filter(end -> end.verb() == Verb.UNKNOWN && end.answer() == Answer.DONE)
                        .mapToLong(end ->
                                end.span().from() + end.delay() - next.span().to())
                        .filter(early -> early > SLACK)
                        .forEach(early ->
                                broken("I14", "unknown job %s was claimed %d ms early", job.id, early / 1_000_000));
            }
        }
    }

    /** I14: Nothing runs before its time: neither a delayed job, nor a retry or a snoozed job that has to wait. */
    private void nothingRunsEarly() {
        for (JobHistory job : jobs.values()) {
            if (job.enqueues.isEmpty()) {
                continue;
            }
            long due = job.enqueues.stream()
                    .mapToLong(enqueue -> enqueue.span().from() + enqueue.delay())
                    .min()
                    .getAsLong();
            for (int i = 0; i < job.runs.size(); i++) {
                Run run = job.runs.get(i);
                if (i > 0) {
                    due = retryDue(job, job.runs.get(i - 1), run);
                }
                if (due - run.from() > SLACK) {
                    broken("I14", "job %s ran %d ms early", job.id, (due - run.from()) / 1_000_000);
                }
            }
        }
    }

    /**
     * Until when a run had to wait for the retry or the snooze that the one before it asked for; 0 when neither did.
     */
    private static long retryDue(JobHistory job, Run failed, Run next) {
        if (job.reclaims.stream()
                .map(Sweep::span)
                .anyMatch(sweep -> failed.from() < sweep.to() && sweep.from() < next.from())) {
            return 0;
        }
        return job.claim(failed).stream()
                .flatMap(job::ends)
                .filter(end -> (end.verb() == Verb.RETRY || end.verb() == Verb.SNOOZE) && end.mayBeDone())
                .filter(end -> end.span().from() < next.from())
                .mapToLong(end -> end.span().from() + end.delay())
                .min()
                .orElse(0);
    }

    /**
     * I17: A unit has the output of the attempt that completed it, or a failure when its job failed; no others are
     * there.
     */
    private void outputsAreThoseOfTheCompletions() {
        Map<String, String> statuses = new HashMap<>();
        end.places().values().forEach(held -> held.forEach(job -> statuses.put(job.id(), job.status())));
        Set<String> units = new HashSet<>();
        for (JobHistory job : jobs.values()) {
            String unit = job.enqueues.stream()
                    .map(Enqueue::unit)
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null);
            if (unit == null) {
                continue;
            }
            units.add(unit);
            String output = end.outputs().get(unit);
            boolean failed = end.failures().containsKey(unit);
            String status = statuses.getOrDefault(job.id, "nowhere");
            if (status.equals("completed")) {
                if (failed || output == null || !completers(job).contains(output)) {
                    broken("I17", "unit %s has the output %s, and was completed by %s", unit, output, completers(job));
                }
            } else if (output != null || failed != status.equals("failed")) {
                broken("I17", "unit %s is %s, and has the output %s", unit, status, output);
            }
        }
        Stream.concat(end.outputs().keySet().stream(), end.failures().keySet().stream())
                .filter(unit -> !units.contains(unit))
                .forEach(unit -> broken("I17", "unit %s is unknown", unit));
    }

    /**
     * The fences of the claims that can have completed a job: the one that was told so, else those without an answer.
     */
    private static Set<String> completers(JobHistory job) {
        Map<Boolean, Set<String>> fences = job.ends.stream()
                .filter(end -> end.verb() == Verb.COMPLETE && end.mayBeDone())
                .flatMap(end -> job.claim(end.token()).stream()
                        .map(claim -> Map.entry(end.answer() != null, Long.toString(claim.fence()))))
                .collect(Collectors.partitioningBy(
                        Map.Entry::getKey, Collectors.mapping(Map.Entry::getValue, Collectors.toSet())));
        return fences.get(true).isEmpty() ? fences.get(false) : fences.get(true);
    }

    /**
     * I18: Nothing is repaired or called lost that no foreign hand touched, and what is called lost is not there later.
     */
    private void nothingHealthyIsRepaired() {
        for (Damage damage : history.damages()) {
            for (String id : damage.ids()) {
                if (history.touches().stream()
                        .noneMatch(
                                touch -> touch.at() < damage.at() && touch.id().equals(id))) {
                    broken(
                            "I18",
                            "%s found job %s %s, and no foreign hand had touched it",
                            damage.process(),
                            id,
                            damage.kind());
                } else if (damage.isLoss() && isThere(id, damage.at())) {
                    broken("I18", "%s called job %s lost, and it was there later", damage.process(), id);
                }
            }
        }
    }

    private boolean isThere(String id, long since) {
        boolean claimed = of(id).claims.stream().anyMatch(claim -> claim.span().from() > since);
        boolean stands = Stream.of("pending", "delayed", "processing", "completed")
                .flatMap(place -> end.places().get(place).stream())
                .anyMatch(held -> held.id().equals(id));
        return claimed || stands || end.orphans().stream().anyMatch(key -> key.endsWith(":job:" + id));
    }

    /**
     * What was repaired or called lost although it was healthy, in a story whose jobs are too many to be written down.
     */
    public static List<Violation> checkRepairs(History history) {
        Checker checker = new Checker(history, Snapshot.EMPTY);
        checker.nothingHealthyIsRepaired();
        return List.copyOf(checker.found);
    }

    // ---- figures

    /** The figures of a story, which show what happened in it. */
    public static Map<String, Long> figures(History history, Snapshot end) {
        Checker checker = new Checker(history, end);
        Map<String, Long> figures = new LinkedHashMap<>();
        figures.put("jobs", end.total("enqueued"));
        figures.put("completed", end.total("completed"));
        figures.put("dead", end.total("failed"));
        figures.put("cancelled", (long) history.cancels().size());
        figures.put("runs", (long) history.runs().size());
        figures.put("retried", end.total("retried"));
        figures.put("released", end.total("released"));
        figures.put("reclaimed", end.total("reclaimed"));
        figures.put("faults", (long) history.faults().size());
        figures.put("reruns by faults", checker.reruns().count());
        figures.put("in flight at faults", checker.inFlightAtFaults());
        figures.put("runs at the same time", checker.overlaps());
        figures.put("refused", count(history.ends(), act -> act.answer() == Answer.REFUSED));
        figures.put("settlements without answer", count(history.ends(), act -> act.answer() == null));
        figures.put("claims without answer", count(history.claimings(), claiming -> !claiming.span()
                .answered()));
        figures.put("enqueues without answer", count(history.enqueues(), asked -> asked.told() == Told.UNKNOWN));
        return figures;
    }

    private static <T> long count(List<T> things, Predicate<T> which) {
        return things.stream().filter(which).count();
    }

    /** The runs that no failure of the run before explains. */
    private Stream<Run> reruns() {
        return jobs.values().stream().flatMap(job -> IntStream.range(1, job.runs.size())
                .filter(i -> job.claim(job.runs.get(i - 1))
                        .filter(claim -> job.wasGivenBack(claim))
                        .isEmpty())
                .mapToObj(job.runs::get));
    }

    private long inFlightAtFaults() {
        return claims.stream()
                .mapToLong(claim -> {
                    long landed = of(claim.id()).landed(claim);
                    return count(history.faults(), fault -> hits(fault, claim, landed));
                })
                .sum();
    }

    /** The runs that began while another of the same job was still under way, its claim over. */
    private long overlaps() {
        return jobs.values().stream()
                .mapToLong(job -> IntStream.range(1, job.runs.size())
                        .filter(i -> job.runs.get(i - 1).to() != History.NEVER
                                && job.runs.get(i).from() < job.runs.get(i - 1).to())
                        .count())
                .sum();
    }
}
