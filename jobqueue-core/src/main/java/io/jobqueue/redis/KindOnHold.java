package io.jobqueue.redis;

import io.jobqueue.QueueStats.PausedKind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A kind that is paused, or whose held jobs have not all been claimed since it was resumed.
 *
 * @param held how many of its jobs are held
 */
record KindOnHold(String kind, boolean paused, Instant since, String by, long held) {

    /** Reads what the scripts return of a kind. */
    static KindOnHold of(Reply reply) {
        return new KindOnHold(
                reply.text(),
                "paused".equals(reply.text()),
                Instant.ofEpochMilli(Reply.wholeNumber(reply.text())),
                reply.text(),
                reply.number());
    }

    /** Reads a list of kinds. */
    static List<KindOnHold> all(Reply replies) {
        List<KindOnHold> kinds = new ArrayList<>(replies.left());
        while (replies.hasNext()) {
            kinds.add(of(replies.list()));
        }
        return kinds;
    }

    /** The pause; empty when the kind was resumed. */
    Optional<PausedKind> pause() {
        return paused ? Optional.of(new PausedKind(kind, since, by, held)) : Optional.empty();
    }
}
