package io.jobqueue;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A setting has an invalid value. The message names the setting, the rule and the value. The name of
 * the record component is available separately, so that a caller that read the value from a file can name the place.
 *
 * @since 0.1.0
 */
public final class SettingException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final String setting;
    private final @Nullable String conflict;

    /**
     * Creates the exception for a value that is never allowed.
     *
     * @param setting the name of the record component, for example {@code visibilityTimeout}
     * @param message the setting, the rule and the value
     */
    public SettingException(String setting, String message) {
        super(message);
        this.setting = setting;
        this.conflict = null;
    }

    /**
     * Creates the exception for a value that conflicts with the value of another setting of the same record.
     *
     * @param setting the name of the record component to change
     * @param conflict the name of the other record component
     * @param message the setting, the rule and both values
     */
    public SettingException(String setting, String conflict, String message) {
        super(message);
        this.setting = setting;
        this.conflict = conflict;
    }

    /** The name of the record component whose value is not allowed. */
    public String setting() {
        return setting;
    }

    /** The name of the other record component, if the value is only refused because of it. */
    public Optional<String> conflict() {
        return Optional.ofNullable(conflict);
    }
}
