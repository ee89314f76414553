package io.jobqueue.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The text of a script, which consists of several Lua files. The header of a file, its first comment, names the other
 * files:
 *
 * <pre>
 * -- needs: words/history words/runs     these files, and the files they need, come before this file
 * -- goes on in: road/settle             this file, and the files it needs, comes after this file
 * </pre>
 *
 * <p>The text contains each file once and begins with {@value #PRELUDE}. A file that goes on in another one returns
 * early when a usual call is done, so that Redis creates only the functions that the usual call needs.
 */
final class ScriptText {

    private static final String PRELUDE = "words/prelude";
    private static final String NO_RECORD = "doors/record";
    private static final String RECORD = "doors/record-in-stream";
    private static final String NEEDS = "-- needs: ";
    private static final String GOES_ON_IN = "-- goes on in: ";

    private final Map<String, String> files = new LinkedHashMap<>();

    private final boolean recording;

    private ScriptText(boolean recording) {
        this.recording = recording;
    }

    /**
     * Puts a script together.
     *
     * @param file its main file, without {@code .lua}, below the folder of this class
     */
    static String of(String file) {
        return String.join("\n", filesOf(file).values());
    }

    /** The files of a script by their names, in their order. */
    static Map<String, String> filesOf(String file) {
        return filesOf(file, false);
    }

    /**
     * The files of a script that notes the ends of jobs in the history stream. {@value #RECORD} comes first, because it
     * takes its arguments from the end, and then takes the place of {@value #NO_RECORD}.
     */
    static Map<String, String> filesOfRecording(String file) {
        return filesOf(file, true);
    }

    /** Whether a script ends jobs or trims the history stream, so that it has a form that uses the stream. */
    static boolean canRecord(String file) {
        return filesOf(file).containsKey(NO_RECORD);
    }

    private static Map<String, String> filesOf(String file, boolean recording) {
        ScriptText text = new ScriptText(recording);
        text.add(PRELUDE);
        if (recording) {
            text.add(RECORD);
        }
        text.add(file);
        return text.files;
    }

    private void add(String file) {
        if (files.containsKey(file) || recording && file.equals(NO_RECORD)) {
            return;
        }
        String source = read(file);
        needs(source).forEach(this::add);
        files.put(file, source);
        goesOnIn(source).forEach(this::add);
    }

    /** The files that a file says it needs. */
    static List<String> needs(String source) {
        return said(source, NEEDS);
    }

    /** The file that a file says it goes on in; none for most. */
    static List<String> goesOnIn(String source) {
        return said(source, GOES_ON_IN);
    }

    private static List<String> said(String source, String what) {
        return source.lines()
                .takeWhile(line -> line.startsWith("--"))
                .filter(line -> line.startsWith(what))
                .flatMap(line -> Stream.of(line.substring(what.length()).split(" ")))
                .toList();
    }

    private static String read(String file) {
        try (InputStream in = ScriptText.class.getResourceAsStream(file + ".lua")) {
            if (in == null) {
                throw new IllegalStateException("the script " + file + ".lua is missing from the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException ex) {
            throw new UncheckedIOException("cannot read the script " + file + ".lua", ex);
        }
    }
}
