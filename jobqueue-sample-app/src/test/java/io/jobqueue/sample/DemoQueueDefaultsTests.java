package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

class DemoQueueDefaultsTests {

    private final StandardEnvironment environment = new StandardEnvironment();

    @Test
    void theQueueOfTheGuideIsSetAsTheGuideSetsIt() {
        apply(Map.of());

        assertThat(property("jobs.lease.visibility-timeout")).isEqualTo("5000ms");
        assertThat(property("jobs.lease.heartbeat")).isNull();
        assertThat(property("jobs.reclaimer.enabled")).isEqualTo("false");
        assertThat(property("jobs.retry.delay")).isEqualTo("0ms");
        assertThat(property("jobs.retry.max-attempts")).isEqualTo("3");
    }

    @Test
    void aConfiguredValueIsKept() {
        apply(Map.of(
                "jobqueue.queues.jobs.lease.visibility-timeout", "2s",
                "jobqueue.queues.jobs.retry.delay", "4s",
                "jobqueue.queues.jobs.reclaimer.enabled", "true"));

        assertThat(property("jobs.lease.visibility-timeout")).isEqualTo("2s");
        assertThat(property("jobs.lease.heartbeat")).isEqualTo("666ms");
        assertThat(property("jobs.retry.delay")).isEqualTo("4s");
        assertThat(property("jobs.reclaimer.enabled")).isEqualTo("true");
    }

    @ParameterizedTest
    @CsvSource({"10, 10ms, 3ms", "300, 300ms, 100ms", "4500, 4500ms, ", "60000, 60000ms, "})
    void theVisibilityOfTheCommandLineOverridesAllOthersAndHasAFittingHeartbeat(
            String asked, String visibility, String heartbeat) {
        apply(Map.of(DemoQueueDefaults.VISIBILITY_MS, asked, "jobqueue.queues.jobs.lease.visibility-timeout", "20s"));

        assertThat(property("jobs.lease.visibility-timeout")).isEqualTo(visibility);
        assertThat(property("jobs.lease.heartbeat")).isEqualTo(heartbeat);
    }

    @Test
    void theSettingsBelongToTheQueueThatIsNamed() {
        apply(Map.of(DemoQueueDefaults.QUEUE_NAME, "Mail.Bulk", DemoQueueDefaults.VISIBILITY_MS, "1000"));

        assertThat(environment.getProperty("jobqueue.queues[Mail.Bulk].lease.visibility-timeout"))
                .isEqualTo("1000ms");
        assertThat(environment.getProperty("jobqueue.queues[Mail.Bulk].reclaimer.enabled"))
                .isEqualTo("false");
        assertThat(property("jobs.reclaimer.enabled")).isNull();
    }

    private void apply(Map<String, Object> properties) {
        environment.getPropertySources().addFirst(new MapPropertySource("mine", properties));
        ConfigurationPropertySources.attach(environment);
        new DemoQueueDefaults().postProcessEnvironment(environment, new SpringApplication());
    }

    private String property(String name) {
        return environment.getProperty("jobqueue.queues." + name);
    }
}
