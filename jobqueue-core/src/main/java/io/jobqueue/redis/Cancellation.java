package io.jobqueue.redis;

import io.jobqueue.JobListener;
import io.jobqueue.QueueSettings;
import io.lettuce.core.ScriptOutputType;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Cancels single jobs: ends those that wait, and marks those that are being processed. Informs a listener of the former. */
final class Cancellation {

    private static final Script CANCEL = Script.of(ScriptOutputType.MULTI, "admin/cancel");

    private final JobListener listener;

    Cancellation(JobListener listener) {
        this.listener = listener;
    }

    /** Cancels a job; empty when the queue has none of this id, {@code false} when the job has ended otherwise. */
    CompletableFuture<Optional<Boolean>> of(QueueRedis redis, String id) {
        QueueSettings settings = redis.settings();
        List<String> args = Args.of(
                id, settings.retention().failed().age(), settings.workOutput().ttl());
        return redis.ask(CANCEL, args).thenApply(reply -> {
            String letter = reply.text();
            Events events = new Events(redis.name());
            if (letter.equals("C")) {
                events.cancelled(List.of(id));
            }
            events.runsEnded(reply.texts());
            redis.noteRefusedMessage(reply);
            listener.onAll(events.all());
            return switch (letter) {
                case "N" -> Optional.empty();
                case "C", "A", "M" -> Optional.of(true);
                default -> Optional.of(false);
            };
        });
    }
}
