package io.jobqueue;

import java.time.Instant;

/**
 * A line that a handler wrote with {@link JobContext#log}.
 *
 * @param at when it was written, by the clock of Redis
 * @param attempt the attempt that wrote it
 * @param text the line
 * @since 0.1.0
 */
public record JobLogLine(Instant at, int attempt, String text) {}
