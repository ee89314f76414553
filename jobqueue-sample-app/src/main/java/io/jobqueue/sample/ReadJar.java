package io.jobqueue.sample;

import io.jobqueue.JobKind;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The job of reading one jar.
 *
 * @param file the jar as a {@code file:} URI, which names every file, whatever the locale of the worker
 * @param entry when the jar to be read is nested in that file, its entry there, for example {@code BOOT-INF/lib/a.jar}
 */
@JobKind(ReadJar.KIND)
record ReadJar(URI file, @Nullable String entry) {

    static final String KIND = "census.jar";

    static ReadJar of(Path file) {
        return new ReadJar(file.toUri(), null);
    }

    static ReadJar nested(Path file, String entry) {
        return new ReadJar(file.toUri(), entry);
    }

    /**
     * The file to read.
     *
     * @throws RefusedException when the URI is none of a file
     */
    Path path() {
        if (!"file".equals(file.getScheme())) {
            throw new RefusedException("'%s' is no file: URI".formatted(file));
        }
        try {
            return Path.of(file);
        } catch (IllegalArgumentException | FileSystemNotFoundException ex) {
            throw new RefusedException("'%s' names no file: %s".formatted(file, ex.getMessage()));
        }
    }
}
