package io.jobqueue.redis;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The state of a queue that the audit needs to judge its jobs.
 *
 * @param now Redis's clock, in milliseconds
 * @param lengths how many ids stand in each place
 * @param next of each list that is too long to be read at once, some jobs at its old end, the next to leave it first
 */
record QueueLook(long now, Map<Place, Long> lengths, Map<Place, List<AuditedJob>> next) {

    /** Reads what {@code words/look.lua} returns of the queue. */
    @SuppressWarnings("unchecked") // that is how the script answers
    static QueueLook of(List<Object> reply) {
        List<Long> counts = (List<Long>) reply.get(1);
        List<List<List<Object>>> jobs = (List<List<List<Object>>>) reply.get(2);
        Map<Place, Long> lengths = new EnumMap<>(Place.class);
        Map<Place, List<AuditedJob>> next = new EnumMap<>(Place.class);
        for (Place place : Place.values()) {
            lengths.put(place, counts.get(place.ordinal()));
            next.put(
                    place,
                    jobs.get(place.ordinal()).stream().map(AuditedJob::of).toList());
        }
        return new QueueLook((Long) reply.get(0), lengths, next);
    }

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
