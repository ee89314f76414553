package io.jobqueue.benchmarks;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PeerScenarioTests {

    @Test
    void aPeerThatWasNotBuiltIsNamedWithTheCommandThatBuildsIt() {
        Path folder = Path.of("peers", "other");
        PeerScenario missing = new PeerScenario("other", folder, "", 1);

        assertThatIllegalArgumentException()
                .isThrownBy(missing::verifyBuilt)
                .withMessageContaining("'mvn -f " + folder + " package'");
    }
}
