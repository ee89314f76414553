package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobOutcome;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JarReaderTests {

    private static final String NESTED = "BOOT-INF/lib/inner.jar";
    private static final ClassPath NO_CLASS_PATH = ClassPath.of("");

    @TempDir
    Path temp;

    Path allowed;
    JarReader reader;

    @BeforeEach
    void allowAFolder() throws IOException {
        allowed = Files.createDirectories(temp.resolve("allowed"));
        reader = new JarReader(AllowedRoots.of(List.of(allowed), NO_CLASS_PATH));
    }

    @Test
    void countsFilesClassesResourcesAndBytes() throws IOException {
        Path jar = Jars.write(allowed.resolve("a.jar"), zip -> {
            zip.putNextEntry(new ZipEntry("p/"));
            zip.closeEntry();
            Jars.add(zip, "p/A.class", Jars.classFile(8, 100));
            Jars.add(zip, "p/B.class", Jars.classFile(21, 200));
            Jars.stored(zip, "META-INF/versions/21/p/B.class", Jars.classFile(21, 300));
            Jars.add(zip, "p/no.class", "text".getBytes(StandardCharsets.US_ASCII));
            Jars.add(zip, "p/big.txt", new byte[5000]);
            Jars.add(zip, "p/empty", new byte[0]);
        });

        JarReport report = reader.read(ReadJar.of(jar));

        assertThat(report.files()).isEqualTo(6);
        assertThat(report.classes()).isEqualTo(4);
        assertThat(report.resources()).isEqualTo(2);
        assertThat(report.bytes()).isEqualTo(5604);
        assertThat(report.largest()).isEqualTo(new JarReport.Entry("p/big.txt", 5000));
        assertThat(report.javaVersions()).isEqualTo(Map.of(8, 1L, 21, 2L));
        assertThat(report.sha256()).hasSize(64);
        assertThat(reader.read(ReadJar.of(jar))).isEqualTo(report);
    }

    @Test
    void countsAsUnzipDoesOnManySortsOfJars() throws Exception {
        Jars.random(allowed, 40, 1);
        Jars.withDuplicateEntry(allowed.resolve("twice.jar"));
        Jars.write(allowed.resolve("nested.jar"), zip -> {
            Jars.stored(zip, "BOOT-INF/lib/x.jar", Jars.bytes(inner -> Jars.add(inner, "deep.txt", new byte[9])));
        });
        Path withPreamble = Jars.write(allowed.resolve("plain.jar"), zip -> Jars.add(zip, "a", new byte[3]));
        byte[] jar = Files.readAllBytes(withPreamble);
        Files.write(allowed.resolve("script.jar"), "#!/bin/sh\nexit 0\n".getBytes(StandardCharsets.US_ASCII));
        Files.write(allowed.resolve("script.jar"), jar, StandardOpenOption.APPEND);

        List<JarSearch.Unit> units = JarSearch.inFolder(allowed.toRealPath());

        assertThat(units).hasSize(44);
        for (JarSearch.Unit unit : units) {
            assertThat(Unzip.of(reader.read(unit.work())))
                    .as(unit.id())
                    .isEqualTo(Unzip.count(unit.work().path()));
        }
    }

    @Test
    void countsAnEntryTwiceThatIsThereTwice() throws IOException {
        Path jar = Jars.withDuplicateEntry(allowed.resolve("twice.jar"));

        JarReport report = reader.read(ReadJar.of(jar));

        assertThat(report.files()).isEqualTo(4);
        assertThat(report.bytes()).isEqualTo(10 + 1000 + 50 + 70);
        assertThat(report.largest()).isEqualTo(new JarReport.Entry("META-INF/a.txt", 1000));
        assertThat(report.javaVersions()).isEqualTo(Map.of(8, 1L, 17, 1L));
    }

    @Test
    void readsAnEmptyJar() throws IOException {
        Path jar = Jars.write(allowed.resolve("empty.jar"), zip -> {});

        JarReport report = reader.read(ReadJar.of(jar));

        assertThat(report.files()).isZero();
        assertThat(report.largest()).isNull();
        assertThat(report.javaVersions()).isEmpty();
    }

    @Test
    void takesNamesThatAreNoUtf8() throws IOException {
        Path jar = allowed.resolve("latin1.jar");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar), StandardCharsets.ISO_8859_1)) {
            Jars.add(zip, "name-\u00e4.class", Jars.classFile(11, 20));
        }

        JarReport report = reader.read(ReadJar.of(jar));

        assertThat(report.classes()).isEqualTo(1);
        assertThat(report.largest()).isEqualTo(new JarReport.Entry("name-\u00e4.class", 20));
    }

    @Test
    void readsANestedJarAsIfItWereUnpacked() throws IOException {
        byte[] inner = Jars.bytes(zip -> {
            Jars.add(zip, "A.class", Jars.classFile(17, 30));
            Jars.add(zip, "a.txt", new byte[40]);
        });
        Path unpacked = Files.write(allowed.resolve("inner.jar"), inner);
        Path outer = Jars.write(allowed.resolve("app.jar"), zip -> Jars.stored(zip, "BOOT-INF/lib/inner.jar", inner));

        assertThat(reader.read(ReadJar.nested(outer, "BOOT-INF/lib/inner.jar")))
                .isEqualTo(reader.read(ReadJar.of(unpacked)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "cut", "zeros", "nothing"})
    void aBrokenJarFailsForGoodWithAReason(String how) throws IOException {
        byte[] sound = Jars.bytes(zip -> Jars.add(zip, "a/A.class", Jars.classFile(17, 4000)));
        byte[] broken =
                switch (how) {
                    case "text" -> "this is no jar".getBytes(StandardCharsets.US_ASCII);
                    case "cut" -> Arrays.copyOf(sound, sound.length - 30);
                    case "zeros" -> new byte[sound.length];
                    default -> new byte[0];
                };
        Path jar = Files.write(allowed.resolve("broken.jar"), broken);

        assertFailsForGood(ReadJar.of(jar), "not a sound jar");
    }

    @Test
    void aJarWhoseClassesCannotBeUnpackedIsBroken() throws IOException {
        byte[] bytes = Jars.bytes(zip -> Jars.add(zip, "A.class", Jars.classFile(17, 4000)));
        Arrays.fill(bytes, 30 + "A.class".length(), 30 + "A.class".length() + 8, (byte) 0xFF);
        Path jar = Files.write(allowed.resolve("broken.jar"), bytes);

        assertFailsForGood(ReadJar.of(jar), "not a sound jar");
    }

    @Test
    void aCentralDirectoryOfRandomBytesNeverDoesMoreThanFail() throws IOException {
        byte[] sound = Jars.bytes(zip -> {
            Jars.add(zip, "a/A.class", Jars.classFile(17, 400));
            Jars.add(zip, "b.txt", new byte[100]);
        });
        Random random = new Random(7);
        for (int i = 0; i < 300; i++) {
            byte[] bytes = sound.clone();
            bytes[bytes.length - 1 - random.nextInt(120)] ^= (byte) (1 + random.nextInt(255));
            Path jar = Files.write(allowed.resolve("fuzzed.jar"), bytes);
            try {
                reader.read(ReadJar.of(jar));
            } catch (JobOutcome.Thrown ex) {
                assertThat(ex.outcome()).isInstanceOf(JobOutcome.DeadLetter.class);
            }
        }
    }

    @Test
    void refusesAJobThatNamesAFileOutside() throws IOException {
        Path outside = Jars.write(temp.resolve("outside").resolve("a.jar"), zip -> {});

        assertFailsForGood(ReadJar.of(outside), "outside the folders");
        assertFailsForGood(new ReadJar(URI.create(allowed.toUri() + "../outside/a.jar"), null), "outside the folders");
        assertFailsForGood(ReadJar.nested(outside, "BOOT-INF/lib/a.jar"), "outside the folders");
        assertFailsForGood(ReadJar.of(temp.resolve("no-such.jar")), "outside the folders");
    }

    @Test
    @EnabledOnOs(
            value = {OS.LINUX, OS.MAC},
            disabledReason = "needs links")
    void refusesALinkThatLeadsOutside() throws IOException {
        Path outside = Jars.write(temp.resolve("outside").resolve("a.jar"), zip -> {});
        Path link = Files.createSymbolicLink(allowed.resolve("link.jar"), outside);
        Files.createSymbolicLink(allowed.resolve("folder"), outside.getParent());

        assertFailsForGood(ReadJar.of(link), "outside the folders");
        assertFailsForGood(ReadJar.of(allowed.resolve("folder/a.jar")), "outside the folders");
    }

    @Test
    @EnabledOnOs(
            value = {OS.LINUX, OS.MAC},
            disabledReason = "needs links")
    void readsALinkThatStaysInside() throws IOException {
        Path jar = Jars.write(allowed.resolve("a.jar"), zip -> Jars.add(zip, "a", new byte[1]));
        Path link = Files.createSymbolicLink(allowed.resolve("link.jar"), jar);

        assertThat(reader.read(ReadJar.of(link))).isEqualTo(reader.read(ReadJar.of(jar)));
    }

    @Test
    void refusesJobsThatNameNoJar() throws IOException {
        Path jar = Jars.write(allowed.resolve("app.jar"), zip -> Jars.add(zip, "secret.txt", new byte[1]));

        assertFailsForGood(ReadJar.of(allowed.resolve("gone.jar")), "does not exist");
        assertFailsForGood(ReadJar.of(allowed), "is no file");
        assertFailsForGood(new ReadJar(URI.create("http://example.org/a.jar"), null), "no file: URI");
        assertFailsForGood(new ReadJar(URI.create("file:relative.jar"), null), "names no file");
        assertFailsForGood(new ReadJar(URI.create("file://host/a.jar"), null), "names no file");
        assertFailsForGood(ReadJar.nested(jar, "secret.txt"), "no jar of an executable jar");
        assertFailsForGood(ReadJar.nested(jar, "BOOT-INF/lib/a/../b.jar"), "no jar of an executable jar");
        assertFailsForGood(ReadJar.nested(jar, "BOOT-INF/lib/gone.jar"), "is not in");
    }

    @Test
    void aJarInAJarThatDeclaresTooManyBytesIsNotInflated() throws IOException {
        bound(new JarReader.Bounds(1000, 100_000, 1_000_000));
        Path outer = outer(new byte[100_001]);

        assertFailsForGood(
                ReadJar.nested(outer, NESTED),
                "'BOOT-INF/lib/inner.jar' inflates to more than 100000 bytes, the most that a jar in a jar may have");
    }

    /** The declared size is what the author of the jar wrote, not what its data inflates to. */
    @Test
    void aJarInAJarThatDeclaresLessThanItInflatesToIsCutOff() throws IOException {
        bound(new JarReader.Bounds(1000, 100_000, 1_000_000));
        Path outer = Jars.declaring(outer(new byte[50_000_000]), 10);

        assertFailsForGood(ReadJar.nested(outer, NESTED), "inflates to more than 100000 bytes");
        awaitNoCopies();
    }

    @Test
    void aJarInAJarMayHaveAllTheBytesThatAreAllowed() throws IOException {
        byte[] inner = Jars.bytes(zip -> Jars.add(zip, "a.txt", new byte[40]));
        bound(new JarReader.Bounds(1, inner.length, inner.length));

        assertThat(reader.read(ReadJar.nested(outer(inner), NESTED)).bytes()).isEqualTo(40);
        // the room is free again
        assertThat(reader.read(ReadJar.nested(outer(inner), NESTED)).bytes()).isEqualTo(40);
        awaitNoCopies();
    }

    @Test
    void aJarInAJarIsTriedAgainWhenOthersFillTheTempFolder() throws IOException {
        bound(new JarReader.Bounds(1000, 100_000, 50_000));
        ReadJar work = ReadJar.nested(outer(new byte[60_000]), NESTED);

        assertThatThrownBy(() -> reader.read(work))
                .isInstanceOf(IOException.class)
                .hasMessage("jars that are being read fill the temp folder with more than 50000 bytes");
        awaitNoCopies();
    }

    @Test
    void aJarWithTooManyEntriesFailsForGood() throws IOException {
        Path jar = Jars.write(allowed.resolve("many.jar"), zip -> {
            for (int i = 0; i < 11; i++) {
                Jars.add(zip, "a" + i, new byte[1]);
            }
        });
        Path outer = outer(Files.readAllBytes(jar));
        bound(new JarReader.Bounds(10, 100_000, 100_000));

        assertFailsForGood(ReadJar.of(jar), "11 entries, more than the 10 that a jar may have");
        assertFailsForGood(ReadJar.nested(outer, NESTED), "11 entries, more than the 10 that a jar may have");
    }

    @Test
    void aJarInAJarInAJarIsAFileAndNothingMore() throws IOException {
        byte[] innermost = Jars.bytes(zip -> Jars.add(zip, "A.class", Jars.classFile(17, 30)));
        byte[] inner = Jars.bytes(zip -> Jars.stored(zip, NESTED, innermost));

        JarReport report = reader.read(ReadJar.nested(outer(inner), NESTED));

        assertThat(report.files()).isEqualTo(1);
        assertThat(report.classes()).isZero();
        assertThat(report.bytes()).isEqualTo(innermost.length);
        assertFailsForGood(ReadJar.nested(outer(inner), NESTED + "!/" + NESTED), "no jar of an executable jar");
    }

    private void bound(JarReader.Bounds bounds) {
        reader = new JarReader(AllowedRoots.of(List.of(allowed), NO_CLASS_PATH), bounds);
    }

    private Path outer(byte[] inner) throws IOException {
        return Jars.write(allowed.resolve("app.jar"), zip -> Jars.add(zip, NESTED, inner));
    }

    /** Other applications on this machine may be reading jars in jars just now. */
    private static void awaitNoCopies() {
        Path folder = Path.of(System.getProperty("java.io.tmpdir"));
        await().untilAsserted(() -> assertThat(folder).isDirectoryNotContaining("glob:**/census-*.jar"));
    }

    private void assertFailsForGood(ReadJar work, String reason) {
        assertThatThrownBy(() -> reader.read(work))
                .asInstanceOf(type(JobOutcome.Thrown.class))
                .extracting(JobOutcome.Thrown::outcome)
                .asInstanceOf(type(JobOutcome.DeadLetter.class))
                .extracting(JobOutcome.DeadLetter::reason)
                .asString()
                .contains(reason);
    }
}
