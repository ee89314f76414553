package io.jobqueue.spring;

import io.jobqueue.embedded.EmbeddedRedis;
import java.util.UUID;

/** The outbox on H2. */
class H2OutboxTests extends OutboxTestBase {

    H2OutboxTests(EmbeddedRedis redis) {
        super(redis);
    }

    @Override
    String[] emptyDatabase() {
        return new String[] {"test.url=jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1"};
    }
}
