package io.jobqueue.worker;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Texts for log lines. Messages of exceptions, ids and kinds may come from other clients; a line break in them would
 * forge a line of the log.
 *
 * @since 0.1.0
 */
public final class LogText {

    /** How many ids a line names. */
    static final int NAMED = 10;

    private static final int ID_LENGTH = 80;
    private static final int HEAD = 300;
    private static final int TAIL = 150;

    private LogText() {}

    /**
     * A text in one line of at most 500 characters or so: control characters and line separators are escaped, and the
     * middle of a long text is left out, so that a root cause at its end remains.
     */
    public static String oneLine(String text) {
        String cut = text.length() > HEAD + TAIL
                ? text.substring(0, HEAD) + " … " + text.substring(text.length() - TAIL)
                : text;
        if (!breaks(cut)) {
            return cut;
        }
        StringBuilder out = new StringBuilder(cut.length() + 16);
        cut.chars().forEach(c -> {
            if (breaks(c)) {
                out.append("\\u%04x".formatted(c));
            } else {
                out.append((char) c);
            }
        });
        return out.toString();
    }

    private static boolean breaks(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (breaks(text.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    private static boolean breaks(int c) {
        int type = Character.getType(c);
        return type == Character.CONTROL || type == Character.LINE_SEPARATOR || type == Character.PARAGRAPH_SEPARATOR;
    }

    /** What a failure says of itself, in one line. */
    static String oneLine(Throwable failure) {
        try {
            return oneLine(failure.toString());
        } catch (Throwable ex) {
            return failure.getClass().getName(); // it refuses to tell its message
        }
    }

    static String jobs(long count) {
        return count == 1 ? "1 job" : count + " jobs";
    }

    /**
     * The first ids of many.
     *
     * @param first ids in order
     * @param count how many ids there are in all
     */
    static String some(List<String> first, long count) {
        List<String> named = first.stream().limit(NAMED).toList();
        String text = named.stream()
                .map(id -> oneLine(id.length() > ID_LENGTH ? id.substring(0, ID_LENGTH) + "…" : id))
                .collect(Collectors.joining(", "));
        return count > named.size() ? text + " and %s more".formatted(count - named.size()) : text;
    }
}
