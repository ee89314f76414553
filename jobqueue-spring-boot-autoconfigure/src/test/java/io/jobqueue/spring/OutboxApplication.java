package io.jobqueue.spring;

import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** An application with an outbox, as tests see it. */
record OutboxApplication(ApplicationContext context) {

    @Configuration(proxyBeanMethods = false)
    static class Database {

        @Bean
        DataSource dataSource(
                @Value("${test.url}") String url,
                @Value("${test.user:}") String user,
                @Value("${test.password:}") String password) {
            return new DriverManagerDataSource(url, user, password);
        }

        @Bean
        PlatformTransactionManager transactionManager(DataSource dataSource) {
            return new DataSourceTransactionManager(dataSource);
        }

        @Bean
        Events events() {
            return new Events();
        }
    }

    /** The failures that the application was told of. */
    static final class Events implements JobListener {

        private final List<JobEvent.SendFailed> failures = new CopyOnWriteArrayList<>();

        @Override
        public void on(JobEvent event) {
            if (event instanceof JobEvent.SendFailed failed) {
                failures.add(failed);
            }
        }
    }

    // the example of docs/features/outbox.md
    static final class Orders {

        private final JdbcTemplate jdbc;
        private final JobQueue jobs;

        Orders(DataSource dataSource, JobQueue jobs) {
            this.jdbc = new JdbcTemplate(dataSource);
            this.jobs = jobs;
        }

        /** Runs inside a transaction. */
        JobRef place(int order) {
            jdbc.update("insert into orders (id) values (?)", order);
            return jobs.enqueue(JobRequest.of("confirm", Map.of("order", order)));
        }
    }

    Orders orders() {
        jdbc().execute("create table if not exists orders (id int primary key)");
        return new Orders(context.getBean(DataSource.class), jobs());
    }

    JobQueue jobs() {
        return context.getBean(JobQueue.class);
    }

    JdbcTemplate jdbc() {
        return new JdbcTemplate(context.getBean(DataSource.class));
    }

    TransactionTemplate transaction() {
        return new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
    }

    TransactionTemplate transaction(int propagation) {
        TransactionTemplate template = transaction();
        template.setPropagationBehavior(propagation);
        return template;
    }

    JobRef enqueue(String id) {
        return jobs().enqueue(JobRequest.of("work", null).id(id));
    }

    int rows() {
        return Optional.ofNullable(jdbc().queryForObject("select count(*) from JOBQUEUE_OUTBOX", Integer.class))
                .orElseThrow();
    }

    /** The ids of all jobs that wait, taken from the queue in their order. */
    List<String> claimAll() {
        return Stream.generate(() -> jobs().worker().claim(Duration.ZERO))
                .takeWhile(Optional::isPresent)
                .map(claim -> claim.orElseThrow().id())
                .toList();
    }

    void maxMemory(String bytes) {
        try (RedisConnection connection =
                context.getBean(RedisConnectionFactory.class).getConnection()) {
            connection.serverCommands().setConfig("maxmemory", bytes);
        }
    }

    List<JobEvent.SendFailed> failures() {
        return context.getBean(Events.class).failures;
    }
}
