package io.jobqueue.sample;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folders that a census may read. The start of a census checks its folder, and the worker checks each jar again,
 * because any client that can write to Redis can put any path into a job. Links are resolved before the check, so no
 * link leads outside.
 */
final class AllowedRoots {

    /** Real paths. */
    private final Set<Path> roots;

    private AllowedRoots(Set<Path> roots) {
        this.roots = roots;
    }

    /**
     * Some folders, and the class path.
     *
     * @param configured the folders; {@code null} for the home and temp folders of this user and the folders of the
     *     jars on the class path. Folders that do not exist allow nothing
     */
    static AllowedRoots of(@Nullable List<Path> configured, ClassPath classPath) {
        Set<Path> roots = new LinkedHashSet<>(classPath.entries());
        if (configured != null) {
            configured.forEach(folder -> addReal(folder, roots));
        } else {
            List<Path> defaults = new ArrayList<>();
            Stream.of("user.home", "java.io.tmpdir")
                    .map(key -> System.getProperty(key, ""))
                    .filter(value -> !value.isBlank())
                    .map(Path::of)
                    .filter(Path::isAbsolute)
                    .forEach(defaults::add);
            classPath.entries().stream()
                    .filter(Files::isRegularFile)
                    .map(Path::getParent)
                    .forEach(defaults::add);
            // users without a home have '/' in some containers: that would allow everything
            defaults.stream().filter(folder -> folder.getNameCount() > 0).forEach(folder -> addReal(folder, roots));
        }
        return new AllowedRoots(Set.copyOf(roots));
    }

    private static void addReal(Path folder, Set<Path> roots) {
        try {
            roots.add(folder.toRealPath());
        } catch (IOException ex) {
            // not there: nothing can be read below it
        }
    }

    /**
     * Reads what a user typed as a folder; {@code ~} stands for the home folder.
     *
     * @return its real path
     * @throws RefusedException when it is outside, does not exist or is no folder
     */
    Path folder(String typed) {
        String home = System.getProperty("user.home", "");
        String expanded = typed.equals("~") || typed.startsWith("~/") ? home + typed.substring(1) : typed;
        Path real;
        try {
            real = real(Path.of(expanded));
        } catch (InvalidPathException ex) {
            throw new RefusedException("'%s' is no path: %s".formatted(typed, ex.getReason()));
        }
        if (!Files.isDirectory(real)) {
            throw new RefusedException("'%s' is no folder".formatted(typed));
        }
        if (!Files.isReadable(real)) {
            throw new RefusedException("'%s' cannot be read".formatted(typed));
        }
        return real;
    }

    /**
     * Checks a file that is about to be read.
     *
     * @return its real path
     * @throws RefusedException when it is outside, does not exist or is no regular file
     */
    Path file(Path file) {
        Path real = real(file);
        if (!Files.isRegularFile(real)) {
            throw new RefusedException("'%s' is no file".formatted(file));
        }
        return real;
    }

    private Path real(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        Path real;
        try {
            real = path.toRealPath();
        } catch (IOException ex) {
            // outside, the answer must not tell what exists
            throw new RefusedException(
                    isInside(absolute) ? "'%s' does not exist or cannot be reached".formatted(path) : outside(path));
        }
        if (!isInside(real)) {
            throw new RefusedException(outside(path));
        }
        return real;
    }

    private boolean isInside(Path path) {
        return roots.stream().anyMatch(path::startsWith);
    }

    private static String outside(Path path) {
        return "'%s' is outside the folders that a census may read; 'sample.allowed-roots' lists them".formatted(path);
    }
}
