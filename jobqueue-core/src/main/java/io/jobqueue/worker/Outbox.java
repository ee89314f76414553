package io.jobqueue.worker;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The attempts of one dispatcher that have ended and are not settled yet, oldest first. The list is linked through the
 * attempts themselves, so that an attempt can end when there is no memory left.
 *
 * <p>Not thread-safe; the dispatcher's lock guards it.
 */
final class Outbox {

    private static final int MAX_SETTLEMENTS_A_CALL = 100;
    private static final int MAX_CHARS_A_CALL = 1024 * 1024;

    private @Nullable Attempt first;
    private @Nullable Attempt last;
    private int waiting;
    private int unsettled;

    boolean isEmpty() {
        return first == null;
    }

    /** How many attempts are not settled, those of calls that are out included. */
    int unsettled() {
        return unsettled;
    }

    /** Adds an attempt that has ended. Allocates nothing. */
    void add(Attempt ended) {
        unsettled++;
        append(ended);
    }

    private void append(Attempt attempt) {
        attempt.next = null;
        if (last == null) {
            first = attempt;
        } else {
            last.next = attempt;
        }
        last = attempt;
        waiting++;
    }

    /** Takes the attempts for the next call: at most 100, and about 1 MB. */
    List<Attempt> takeBatch() {
        // first the memory, so that no attempt is lost for want of it
        List<Attempt> batch = new ArrayList<>(Math.min(waiting, MAX_SETTLEMENTS_A_CALL));
        int chars = 0;
        for (Attempt next = first; next != null && batch.size() < MAX_SETTLEMENTS_A_CALL; next = first) {
            chars += next.settlement().size();
            if (chars > MAX_CHARS_A_CALL && !batch.isEmpty()) {
                break;
            }
            batch.add(next);
            first = next.next;
            last = first == null ? null : last;
            next.next = null;
            waiting--;
        }
        return batch;
    }

    /** Puts a batch back to the head, because its call got no answer. Allocates nothing. */
    void putBack(List<Attempt> batch) {
        for (int i = batch.size() - 1; i >= 0; i--) {
            Attempt attempt = batch.get(i);
            attempt.next = first;
            first = attempt;
            last = last == null ? attempt : last;
            waiting++;
        }
    }

    /** So many attempts were answered. */
    void settled(int count) {
        unsettled -= count;
    }
}
