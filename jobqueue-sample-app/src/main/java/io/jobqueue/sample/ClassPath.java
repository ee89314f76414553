package io.jobqueue.sample;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.springframework.util.StringUtils;

/**
 * The files and folders of a class path that exist, by their real paths. What the manifest of a jar adds to the class
 * path is part of it, as for the JVM: some build tools and IDEs start an application with one jar that only does this.
 */
final class ClassPath {

    private final Set<Path> entries;

    private ClassPath(Set<Path> entries) {
        this.entries = entries;
    }

    /** The class path of this JVM. */
    static ClassPath ofThisApplication() {
        return of(System.getProperty("java.class.path", ""));
    }

    /** A class path as it is written for the {@code java} command. */
    static ClassPath of(String path) {
        Set<Path> found = new LinkedHashSet<>();
        Deque<Path> toVisit = new ArrayDeque<>();
        for (String entry : StringUtils.delimitedListToStringArray(path, File.pathSeparator)) {
            // an empty entry means the working directory to the JVM; the census has no use for it
            if (!entry.isBlank()) {
                toVisit.add(Path.of(entry));
            }
        }
        while (!toVisit.isEmpty()) {
            Path entry = toVisit.remove();
            try {
                Path real = entry.toRealPath();
                if (found.add(real) && Files.isRegularFile(real)) {
                    toVisit.addAll(addedByManifest(real));
                }
            } catch (IOException ex) {
                // not there: the JVM ignores it as well
            }
        }
        return new ClassPath(Set.copyOf(found));
    }

    private static Collection<Path> addedByManifest(Path jar) {
        Set<Path> added = new LinkedHashSet<>();
        try (JarFile file = new JarFile(jar.toFile(), false)) {
            Manifest manifest = file.getManifest();
            String value =
                    manifest == null ? null : manifest.getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
            if (value != null) {
                for (String entry : StringUtils.tokenizeToStringArray(value, " ")) {
                    URI uri = jar.toUri().resolve(entry);
                    if ("file".equals(uri.getScheme())) {
                        added.add(Path.of(uri));
                    }
                }
            }
        } catch (IOException | IllegalArgumentException ex) {
            // no jar, or a manifest that names no files: it adds nothing
            return Set.of();
        }
        return added;
    }

    /** All files and folders. */
    Set<Path> entries() {
        return entries;
    }
}
