package io.jobqueue.mutation;

import io.jobqueue.mutation.Lua.Statement;
import java.util.Comparator;
import java.util.List;

/**
 * Makes Lua files tell which of their statements run. Each statement is told on a Pub/Sub channel, which leaves no trace in the
 * data that the tests look at.
 */
final class Instrument {

    static final String CHANNEL = "lines-that-run";

    private Instrument() {}

    /** The text of a file that tells before each statement that it comes now: the file, a colon, and the line. */
    static String instrument(String file, String source) {
        Lua lua = Lua.read(source);
        StringBuilder text = new StringBuilder(source);
        List<Integer> places = lua.statements().stream()
                .map(Statement::span)
                .map(Lua.Span::from)
                .distinct()
                .sorted(Comparator.reverseOrder())
                .toList();
        for (int place : places) {
            text.insert(
                    place, "redis.pcall('PUBLISH', '%s', '%s') ".formatted(CHANNEL, point(file, lua.lineAt(place))));
        }
        return text.toString();
    }

    static String point(String file, int line) {
        return file + ":" + line;
    }
}
