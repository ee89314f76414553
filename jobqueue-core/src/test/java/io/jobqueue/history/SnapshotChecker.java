package io.jobqueue.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Finds violations in the keys of one instant. Its invariants hold at any instant, even while jobs move. */
public final class SnapshotChecker {

    private SnapshotChecker() {}

    /** What is broken in these keys. */
    public static List<Violation> check(Snapshot snapshot) {
        List<Violation> found = new ArrayList<>();
        everyJobIsInOnePlace(snapshot, found);
        nothingIsCreatedOrVanishes(snapshot, found);
        thereAreNoOrphans(snapshot, found);
        snapshot.keys().forEach(key -> found.add(new Violation("I16", key)));
        return found;
    }

    /** I10: An id stands in exactly one place, and the status of its job agrees. */
    private static void everyJobIsInOnePlace(Snapshot snapshot, List<Violation> found) {
        Map<String, String> placeOf = new HashMap<>();
        snapshot.places().forEach((place, held) -> {
            String status = place.equals("delayed") ? "scheduled" : place;
            for (Snapshot.Held job : held) {
                String other = placeOf.put(job.id(), place);
                if (other != null) {
                    found.add(new Violation("I10", "job %s stands in %s and in %s".formatted(job.id(), other, place)));
                }
                if (!job.status().equals(status)) {
                    found.add(new Violation(
                            "I10", "job %s stands in %s, and is %s".formatted(job.id(), place, job.status())));
                }
            }
        });
    }

    /** I11: What was enqueued waits, runs, or is counted as ended. */
    private static void nothingIsCreatedOrVanishes(Snapshot snapshot, List<Violation> found) {
        long there = snapshot.alive();
        long gone = Stream.of("completed", "failed", "cancelled", "purged", "lost")
                .mapToLong(snapshot::total)
                .sum();
        if (snapshot.total("enqueued") != there + gone) {
            found.add(new Violation(
                    "I11",
                    "%d jobs were enqueued, %d wait or run, %d ended"
                            .formatted(snapshot.total("enqueued"), there, gone)));
        }
    }

    /** I12: Every job stands somewhere, and everything that stands somewhere is a job with a payload. */
    private static void thereAreNoOrphans(Snapshot snapshot, List<Violation> found) {
        snapshot.orphans().forEach(key -> found.add(new Violation("I12", key + " stands nowhere")));
        snapshot.places().forEach((place, held) -> held.stream()
                .filter(job -> job.status().isEmpty() || !job.payload())
                .forEach(job -> found.add(
                        new Violation("I12", "what stands in %s as %s is no job".formatted(place, job.id())))));
    }
}
