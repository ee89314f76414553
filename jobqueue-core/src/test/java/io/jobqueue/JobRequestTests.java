package io.jobqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JobRequestTests {

    @JobKind("email")
    record Mail(String to) {}

    record Plain(String to) {}

    @Test
    void theKindStandsOnTheType() {
        assertThat(JobRequest.of(new Mail("a")).kind()).isEqualTo("email");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JobRequest.of(new Plain("a")))
                .withMessageContaining("@JobKind")
                .withMessageContaining("JobRequest.of(kind, payload)");
    }

    @JobKind("shape")
    sealed interface Shape permits Circle, Wheel {}

    record Circle(double radius) implements Shape {}

    @JobKind("wheel")
    record Wheel(double radius) implements Shape {}

    @JobKind("vehicle")
    static class Vehicle {}

    static class Car extends Vehicle {}

    @JobKind("boat")
    interface Floating {}

    static final class Amphibian extends Vehicle implements Floating {}

    @Test
    void theKindOfASealedInterfaceOrASuperclassCountsForTheTypesBelowIt() {
        assertThat(JobRequest.of(new Circle(1)).kind()).isEqualTo("shape");
        assertThat(JobRequest.of(new Car()).kind()).isEqualTo("vehicle");
        assertThat(JobRequest.of(new Car() {}).kind()).isEqualTo("vehicle");
        assertThat(JobRequest.of(new Wheel(1)).kind())
                .as("the kind on the type itself stands above")
                .isEqualTo("wheel");
        assertThat(JobRequest.kindOf(Circle.class)).contains("shape");
        assertThat(JobRequest.kindOf(String.class)).isEmpty();
    }

    @Test
    void twoKindsThatATypeInheritsAreBothNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JobRequest.of(new Amphibian()))
                .withMessageContaining("[boat, vehicle]")
                .withMessageContaining("annotate %s itself", Amphibian.class.getName());
    }

    @Test
    void nullIsRefusedInWords() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JobRequest.of((Object) null))
                .withMessage("the payload is null, which names no kind; use JobRequest.of(kind, null) for a job without"
                        + " payload");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JobRequest.of(null, "payload"))
                .withMessageContaining("kind");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JobRequest.of("k", null).header("trace", null))
                .withMessage("the value of header 'trace' is null; leave the header out");
    }

    @Test
    void eachStepGivesANewRequest() {
        JobRequest plain = JobRequest.of("email", null);

        JobRequest full =
                plain.id("x").maxAttempts(2).header("a", "1").header("b", "2").unit("r", "u");

        assertThat(plain.id()).isNull();
        assertThat(plain.headers()).isEmpty();
        assertThat(full.headers()).containsEntry("a", "1").containsEntry("b", "2");
        assertThat(full.unitId()).isEqualTo("u");
    }

    @Test
    void delayAndAtReplaceEachOther() {
        Instant at = Instant.parse("2100-01-01T00:00:00Z");

        assertThat(JobRequest.of("k", null).at(at).delay(Duration.ZERO).at()).isNull();
        assertThat(JobRequest.of("k", null).delay(Duration.ZERO).at(at).delay()).isNull();
    }

    @Test
    void invalidValuesAreRefusedAndNamed() {
        JobRequest job = JobRequest.of("k", null);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> job.delay(Duration.ofMillis(-1)))
                .withMessageContaining("PT-0.001S");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> job.maxAttempts(0))
                .withMessageContaining("was 0");
        assertThatIllegalArgumentException().isThrownBy(() -> job.id("a b")).withMessageContaining("'a b'");
        assertThatIllegalArgumentException().isThrownBy(() -> job.header("h", "x".repeat(256)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> job.header("a\nb\u0000", "x".repeat(256)))
                .withMessageContaining("'a\\u000ab\\u0000'");
        assertThatIllegalArgumentException().isThrownBy(() -> {
            JobRequest at = job;
            for (int i = 0; i < 17; i++) {
                at = at.header("h" + i, "x");
            }
        });
    }

    @Test
    void tagsTravelInOneHeader() {
        JobRequest job = JobRequest.of("k", null).tag("eu").tag("fast").tag("eu");

        assertThat(job.headers()).containsOnlyKeys("tags").containsEntry("tags", "eu,fast");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> job.tag("a,b"))
                .withMessage("tag must be 1 to 64 characters of A-Z a-z 0-9 _ . : -, was 'a,b'");
        assertThatIllegalArgumentException().isThrownBy(() -> job.tag("x".repeat(65)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> {
                    JobRequest many = job;
                    for (int i = 0; i < 30; i++) {
                        many = many.tag("tag-number-" + i);
                    }
                })
                .withMessageStartingWith("header name and value must be 1 to 256 bytes together, 'tags' has ");
    }

    @Test
    void aRequestShowsNoPayload() {
        assertThat(JobRequest.of("k", new Plain("secret")).toString()).doesNotContain("secret");
    }

    @Test
    void retriesWaitLongerEachTimeUpToTheLimitWithJitterOnlyAdded() {
        RetryPolicy policy = new RetryPolicy(5, Duration.ofSeconds(2), 2, Duration.ofSeconds(10), 0.5);
        Random random = new Random(1);

        for (int i = 0; i < 100; i++) {
            assertThat(policy.delayAfter(1, random)).isBetween(Duration.ofSeconds(2), Duration.ofSeconds(3));
            assertThat(policy.delayAfter(2, random)).isBetween(Duration.ofSeconds(4), Duration.ofSeconds(6));
            assertThat(policy.delayAfter(9, random)).isBetween(Duration.ofSeconds(10), Duration.ofSeconds(15));
            assertThat(policy.delayAfter(2_000_000_000, random))
                    .isBetween(Duration.ofSeconds(10), Duration.ofSeconds(15));
        }
    }

    @Test
    void aPolicyRefusesNonsense() {
        Duration s = Duration.ofSeconds(1);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RetryPolicy(0, s, 1, s, 0))
                .withMessageContaining("was 0");
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(1, s.negated(), 1, s, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(1, s, Double.NaN, s, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(1, s, 1, Duration.ZERO, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(1, s, 1, s, 1.1));
    }
}
