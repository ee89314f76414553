package io.jobqueue.redis;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A message of the channel {@code events}, in which our scripts and the clients of the guide announce that a job has ended.
 *
 * @param id the id of the job
 * @param completed whether the job completed; otherwise it failed for good
 * @param own whether a script of ours sent the message
 */
record EndMessage(String id, boolean completed, boolean own) {

    private static final Pattern ID = Pattern.compile("\"id\"\\s*:\\s*\"([A-Za-z0-9_.:-]{1,128})\"");
    private static final Pattern END = Pattern.compile("\"status\"\\s*:\\s*\"(completed|failed)\"");

    /** How the messages of our own scripts end. */
    private static final String OWN = ",\"by\":\"jobqueue\"}";

    /** Reads a message; {@code null} when it announces no end, but for example a retry, or cannot be read. */
    static @Nullable EndMessage read(String message) {
        Matcher id = ID.matcher(message);
        Matcher end = END.matcher(message);
        return id.find() && end.find()
                ? new EndMessage(id.group(1), end.group(1).equals("completed"), message.endsWith(OWN))
                : null;
    }
}
