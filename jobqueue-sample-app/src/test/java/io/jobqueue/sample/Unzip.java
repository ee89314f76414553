package io.jobqueue.sample;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opentest4j.TestAbortedException;

/** Counts a jar independently of the census: by {@code unzip -l}, without its heading and sums. */
record Unzip(long files, long classes, long bytes) {

    /** Size, date, time, name. */
    private static final Pattern LINE = Pattern.compile("\\s*(\\d+)\\s+\\S+\\s+\\S+\\s+(.*)");

    static Unzip count(Path jar) throws IOException, InterruptedException {
        Process unzip;
        try {
            unzip = new ProcessBuilder("unzip", "-lqq", jar.toString())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException ex) {
            throw new TestAbortedException("skipped: there is no unzip to count with");
        }
        List<String> lines = unzip.inputReader().lines().toList();
        unzip.waitFor();
        long files = 0;
        long classes = 0;
        long bytes = 0;
        for (String line : lines) {
            Matcher entry = LINE.matcher(line);
            if (!entry.matches()) {
                throw new AssertionError("unzip -l printed '" + line + "'");
            }
            if (!entry.group(2).endsWith("/")) {
                files++;
                bytes += Long.parseLong(entry.group(1));
                classes += entry.group(2).endsWith(".class") ? 1 : 0;
            }
        }
        return new Unzip(files, classes, bytes);
    }

    static Unzip of(JarReport report) {
        return new Unzip(report.files(), report.classes(), report.bytes());
    }

    Unzip plus(Unzip other) {
        return new Unzip(files + other.files, classes + other.classes, bytes + other.bytes);
    }
}
