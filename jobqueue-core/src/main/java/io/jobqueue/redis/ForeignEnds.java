package io.jobqueue.redis;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Learns from the guide's channel {@code events} which jobs have ended. Clients that do not know runs announce the end
 * of a unit only there. It subscribes only while there are live runs, and ignores the messages of our own scripts.
 *
 * <p>The walk over the units finds the ends that were missed, because no process was subscribed or too many messages
 * came at once.
 */
final class ForeignEnds {

    private static final int MOST_KEPT = 20_000;
    private static final int A_CALL = 200;

    private final ChannelListener listener = this::hear;

    // guarded by this
    private final Set<String> ids = new LinkedHashSet<>();
    private boolean wanted;

    /** Says whether there are live runs. */
    synchronized void wanted(boolean live) {
        wanted = live;
    }

    /** Begins or ends to listen. May have to connect. */
    void listen(Subscriptions subscriptions, String channel) {
        boolean live;
        synchronized (this) {
            live = wanted;
        }
        if (live != subscriptions.has(channel, listener)) {
            if (live) {
                subscriptions.add(channel, listener);
            } else {
                subscriptions.remove(channel, listener);
            }
        }
    }

    /** Unsubscribes and forgets the messages so far; the walk finds those ends. */
    void stop(Subscriptions subscriptions, String channel) {
        synchronized (this) {
            wanted = false;
            ids.clear();
        }
        subscriptions.remove(channel, listener);
    }

    void hear(String message) {
        EndMessage end = EndMessage.read(message);
        if (end != null && !end.own()) { // our own scripts have updated the run
            synchronized (this) {
                if (ids.size() < MOST_KEPT) {
                    ids.add(end.id());
                }
            }
        }
    }

    /** Takes ids again that are to be given another time. */
    synchronized void putBack(List<String> left) {
        ids.addAll(left);
    }

    /** Some of the ids, perhaps none; they are not given again. */
    synchronized List<String> take() {
        List<String> taken = new ArrayList<>();
        for (Iterator<String> all = ids.iterator(); all.hasNext() && taken.size() < A_CALL; ) {
            taken.add(all.next());
            all.remove();
        }
        return taken;
    }
}
