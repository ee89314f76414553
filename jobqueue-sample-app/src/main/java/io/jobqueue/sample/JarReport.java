package io.jobqueue.sample;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What one jar holds, counted over its central directory as {@code unzip -l} does: the work output of a unit.
 *
 * @param files entries that are no folders; an entry that is there twice counts twice
 * @param classes those of them whose name ends with {@code .class}
 * @param resources the rest of them
 * @param bytes their uncompressed size
 * @param largest the largest of them, {@code null} when there is none
 * @param javaVersions number of class files by the Java release they need; what is named {@code .class} but does not
 *     begin like a class file is not among them
 * @param sha256 the checksum of the jar, in hex
 */
record JarReport(
        long files,
        long classes,
        long resources,
        long bytes,
        @Nullable Entry largest,
        SortedMap<Integer, Long> javaVersions,
        String sha256) {

    JarReport {
        javaVersions = Collections.unmodifiableSortedMap(new TreeMap<>(javaVersions));
    }

    /** One file in the jar and its uncompressed size. */
    record Entry(String name, long bytes) {}
}
