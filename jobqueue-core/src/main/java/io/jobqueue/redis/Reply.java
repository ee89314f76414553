package io.jobqueue.redis;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the reply of a script, one value after the other, in the order in which the script returns them. A script
 * returns whole numbers, texts, nothing, and lists of those. Not thread-safe.
 */
final class Reply {

    private final List<@Nullable Object> values;
    private int next;

    Reply(List<@Nullable Object> values) {
        this.values = values;
    }

    boolean hasNext() {
        return next < values.size();
    }

    /** How many values are left. */
    int left() {
        return values.size() - next;
    }

    long number() {
        return (Long) value();
    }

    /** A flag, which scripts return as 1 or 0. */
    boolean flag() {
        return number() == 1;
    }

    String text() {
        return (String) value();
    }

    @Nullable
    String textOrNull() {
        return (String) values.get(next++);
    }

    /** An instant, which Redis stores in milliseconds; {@code null} when it is absent or invalid. */
    @Nullable
    Instant instantOrNull() {
        long millis = wholeNumber(textOrNull());
        return millis == 0 ? null : Instant.ofEpochMilli(millis);
    }

    @SuppressWarnings("unchecked") // the script returns a list of texts there
    List<String> texts() {
        return (List<String>) value();
    }

    /** A list within the reply. */
    @SuppressWarnings("unchecked") // the script returns a list there
    Reply list() {
        return new Reply((List<@Nullable Object>) value());
    }

    /** A list within the reply, or {@code null} where the script returns nothing instead. */
    @Nullable
    Reply listOrNull() {
        if (values.get(next) == null) {
            next++;
            return null;
        }
        return list();
    }

    /** Passes over a value. */
    void skip() {
        next++;
    }

    /** A whole number that Redis holds as a text. What is no such number, or is negative, reads as 0. */
    static long wholeNumber(@Nullable String text) {
        if (text == null || text.isEmpty() || text.length() > 16) {
            return 0;
        }
        try {
            return Math.max(0, Long.parseLong(text));
        } catch (NumberFormatException ex) {
            return 0;
        }
    }

    /** Reads the field {@code deadline}; see the script {@code words/deadline}. */
    static @Nullable Instant deadline(@Nullable String field) {
        long millis = field == null ? 0 : wholeNumber(field.split(":", 2)[0]);
        return millis == 0 ? null : Instant.ofEpochMilli(millis);
    }

    /** A count that Redis holds as a text. One that is too large for any limit is the largest {@code int}. */
    static int count(@Nullable String text) {
        return (int) Math.min(wholeNumber(text), Integer.MAX_VALUE);
    }

    private Object value() {
        Object value = values.get(next++);
        if (value == null) {
            throw new IllegalStateException(
                    "the reply of a script has nothing at place %s: %s".formatted(next, values));
        }
        return value;
    }
}
