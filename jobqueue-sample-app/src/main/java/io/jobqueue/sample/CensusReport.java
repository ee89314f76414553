package io.jobqueue.sample;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The outputs of all units of a census, added up.
 *
 * @param jars how many jars were read; broken ones are not among them
 * @param files see {@link JarReport}, as the other sums
 * @param largest the largest file in any of the jars
 * @param duplicates groups of jars with the same checksum, by unit id
 */
record CensusReport(
        long jars,
        long files,
        long classes,
        long resources,
        long bytes,
        @Nullable Largest largest,
        SortedMap<Integer, Long> javaVersions,
        List<List<String>> duplicates) {

    /** One file in one of the jars. */
    record Largest(String jar, String name, long bytes) {

        /** Equal sizes are decided by name, so that the same jars make the same report. */
        private static final Comparator<Largest> ORDER = Comparator.comparingLong(Largest::bytes)
                .thenComparing(Comparator.comparing(Largest::jar).reversed())
                .thenComparing(Comparator.comparing(Largest::name).reversed());
    }

    /** Adds up outputs as they come, in any order. */
    static CensusReport of(Stream<Map.Entry<String, JarReport>> outputs) {
        Sum sum = new Sum();
        outputs.forEach(output -> sum.add(output.getKey(), output.getValue()));
        return sum.report();
    }

    /** Only sums and checksums are kept, never the outputs themselves. */
    private static final class Sum {

        private long jars;
        private long files;
        private long classes;
        private long resources;
        private long bytes;
        private @Nullable Largest largest;
        private final SortedMap<Integer, Long> javaVersions = new TreeMap<>();
        private final Map<String, List<String>> byChecksum = new TreeMap<>();

        void add(String unit, JarReport jar) {
            jars++;
            files += jar.files();
            classes += jar.classes();
            resources += jar.resources();
            bytes += jar.bytes();
            if (jar.largest() != null) {
                Largest candidate =
                        new Largest(unit, jar.largest().name(), jar.largest().bytes());
                if (largest == null || Largest.ORDER.compare(candidate, largest) > 0) {
                    largest = candidate;
                }
            }
            jar.javaVersions().forEach((release, count) -> javaVersions.merge(release, count, Long::sum));
            byChecksum
                    .computeIfAbsent(jar.sha256(), checksum -> new ArrayList<>(1))
                    .add(unit);
        }

        CensusReport report() {
            List<List<String>> duplicates = byChecksum.values().stream()
                    .filter(units -> units.size() > 1)
                    .map(units -> units.stream().sorted().toList())
                    .sorted(Comparator.comparing(units -> units.get(0)))
                    .toList();
            return new CensusReport(
                    jars,
                    files,
                    classes,
                    resources,
                    bytes,
                    largest,
                    Collections.unmodifiableSortedMap(javaVersions),
                    duplicates);
        }
    }
}
