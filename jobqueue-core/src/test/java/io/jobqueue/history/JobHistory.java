package io.jobqueue.history;

import io.jobqueue.history.History.Cancel;
import io.jobqueue.history.History.Claimed;
import io.jobqueue.history.History.End;
import io.jobqueue.history.History.Enqueue;
import io.jobqueue.history.History.Expiry;
import io.jobqueue.history.History.Renewal;
import io.jobqueue.history.History.Run;
import io.jobqueue.history.History.Sweep;
import io.jobqueue.history.History.Told;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Everything that a {@link History} contains about one job. */
final class JobHistory {

    final String id;
    final List<Enqueue> enqueues = new ArrayList<>();
    final List<Claimed> claims = new ArrayList<>(); // by fence
    final List<End> ends = new ArrayList<>();
    final List<Renewal> renewals = new ArrayList<>();
    final List<Run> runs = new ArrayList<>(); // by fence
    final List<Sweep> reclaims = new ArrayList<>();
    final List<Sweep> deaths = new ArrayList<>();
    final List<Expiry> expiries = new ArrayList<>();
    final List<Cancel> cancels = new ArrayList<>();

    JobHistory(String id) {
        this.id = id;
    }

    Optional<Claimed> claim(String token) {
        return claims.stream().filter(claim -> claim.token().equals(token)).findFirst();
    }

    Optional<Claimed> claim(Run run) {
        return claims.stream().filter(claim -> claim.fence() == run.fence()).findFirst();
    }

    Stream<End> ends(Claimed claim) {
        return ends.stream().filter(end -> end.token().equals(claim.token()));
    }

    /** Until when a claim is good for sure, unless its worker ends it. */
    long goodUntil(Claimed claim) {
        return renewals.stream()
                .filter(renewal -> renewal.isHeld() && renewal.token().equals(claim.token()))
                .mapToLong(renewal -> renewal.span().from() + renewal.lease())
                .reduce(claim.span().from() + claim.lease(), Math::max);
    }

    /** When the flight of a claim was over for sure: its end is known, or somebody else has the job. */
    long landed(Claimed claim) {
        int next = claims.indexOf(claim) + 1;
        long taken = next < claims.size() ? claims.get(next).span().to() : History.NEVER;
        return ends(claim)
                .filter(end -> end.span().answered())
                .mapToLong(end -> end.span().to())
                .reduce(taken, Math::min);
    }

    boolean wasGivenBack(Claimed claim) {
        return ends(claim).anyMatch(end -> (end.verb() == Verb.RETRY || end.isUnspent()) && end.mayBeDone());
    }

    boolean mayBeGivenBack(Claimed claim) {
        return ends(claim).anyMatch(end -> end.isUnspent() && end.mayBeDone());
    }

    boolean isGivenBack(Claimed claim) {
        return ends(claim)
                .anyMatch(end -> end.isUnspent() && (end.answer() == Answer.DONE || end.answer() == Answer.ALREADY));
    }

    /** When a job was in the queue for sure. */
    long enqueued() {
        return enqueues.stream()
                .filter(enqueue -> enqueue.told() == Told.CREATED || enqueue.told() == Told.EXISTING)
                .mapToLong(enqueue -> enqueue.span().to())
                .min()
                .orElse(History.NEVER);
    }
}
