package io.jobqueue.worker;

import io.jobqueue.Redactor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Turns what handlers throw into texts that may be stored: bounded and redacted. Whatever an exception does when it is asked
 * for its message or its cause, there is a text. Thread-safe.
 */
final class ErrorTexts {

    private static final Logger log = LoggerFactory.getLogger(ErrorTexts.class);

    private static final int CAUSES = 20;

    /** The most characters of an exception's own words, so that those of its root cause have room in the job's last error. */
    private static final int MOST_BEFORE_ROOT = 2000;

    private static final int MOST_OF_A_MESSAGE = 1000;
    private static final int MOST_FRAMES = 64;

    private final Redactor redactor;
    private final int maxTrace;

    /**
     * Makes the texts of one queue.
     *
     * @param maxTrace the most characters of a stack trace
     */
    ErrorTexts(Redactor redactor, int maxTrace) {
        this.redactor = redactor;
        this.maxTrace = maxTrace;
    }

    /** A throwable and its root cause in words, redacted. */
    String words(Throwable thrown) {
        List<Throwable> chain = chain(thrown);
        Throwable root = chain.get(chain.size() - 1);
        String said = said(thrown);
        return redacted(root == thrown ? said : cut(said, MOST_BEFORE_ROOT) + "; root cause: " + said(root));
    }

    /** A text of a handler, redacted. */
    String redacted(String text) {
        try {
            return redactor.redact(text);
        } catch (Throwable ex) {
            log.warn("The Redactor failed, and the text of an error was dropped: {}", LogText.oneLine(ex));
            return "(dropped, because the Redactor failed)";
        }
    }

    /** A throwable for listeners, with its details for the store. */
    Settlement.Cause cause(Throwable thrown) {
        Map<String, String> details = new LinkedHashMap<>();
        details.put("type", thrown.getClass().getName());
        String message = message(thrown);
        if (message != null) {
            details.put("message", redacted(cut(message, MOST_OF_A_MESSAGE)));
        }
        details.put("trace", cut(redacted(trace(thrown)), maxTrace));
        return new Settlement.Cause(thrown, JsonMapper.shared().writeValueAsString(details));
    }

    /** The stack trace with its causes. Each of them gets fewer frames, until all fit. */
    private String trace(Throwable thrown) {
        List<Throwable> chain = chain(thrown);
        int frames = MOST_FRAMES;
        String trace = trace(chain, frames);
        while (trace.length() > maxTrace && frames > 1) {
            frames /= 2;
            trace = trace(chain, frames);
        }
        return trace;
    }

    private static String trace(List<Throwable> chain, int frames) {
        StringBuilder text = new StringBuilder();
        for (Throwable each : chain) {
            text.append(text.isEmpty() ? "" : "Caused by: ")
                    .append(cut(said(each), MOST_OF_A_MESSAGE))
                    .append('\n');
            StackTraceElement[] stack = frames(each);
            for (int i = 0; i < Math.min(frames, stack.length); i++) {
                text.append("\tat ").append(stack[i]).append('\n');
            }
            if (stack.length > frames) {
                text.append("\t... ").append(stack.length - frames).append(" more\n");
            }
        }
        return text.toString();
    }

    private static StackTraceElement[] frames(Throwable thrown) {
        try {
            return thrown.getStackTrace();
        } catch (Throwable ex) {
            return new StackTraceElement[0];
        }
    }

    /** The first of a throwable and its causes that is one of these types. */
    static @Nullable Throwable find(Throwable thrown, Set<? extends Class<? extends Throwable>> types) {
        return chain(thrown).stream()
                .filter(each -> types.stream().anyMatch(type -> type.isInstance(each)))
                .findFirst()
                .orElse(null);
    }

    static @Nullable Throwable causeOf(Throwable thrown) {
        try {
            return thrown.getCause();
        } catch (Throwable ex) {
            return null;
        }
    }

    /** A throwable and its causes, the root last. */
    private static List<Throwable> chain(Throwable thrown) {
        List<Throwable> chain = new ArrayList<>();
        for (Throwable at = thrown; at != null && chain.size() <= CAUSES; at = causeOf(at)) {
            chain.add(at);
        }
        return chain;
    }

    private static String said(Throwable thrown) {
        String type = thrown.getClass().getName();
        String message = message(thrown);
        return message == null ? type : type + ": " + message;
    }

    private static @Nullable String message(Throwable thrown) {
        try {
            return thrown.getMessage();
        } catch (Throwable ex) {
            return "(its message cannot be read)";
        }
    }

    private static String cut(String text, int most) {
        return text.length() > most ? text.substring(0, most - 1) + "…" : text;
    }
}
