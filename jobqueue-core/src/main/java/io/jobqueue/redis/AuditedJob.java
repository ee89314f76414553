package io.jobqueue.redis;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The state of one job in Redis at one instant: its hash, and the places that contain its id.
 *
 * @param id the id
 * @param key the type of the value under the job's key
 * @param payload whether the hash has a payload; the audit never reads the payload itself
 * @param state a digest of {@code payload} and {@code fields}, made by Redis; equal digests mean that the job did not
 *     change
 * @param timeToLive in milliseconds, negative when the key does not expire
 * @param fields those of {@link #FIELDS} that the hash has
 * @param copies how often each place contains the id; a place is absent when its list is too long to be read at once
 */
record AuditedJob(
        String id,
        Key key,
        boolean payload,
        String state,
        long timeToLive,
        Map<String, String> fields,
        Map<Place, Integer> copies) {

    /** The fields that the audit reads, in the order in which {@code words/look.lua} returns them. */
    static final List<String> FIELDS = List.of(
            "status",
            "claim_token",
            "attempts",
            "claimed_at_ms",
            "reclaimed_at_ms",
            "due_at_ms",
            "enqueued_at_ms",
            "last_error_at_ms",
            "completed_at_ms",
            "max_attempts",
            "fence",
            "crashes",
            "id",
            "lease",
            "in_pending");

    /** The lists, in the order in which {@code words/look.lua} counts. */
    private static final List<Place> COUNTED = List.of(Place.PENDING, Place.PROCESSING, Place.COMPLETED, Place.FAILED);

    private static final Pattern NUMBER = Pattern.compile("\\d+(\\.\\d*)?([eE]\\+?\\d+)?");
    private static final double FIRST_INEXACT = 0x1p53;

    /** The type of the value under a job's key. */
    enum Key {
        ABSENT,
        HASH,
        ANOTHER_TYPE
    }

    /** Whether a place contains the id. */
    enum Presence {
        HERE,
        NOT_HERE,
        UNKNOWN
    }

    /** Reads what {@code words/look.lua} returns of an id. */
    static AuditedJob of(Reply reply) {
        String id = reply.text();
        Key key = Key.valueOf(reply.text().toUpperCase(Locale.ROOT));
        boolean payload = reply.flag();
        String state = reply.text();
        long timeToLive = reply.number();
        Map<Place, Integer> copies = new EnumMap<>(Place.class);
        copies.put(Place.DELAYED, (int) reply.number());
        for (Place place : COUNTED) {
            int times = (int) reply.number();
            if (times >= 0) { // else the list is too long to be read at once
                copies.put(place, times);
            }
        }
        Map<String, String> fields = new HashMap<>();
        for (String field : FIELDS) {
            String value = reply.textOrNull();
            if (value != null) {
                fields.put(field, value);
            }
        }
        return new AuditedJob(id, key, payload, state, timeToLive, fields, copies);
    }

    /** Reads a list of what {@code words/look.lua} returns of an id. */
    static List<AuditedJob> all(Reply replies) {
        List<AuditedJob> jobs = new ArrayList<>(replies.left());
        while (replies.hasNext()) {
            jobs.add(of(replies.list()));
        }
        return jobs;
    }

    AuditedJob {
        fields = Map.copyOf(fields);
        copies = Map.copyOf(copies);
    }

    /** The same job, with what a walk over the lists found. */
    AuditedJob withCopies(Map<Place, Integer> found) {
        Map<Place, Integer> all = new EnumMap<>(Place.class);
        all.putAll(found);
        all.putAll(copies);
        return new AuditedJob(id, key, payload, state, timeToLive, fields, all);
    }

    /** Whether there is a hash that holds anything a queue's client writes. */
    boolean exists() {
        return key == Key.HASH && (payload || !fields.isEmpty());
    }

    @Nullable
    String field(String name) {
        return fields.get(name);
    }

    /** The field, or an empty text when it is absent. */
    String text(String name) {
        return fields.getOrDefault(name, "");
    }

    /** The whole number in a field, or another one when the field is absent or holds no number. */
    long number(String name, long otherwise) {
        return parse(fields.get(name), otherwise);
    }

    /** The whole number in a text, as the scripts read it. */
    static long parse(@Nullable String text, long otherwise) {
        if (text == null || !NUMBER.matcher(text).matches()) {
            return otherwise;
        }
        double number = Double.parseDouble(text);
        return number < FIRST_INEXACT ? (long) number : otherwise;
    }

    /** Whether the job has ended. */
    boolean hasEnded() {
        Place place = Place.ofStatus(field("status"));
        return place != null && place.isHistory();
    }

    /**
     * Whether the job was cancelled where it waited: its id stays in {@code pending} until a claim passes over it. A client of
     * the guide that took the job raised the attempts and left the field alone.
     */
    boolean isCancelledInPending() {
        return "failed".equals(field("status"))
                && fields.getOrDefault("attempts", "0").equals(field("in_pending"));
    }

    /** The place that the status names, or {@code null} when it names none. */
    @Nullable
    Place home() {
        return isCancelledInPending() ? Place.PENDING : Place.ofStatus(field("status"));
    }

    /** When the job ended, as far as it says so. */
    long endedAt(long otherwise) {
        return number(endedAtField(), otherwise);
    }

    /** The field that says when a job ended that has ended. */
    String endedAtField() {
        return "completed".equals(field("status")) ? "completed_at_ms" : "last_error_at_ms";
    }

    /** Whether the key expires by itself. */
    boolean expires() {
        return timeToLive >= 0;
    }

    Presence in(Place place) {
        Integer times = copies.get(place);
        return times == null ? Presence.UNKNOWN : times > 0 ? Presence.HERE : Presence.NOT_HERE;
    }
}
