package io.jobqueue.benchmarks;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * A JDK to start applications on.
 *
 * @param home its folder
 * @param major its version, for example 17
 */
record Jdk(Path home, int major) {

    /** The one that this runs on. */
    static Jdk running() {
        return new Jdk(
                Path.of(System.getProperty("java.home")), Runtime.version().feature());
    }

    /**
     * One in a folder.
     *
     * @throws IllegalArgumentException when there is none
     */
    static Jdk in(Path home) {
        Properties release = new Properties();
        try (Reader file = Files.newBufferedReader(home.resolve("release"))) {
            release.load(file);
        } catch (IOException ex) {
            throw new IllegalArgumentException(home + " holds no JDK", ex);
        }
        String version = release.getProperty("JAVA_VERSION", "").replace("\"", "");
        return new Jdk(home, Runtime.Version.parse(version).feature());
    }

    String java() {
        return home.resolve("bin").resolve("java").toString();
    }

    /** What lets a run write down what the next ones need not load again. */
    String writing(Path archive) {
        return (hasAotCache() ? "-XX:AOTCacheOutput=" : "-XX:ArchiveClassesAtExit=") + archive;
    }

    /** What makes a run use it, and fail when it cannot. */
    String[] using(Path archive) {
        return hasAotCache()
                ? new String[] {"-XX:AOTCache=" + archive, "-XX:AOTMode=on"}
                : new String[] {"-XX:SharedArchiveFile=" + archive, "-Xshare:on"};
    }

    /** How that is called. */
    String archive() {
        return hasAotCache() ? "AOT cache" : "CDS archive";
    }

    private boolean hasAotCache() {
        return major >= 25;
    }

    @Override
    public String toString() {
        return "JDK " + major;
    }
}
