package io.jobqueue.sample;

import io.jobqueue.Names;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the jars of a census. The answer is sorted, and the same for the same files. */
final class JarSearch {

    /** Where an executable jar keeps the jars of its class path. */
    static final String NESTED_FOLDER = "BOOT-INF/lib/";

    private static final Logger log = LoggerFactory.getLogger(JarSearch.class);

    private JarSearch() {}

    /**
     * A jar that was found.
     *
     * @param id its path relative to the folder of the census, with {@code /} on every system
     * @param work the job that reads it
     */
    record Unit(String id, ReadJar work) {}

    /**
     * The files in a folder and the folders below it whose names end with {@code .jar}. Links to folders are not
     * followed, and what cannot be listed is left out.
     *
     * @param folder a real path
     */
    static List<Unit> inFolder(Path folder) throws IOException {
        List<Path> jars = new ArrayList<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                // a link is a unit even if it leads nowhere, so that it is reported; the reader checks where it leads
                boolean isFile =
                        attributes.isRegularFile() || (attributes.isSymbolicLink() && !Files.isDirectory(file));
                if (isFile && file.getFileName().toString().endsWith(".jar")) {
                    jars.add(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException ex) {
                log.info("The census leaves out {}: {}", file, ex.toString());
                return FileVisitResult.CONTINUE;
            }
        });
        URI base = folder.toUri();
        return sorted(jars.stream().map(jar -> unit(path(base.relativize(jar.toUri())), ReadJar.of(jar))));
    }

    /**
     * The jars of a class path; of an executable jar those that it nests. Ids are relative to the deepest folder that
     * all of them are in.
     */
    static List<Unit> on(ClassPath classPath) throws IOException {
        List<Unit> units = new ArrayList<>();
        for (Path entry : classPath.entries()) {
            if (Files.isRegularFile(entry) && entry.getFileName().toString().endsWith(".jar")) {
                List<String> nested = nestedJars(entry);
                String name = path(entry.toUri());
                if (nested.isEmpty()) {
                    units.add(new Unit(name, ReadJar.of(entry)));
                }
                nested.forEach(jar -> units.add(new Unit(name + "/" + jar, ReadJar.nested(entry, jar))));
            }
        }
        int common = commonFolder(units.stream().map(Unit::id).toList());
        return sorted(units.stream().map(unit -> unit(unit.id().substring(common), unit.work())));
    }

    /** Names as they are read back by {@link ZipFile#getEntry}. */
    private static List<String> nestedJars(Path jar) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            return zip.stream()
                    .map(ZipEntry::getName)
                    .filter(JarSearch::isNestedJar)
                    .distinct()
                    .toList();
        } catch (ZipException ex) {
            // broken: nothing is nested in it, and its reader will say so
            return List.of();
        }
    }

    /** Whether an entry of an executable jar is a jar of its class path. */
    static boolean isNestedJar(String entry) {
        return entry.startsWith(NESTED_FOLDER)
                && entry.endsWith(".jar")
                && entry.indexOf('/', NESTED_FOLDER.length()) < 0;
    }

    /** The length of the longest prefix that ends with {@code /} and is common to all. */
    private static int commonFolder(List<String> paths) {
        String prefix = paths.isEmpty() ? "" : paths.get(0);
        for (String path : paths) {
            int mismatch = Arrays.mismatch(prefix.toCharArray(), path.toCharArray());
            prefix = mismatch < 0 ? prefix : prefix.substring(0, mismatch);
        }
        return prefix.lastIndexOf('/') + 1;
    }

    /** Decodes as UTF-8, which names of files are nearly everywhere, whatever the locale of this JVM. */
    private static String path(URI uri) {
        return uri.getPath();
    }

    private static List<Unit> sorted(Stream<Unit> units) {
        return units.sorted(Comparator.comparing(Unit::id)).toList();
    }

    private static Unit unit(String path, ReadJar work) {
        return new Unit(unitId(path), work);
    }

    /** The path itself, or, where that breaks the rules for unit ids, a checksum and the path's printable end. */
    static String unitId(String path) {
        try {
            return Names.unit(path);
        } catch (IllegalArgumentException ex) {
            String printable = path.replaceAll("[^\\x20-\\x7e]", "?");
            String end = printable.substring(Math.max(0, printable.length() - 200));
            return checksum(path) + "…" + end;
        }
    }

    private static String checksum(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 6);
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException("every Java platform has SHA-256", ex);
        }
    }
}
