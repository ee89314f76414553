package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Names;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class JarSearchTests {

    @TempDir
    Path temp;

    Path folder;

    @BeforeEach
    void realPath() throws IOException {
        folder = temp.toRealPath();
    }

    @Test
    void findsJarsInAllFoldersBelowSortedByTheirPath() throws IOException {
        for (String name : List.of("b.jar", "a/z.jar", "a/b c/ü.jar", "not.txt", "a/jar", "exploded.jar/inner.jar")) {
            Jars.write(folder.resolve(name), zip -> {});
        }

        List<JarSearch.Unit> units = JarSearch.inFolder(folder);

        assertThat(units)
                .extracting(JarSearch.Unit::id)
                .containsExactly("a/b c/ü.jar", "a/z.jar", "b.jar", "exploded.jar/inner.jar");
        assertThat(units.get(0).work().path()).isEqualTo(folder.resolve("a/b c/ü.jar"));
        assertThat(JarSearch.inFolder(folder)).isEqualTo(units);
    }

    @Test
    void findsNothingInAnEmptyFolder() throws IOException {
        assertThat(JarSearch.inFolder(folder)).isEmpty();
    }

    @Test
    @EnabledOnOs(
            value = {OS.LINUX, OS.MAC},
            disabledReason = "needs links")
    void followsNoLinkToAFolderAndReportsALinkToNothing() throws Exception {
        Jars.write(folder.resolve("real/a.jar"), zip -> {});
        Files.createSymbolicLink(folder.resolve("real/loop"), folder);
        Files.createSymbolicLink(folder.resolve("folder.jar"), folder.resolve("real"));
        Files.createSymbolicLink(folder.resolve("nothing.jar"), folder.resolve("gone"));
        assertThat(new ProcessBuilder("mkfifo", folder.resolve("pipe.jar").toString())
                        .start()
                        .waitFor())
                .isZero();

        assertThat(JarSearch.inFolder(folder))
                .extracting(JarSearch.Unit::id)
                .containsExactly("nothing.jar", "real/a.jar");
    }

    @Test
    void makesAUnitIdOfEveryPath() {
        assertThat(JarSearch.unitId("lib/ä.jar")).isEqualTo("lib/ä.jar");

        String longPath = "very-long-folder/".repeat(40);
        String one = JarSearch.unitId(longPath + "one.jar");
        assertThat(Names.unit(one)).endsWith("one.jar").isNotEqualTo(JarSearch.unitId(longPath + "more/one.jar"));
        assertThat(Names.unit(JarSearch.unitId("line\nbreak.jar"))).endsWith("…line?break.jar");
    }

    @Test
    void namesTheJarsOfAClassPathByTheFolderTheyHaveInCommon() throws IOException {
        Path one = Jars.write(folder.resolve("repository/org/a/1/a.jar"), zip -> {});
        Path other = Jars.write(folder.resolve("repository/org/b/2/a.jar"), zip -> {});
        Path classes = Files.createDirectories(folder.resolve("target/classes"));

        List<JarSearch.Unit> units = JarSearch.on(ClassPath.of(String.join(
                File.pathSeparator,
                classes.toString(),
                other.toString(),
                one.toString(),
                folder.resolve("gone.jar").toString(),
                one.toString(),
                "")));

        assertThat(units).extracting(JarSearch.Unit::id).containsExactly("a/1/a.jar", "b/2/a.jar");
    }

    @Test
    void namesTheJarsOfAnExecutableJarByTheirFileNames() throws IOException {
        Path jar = Jars.write(folder.resolve("app.jar"), zip -> {
            Jars.stored(zip, "BOOT-INF/lib/b.jar", Jars.bytes(inner -> {}));
            Jars.stored(zip, "BOOT-INF/lib/a.jar", Jars.bytes(inner -> {}));
            Jars.add(zip, "BOOT-INF/lib/readme.txt", new byte[1]);
            Jars.add(zip, "other.jar", new byte[1]);
        });

        assertThat(JarSearch.on(ClassPath.of(jar.toString())))
                .containsExactly(
                        new JarSearch.Unit("a.jar", ReadJar.nested(jar, "BOOT-INF/lib/a.jar")),
                        new JarSearch.Unit("b.jar", ReadJar.nested(jar, "BOOT-INF/lib/b.jar")));
    }

    @Test
    void aBrokenJarOnTheClassPathIsAUnitAsWell() throws IOException {
        Path broken = Files.writeString(folder.resolve("broken.jar"), "no jar");

        assertThat(JarSearch.on(ClassPath.of(broken.toString())))
                .containsExactly(new JarSearch.Unit("broken.jar", ReadJar.of(broken)));
    }

    @Test
    void theClassPathHoldsWhatManifestsAdd() throws IOException {
        Path lib = Jars.write(folder.resolve("lib/with space.jar"), zip -> {});
        Path starter = folder.resolve("start.jar");
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes()
                .put(Attributes.Name.CLASS_PATH, "lib/with%20space.jar gone.jar http://example.org/x.jar start.jar");
        new JarOutputStream(Files.newOutputStream(starter), manifest).close();

        assertThat(ClassPath.of(starter.toString()).entries()).containsExactlyInAnyOrder(starter, lib);
        assertThat(JarSearch.on(ClassPath.of(starter.toString())))
                .extracting(JarSearch.Unit::id)
                .containsExactly("lib/with space.jar", "start.jar");
    }
}
