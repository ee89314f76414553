package io.jobqueue;

import java.util.List;

/**
 * The Redis user may not use commands or keys that the queue needs. Without them a script would fail after its first
 * write, so the queue should not start.
 *
 * @since 0.1.0
 */
public final class MissingRightsException extends JobQueueException {

    private static final long serialVersionUID = 1L;

    private final List<String> missing;
    private final String said;
    private final String remedy;

    /**
     * Makes the exception.
     *
     * @param missing the missing rights as words of {@code ACL SETUSER}, for example {@code +hset}
     * @param grant the command that adds them
     * @param wholeLine the command that makes a user with all rights that are needed
     * @param said what Redis said
     */
    public MissingRightsException(List<String> missing, String grant, String wholeLine, String said) {
        super(
                "the Redis user lacks rights that the queue needs: %s (Redis said: %s); grant them with: %s"
                        .formatted(String.join(" ", missing), said, grant),
                null);
        this.missing = List.copyOf(missing);
        this.said = said;
        this.remedy = "Grant the rights with: %s%nAll rights that the queue needs: %s".formatted(grant, wholeLine);
    }

    /** The missing rights as words of {@code ACL SETUSER}: {@code +hset}, or {@code ~queue:*} for the keys. */
    public List<String> missing() {
        return missing;
    }

    /** What Redis said against the first of them. */
    public String said() {
        return said;
    }

    /** The commands that grant the missing rights, and all rights, in sentences. */
    public String remedy() {
        return remedy;
    }
}
