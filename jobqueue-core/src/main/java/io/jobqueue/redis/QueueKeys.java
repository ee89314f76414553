package io.jobqueue.redis;

import io.jobqueue.JobStatus;
import io.jobqueue.Names;
import java.util.Arrays;

/**
 * The names of one queue's keys, and the one order in which scripts receive them. In a cluster the queue's name stands
 * in braces, so that all its keys share a slot.
 */
final class QueueKeys {

    private final String root;
    private final String[] fixed;

    QueueKeys(String prefix, String queue, boolean cluster) {
        Names.queue(queue);
        root = prefix + ":" + (cluster ? "{" + queue + "}" : queue) + ":";
        fixed = new String[] {
            root + "pending",
            root + "processing",
            root + "completed",
            root + "failed",
            root + "delayed",
            root + "wake",
            root + "meta",
            root + "events",
            root + "lifecycle",
            root + "runs",
            root + "agenda",
            root + "run:",
            root + "units:",
            root + "outputs:",
            root + "failures:",
            root + "early:",
            root + "late:",
            root + "job:",
        };
    }

    /** What every script gets, in the order of {@code prelude.lua}. */
    String[] fixed() {
        return fixed;
    }

    /** The fixed keys, and the key of one enqueue call behind them. */
    String[] withCall(String token) {
        return with("call:" + token);
    }

    /** The fixed keys, and what the audit suspects behind them. */
    String[] withSuspects() {
        return with("suspects");
    }

    private String[] with(String last) {
        String[] keys = Arrays.copyOf(fixed, fixed.length + 1);
        keys[fixed.length] = root + last;
        return keys;
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

    String runs() {
        return root + "runs";
    }

    String events() {
        return root + "events";
    }

    String lifecycle() {
        return root + "lifecycle";
    }

    String failures(String runId) {
        return root + "failures:" + runId;
    }
}
