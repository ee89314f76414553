package io.jobqueue.spring.binding;

import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobStatus;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.PropertySource;

/** An application for a JVM of its own, with a library that reads the same bindings: runs one job and ends. */
final class BoundChild {

    private BoundChild() {}

    public static void main(String[] arguments) {
        try (ConfigurableApplicationContext application = new SpringApplicationBuilder(
                        BoundApplicationTests.Application.class)
                .web(WebApplicationType.NONE)
                .run(arguments)) {
            for (PropertySource<?> source : application.getEnvironment().getPropertySources()) {
                System.out.println("source " + source.getName());
                for (String key : new String[] {"url", "host", "port", "password", "username", "ssl", "ssl.enabled"}) {
                    if (source.containsProperty("spring.data.redis." + key)
                            && !source.getName().equals("configurationProperties")) {
                        System.out.println("mapped " + key + " by " + source.getName());
                    }
                }
            }
            JobQueue jobs = application.getBean(JobQueue.class);
            String id = jobs.enqueue(JobRequest.of("sighting", new BoundApplicationTests.Sighting("herd")))
                    .id();
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> jobs.find(id)
                    .filter(job -> job.status() == JobStatus.COMPLETED)
                    .isPresent());
            System.out.println("the job is completed");
        }
    }
}
