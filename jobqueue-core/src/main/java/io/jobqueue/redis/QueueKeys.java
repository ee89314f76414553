package io.jobqueue.redis;

import io.jobqueue.JobStatus;
import io.jobqueue.Names;
import java.time.Duration;

/**
 * The names of one queue's keys. All begin with the same root. Scripts receive only the root, and
 * {@code words/prelude.lua} builds the same names from it. In a cluster the name of the queue is in braces, so that all
 * its keys share a slot.
 *
 * <p>In a cluster every script receives at least two keys, of which the root never exists. While a slot moves to another
 * server, each of the two servers has some keys of the queue. Redis refuses a call with several keys on a server that lacks
 * one of them, so no script ever runs on a part of a queue. A call with the root alone would run on the new server, where
 * the queue seems to be empty.
 */
final class QueueKeys {

    /** How long the key of a call is kept (ms): for as long as the driver may send the call again after a reconnect. */
    static final String REPLAY_WINDOW = Long.toString(Duration.ofSeconds(15).toMillis());

    private final String root;
    private final String[] forScripts;

    QueueKeys(String prefix, String queue, boolean cluster) {
        Names.queue(queue);
        root = prefix + ":" + (cluster ? "{" + queue + "}" : queue) + ":";
        forScripts = cluster ? new String[] {root, root + "none"} : new String[] {root};
    }

    /** What every script gets; in a cluster also a second key, which never exists either. */
    String[] forScripts() {
        return forScripts;
    }

    /** The same, and the key of one call, by which a replay of it is known. */
    String[] withCall(String token) {
        return new String[] {root, root + "call:" + token};
    }

    /** The same, and the key of an outbox, which holds the number of its last batch. */
    String[] withBatch(String token, String outbox) {
        return new String[] {root, root + "call:" + token, root + "outbox:" + outbox};
    }

    /** The same, and what the audit suspects. */
    String[] withSuspects() {
        return new String[] {root, suspects()};
    }

    /** A key on which the rights of the Redis user are tried. */
    String scratch(String token) {
        return root + "self-test:" + token;
    }

    /** What the audit suspects, by the time of its first sight. */
    String suspects() {
        return root + "suspects";
    }

    /** The list or sorted set of a place. */
    String of(Place place) {
        return root + place.key();
    }

    /** The list, or for scheduled jobs the sorted set, that holds the ids of a status. */
    String of(JobStatus status) {
        return switch (status) {
            case PENDING -> root + "pending";
            case PROCESSING -> root + "processing";
            case COMPLETED -> root + "completed";
            case FAILED -> root + "failed";
            case SCHEDULED -> root + "delayed";
        };
    }

    String wake() {
        return root + "wake";
    }

    String job(String id) {
        return root + "job:" + id;
    }

    String run(String runId) {
        return root + "run:" + runId;
    }

    String outputs(String runId) {
        return root + "outputs:" + runId;
    }

    String units(String runId) {
        return root + "units:" + runId;
    }

    String early(String runId) {
        return root + "early:" + runId;
    }

    String late(String runId) {
        return root + "late:" + runId;
    }

    /** The sorted set of runs that are to be looked at. It exists while there is a run. */
    String agenda() {
        return root + "agenda";
    }

    String runs() {
        return root + "runs";
    }

    /** The hash of recurring jobs. It exists while there is one. */
    String schedules() {
        return root + "schedules";
    }

    String events() {
        return root + "events";
    }

    String lifecycle() {
        return root + "lifecycle";
    }

    /** The channel on which cancels of running jobs are announced. */
    String cancels() {
        return root + "cancels";
    }

    String failures(String runId) {
        return root + "failures:" + runId;
    }
}
