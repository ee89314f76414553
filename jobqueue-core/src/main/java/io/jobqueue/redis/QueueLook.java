package io.jobqueue.redis;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The state of a queue that the audit needs to judge its jobs.
 *
 * @param now Redis's clock, in milliseconds
 * @param lengths how many ids each place contains
 * @param next of each list that is too long to be read at once, some jobs at its old end, the next to leave it first
 */
record QueueLook(long now, Map<Place, Long> lengths, Map<Place, List<AuditedJob>> next) {

    /** Reads what {@code words/look.lua} returns of the queue. */
    static QueueLook of(Reply reply) {
        long now = reply.number();
        Reply counts = reply.list();
        Reply jobs = reply.list();
        Map<Place, Long> lengths = new EnumMap<>(Place.class);
        Map<Place, List<AuditedJob>> next = new EnumMap<>(Place.class);
        for (Place place : Place.values()) {
            lengths.put(place, counts.number());
            next.put(place, AuditedJob.all(jobs.list()));
        }
        return new QueueLook(now, lengths, next);
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
