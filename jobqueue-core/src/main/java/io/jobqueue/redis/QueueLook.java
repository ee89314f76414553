package io.jobqueue.redis;

import java.util.List;
import java.util.Map;

/**
 * What the audit needs to know of a queue to judge its jobs.
 *
 * @param now Redis's clock, in milliseconds
 * @param lengths how many ids stand in each place
 * @param next of each list that is too long to be read at once, some jobs at its old end, the next to leave it first
 */
record QueueLook(long now, Map<Place, Long> lengths, Map<Place, List<AuditedJob>> next) {

    QueueLook {
        lengths = Map.copyOf(lengths);
        next = Map.copyOf(next);
    }

    long length(Place place) {
        return lengths.getOrDefault(place, 0L);
    }

    List<AuditedJob> next(Place place) {
        return next.getOrDefault(place, List.of());
    }
}
