package io.jobqueue;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RunPartTests {

    @Test
    void aJobWithRunAndUnitIsAUnit() {
        assertThat(RunPart.of("run", "unit 1", null)).isEqualTo(new RunPart.Unit("run", "unit 1"));
    }

    @Test
    void aJobThatNamesTheRunItGathersIsAGather() {
        assertThat(RunPart.of(null, null, "run")).isEqualTo(new RunPart.Gather("run"));
    }

    @Test
    void aJobOutsideOfRunsHasNoPart() {
        assertThat(RunPart.of(null, null, null)).isNull();
    }

    @Test
    void halfANameOrAForbiddenOneIsInvalidAndHasNoOutput() {
        assertThat(RunPart.of("run", null, null)).isEqualTo(new RunPart.Invalid("run", null));
        assertThat(RunPart.of(null, "unit", null)).isEqualTo(new RunPart.Invalid(null, "unit"));
        RunPart forbidden = RunPart.of("a run", "unit", null);
        assertThat(forbidden).isEqualTo(new RunPart.Invalid("a run", "unit"));
        assertThat(forbidden.hasOutput()).isFalse();
    }
}
