package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class AllowedRootsTests {

    @TempDir
    Path temp;

    @Test
    void allowsHomeTempAndTheFoldersOfTheClassPathByDefault(@TempDir Path below) throws IOException {
        Path lib = temp.resolve("lib");
        Path jar = Jars.write(lib.resolve("a.jar"), zip -> {});
        AllowedRoots roots = AllowedRoots.of(null, ClassPath.of(jar.toString()));

        assertThat(roots.folder(System.getProperty("user.home"))).isNotNull();
        assertThat(roots.folder("~"))
                .isEqualTo(Path.of(System.getProperty("user.home")).toRealPath());
        assertThat(roots.folder(below.toString())).isEqualTo(below.toRealPath());
        assertThat(roots.folder(lib.toString())).isEqualTo(lib.toRealPath());
        assertRefused(roots, Path.of("/").toAbsolutePath().toString(), "outside the folders");
    }

    @Test
    void allowsWhatIsConfiguredAndTheClassPathItself() throws IOException {
        Path allowed = temp.resolve("allowed");
        Files.createDirectories(allowed.resolve("below"));
        Path jar = Jars.write(temp.resolve("lib/a.jar"), zip -> {});
        Path sibling = Jars.write(temp.resolve("lib/b.jar"), zip -> {});
        AllowedRoots roots = AllowedRoots.of(List.of(allowed, temp.resolve("gone")), ClassPath.of(jar.toString()));

        assertThat(roots.folder(allowed.toString())).isEqualTo(allowed.toRealPath());
        assertThat(roots.folder(allowed + "/below/../below"))
                .isEqualTo(allowed.resolve("below").toRealPath());
        assertThat(roots.file(jar)).isEqualTo(jar.toRealPath());
        assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> roots.file(sibling));
        assertRefused(roots, System.getProperty("user.home"), "outside the folders");
    }

    @Test
    void tellsNothingAboutWhatExistsOutside() throws IOException {
        Path allowed = Files.createDirectories(temp.resolve("allowed"));
        Files.createDirectories(temp.resolve("allowed-not"));
        AllowedRoots roots = AllowedRoots.of(List.of(allowed), ClassPath.of(""));

        assertRefused(roots, temp + "/allowed-not", "outside the folders");
        assertRefused(roots, temp + "/gone", "outside the folders");
        assertRefused(roots, allowed + "/../allowed-not", "outside the folders");
        assertRefused(roots, allowed + "/../gone", "outside the folders");
        assertRefused(roots, allowed + "/gone", "does not exist");
    }

    @Test
    void asksForAFolder() throws IOException {
        Path jar = Jars.write(temp.resolve("a.jar"), zip -> {});
        AllowedRoots roots = AllowedRoots.of(List.of(temp), ClassPath.of(""));

        assertRefused(roots, jar.toString(), "is no folder");
        assertRefused(roots, "a\0b", "is no path");
    }

    @Test
    @EnabledOnOs(
            value = {OS.LINUX, OS.MAC},
            disabledReason = "needs links")
    void followsLinksFirst() throws IOException {
        Path allowed = Files.createDirectories(temp.resolve("allowed"));
        Path outside = Files.createDirectories(temp.resolve("outside"));
        AllowedRoots roots = AllowedRoots.of(List.of(allowed), ClassPath.of(""));
        Path out = Files.createSymbolicLink(allowed.resolve("out"), outside);
        Path in = Files.createSymbolicLink(outside.resolve("in"), allowed);

        assertRefused(roots, out.toString(), "outside the folders");
        assertThat(roots.folder(in.toString())).isEqualTo(allowed.toRealPath());
    }

    private static void assertRefused(AllowedRoots roots, String folder, String reason) {
        assertThatExceptionOfType(RefusedException.class)
                .isThrownBy(() -> roots.folder(folder))
                .withMessageContaining(reason);
    }
}
