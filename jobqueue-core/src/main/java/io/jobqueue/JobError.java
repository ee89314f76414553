package io.jobqueue;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Why one attempt of a job failed, as its worker saw it. An attempt whose worker died leaves
 * none; the job's last error and its crashes tell of it.
 *
 * @param at when the attempt failed, by the clock of Redis
 * @param attempt the attempt's number; a requeued job begins at 1 again
 * @param type the class of what the handler threw; {@code null} when it threw nothing, and for clients of the guide
 * @param message its message, or the words of who failed the attempt; {@code null} when there were none
 * @param trace the stack trace with all causes, shortened; {@code null} when the handler threw nothing
 * @since 0.1.0
 */
public record JobError(
        Instant at, int attempt, @Nullable String type, @Nullable String message, @Nullable String trace) {}
