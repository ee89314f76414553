package io.jobqueue.spring;

import io.jobqueue.embedded.EmbeddedRedis;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.Statement;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;

/** The outbox on PostgreSQL. Skipped where the embedded server cannot start. */
class PostgresOutboxTests extends OutboxTestBase {

    private static EmbeddedPostgres server;

    PostgresOutboxTests(EmbeddedRedis redis) {
        super(redis);
    }

    @BeforeAll
    static void start() {
        try {
            server = EmbeddedPostgres.start();
        } catch (IOException | RuntimeException ex) {
            Assumptions.abort("no PostgreSQL server can be started here: " + ex);
        }
    }

    @AfterAll
    static void stop() throws IOException {
        if (server != null) {
            server.close();
        }
    }

    @Override
    String[] emptyDatabase() throws Exception {
        String name = "t" + UUID.randomUUID().toString().replace("-", "");
        try (Connection connection = server.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("create database " + name);
        }
        return new String[] {
            "test.url=" + server.getJdbcUrl("postgres", name), "test.user=postgres", "test.password=postgres"
        };
    }
}
