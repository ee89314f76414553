package io.jobqueue.benchmarks.peer.rqueue;

import com.github.sonus21.rqueue.config.SimpleRqueueListenerContainerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** The application around RQueue. */
@SpringBootApplication
public class RqueueApplication {

    @Bean
    NoOpListener noOpListener() {
        return new NoOpListener();
    }

    @Bean
    SimpleRqueueListenerContainerFactory listenerContainers(@Value("${peer.poll-interval}") String pollInterval) {
        SimpleRqueueListenerContainerFactory factory = new SimpleRqueueListenerContainerFactory();
        if (!pollInterval.isEmpty()) {
            factory.setPollingInterval(Long.parseLong(pollInterval));
        }
        return factory;
    }
}
