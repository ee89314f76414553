package io.jobqueue.worker;

import io.jobqueue.JobStatus;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Checks the places of the {@link InMemoryJobStore}. */
final class InMemoryPlaces {

    private InMemoryPlaces() {}

    /** Every id stands in one place only, and its status agrees. */
    static void check(
            Map<String, InMemoryJob> jobs,
            Deque<String> pending,
            Deque<String> processing,
            Deque<String> completed,
            Deque<String> failed) {
        Map<JobStatus, Deque<String>> places = Map.of(
                JobStatus.PENDING,
                pending,
                JobStatus.PROCESSING,
                processing,
                JobStatus.COMPLETED,
                completed,
                JobStatus.FAILED,
                failed);
        Set<String> seen = new HashSet<>();
        places.forEach((status, ids) -> ids.forEach(id -> {
            InMemoryJob job = jobs.get(id);
            if (!seen.add(id) || (job != null && job.status != status)) {
                throw new AssertionError("job %s stands in two places, or as %s among the %s"
                        .formatted(id, job == null ? "lost" : job.status, status));
            }
        }));
    }
}
