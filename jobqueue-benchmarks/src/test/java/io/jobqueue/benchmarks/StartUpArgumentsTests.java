package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartUpArgumentsTests {

    @TempDir
    private Path folder;

    private String sample;

    @BeforeEach
    void make() throws IOException {
        sample = Files.createFile(folder.resolve("sample.jar")).toString();
    }

    @Test
    void theJdkThatRunsIsMeasuredInFiveRounds() {
        assertThat(StartUpArguments.parse(sample))
                .isEqualTo(new StartUpArguments(Path.of(sample), List.of(Jdk.running()), 5));
    }

    @Test
    void furtherJdksAreMeasuredFromTheOldestToTheNewest() throws IOException {
        Files.writeString(folder.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"11.0.2\"\n");

        assertThat(StartUpArguments.parse(sample, "--jdk", folder.toString(), "--rounds", "2"))
                .isEqualTo(new StartUpArguments(Path.of(sample), List.of(new Jdk(folder, 11), Jdk.running()), 2));
    }

    @Test
    void aFolderWithoutAJdkIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StartUpArguments.parse(sample, "--jdk", folder.toString()))
                .withMessage(folder + " holds no JDK");
    }

    @Test
    void aSampleThatIsNotThereIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> StartUpArguments.parse(folder.resolve("none.jar").toString()))
                .withMessageContaining("package the sample first");
        assertThatIllegalArgumentException()
                .isThrownBy(StartUpArguments::parse)
                .withMessage("'--start-up' needs the jar of the sample");
    }

    @Test
    void anUnknownOptionIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StartUpArguments.parse(sample, "--quick"))
                .withMessage("unknown option '--quick'");
    }
}
