package io.jobqueue.redis;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The places that can contain the id of a job: four lists, and the sorted set of delayed jobs. */
enum Place {
    PENDING("pending"),
    DELAYED("scheduled"),
    PROCESSING("processing"),
    COMPLETED("completed"),
    FAILED("failed");

    private final String status;

    Place(String status) {
        this.status = status;
    }

    /** The last part of the key: {@code pending}. */
    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The place with such a key. */
    static Place ofKey(String key) {
        return valueOf(key.toUpperCase(Locale.ROOT));
    }

    /** Whether the place contains ended jobs. */
    boolean isHistory() {
        return this == COMPLETED || this == FAILED;
    }

    /** The place of jobs with a status, or {@code null} when no client knows that status. */
    static @Nullable Place ofStatus(@Nullable String status) {
        for (Place place : values()) {
            if (place.status.equals(status)) {
                return place;
            }
        }
        return null;
    }
}
