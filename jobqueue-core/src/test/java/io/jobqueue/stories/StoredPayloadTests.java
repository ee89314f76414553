package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.jobqueue.JobRequest;
import io.jobqueue.JobSnapshot;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.guarantees.Proves;
import io.jobqueue.worker.Handler;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A payload on its way through Redis: from one version of its type to another, and from a dead letter to a new job. */
@RedisServer
class StoredPayloadTests {

    private final List<Object> handled = new CopyOnWriteArrayList<>();
    private Stage stage;

    @BeforeEach
    void open(EmbeddedRedis server) {
        stage = new Stage(server.port());
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private Handler takes(String kind, Type payload) {
        return new Handler(kind, payload, Stage.settings().retry(), Duration.ofMinutes(1), Set.of(), (job, context) -> {
            handled.add(job.payload());
            return null;
        });
    }

    record Before(String name) {}

    record After(String name, int priority, boolean urgent) {}

    @Test
    @Proves(
            fault = "a payload was written by the old or the new version of its type, which has other fields",
            holds = "the other version handles it: absent fields take their defaults, further fields are ignored")
    void aPayloadOfAnotherVersionOfItsTypeIsHandled() {
        stage.pool(Stage.workers(2), takes("old", After.class), takes("new", Before.class));

        stage.queue.enqueue(JobRequest.of("old", new Before("x")));
        stage.queue.enqueue(JobRequest.of("new", new After("y", 1, true)));

        await().atMost(Duration.ofSeconds(20)).until(() -> handled.size() == 2);
        assertThat(handled).containsExactlyInAnyOrder(new After("x", 0, false), new Before("y"));
    }

    record Upload(String name, InputStream content) {}

    static final class Hidden {
        private final String name;

        Hidden(String name) {
            this.name = name;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    @Test
    @Proves(
            fault =
                    "a payload could not be read back: a stream, a class without properties, a property that is not read",
            holds = "the enqueue is refused with the property and the remedy; nothing is written")
    void aPayloadThatCouldNotBeReadBackIsRefusedAndLeavesNothingInRedis() {
        Map<String, String> before = stage.dump();

        for (Object payload : List.of(
                new Upload("x", new ByteArrayInputStream(new byte[] {1})), new Upload("x", null), new Hidden("x"))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> stage.queue.enqueue(JobRequest.of("k", payload)))
                    .withMessageStartingWith("the payload of kind 'k' cannot be ");
        }
        assertThat(stage.dump()).isEqualTo(before);
    }

    @Test
    void aDeadLetterThatIsEnqueuedAgainHasTheSamePayload() {
        String payload = "{\"kind\":\"payment\",\"amount\":12.50,\"to\":{\"kind\":\"person\",\"name\":\"\u00e4\"}}";
        stage.guideEnqueue("dead", payload, 1_700_000_000_000L);
        JobSnapshot dead = stage.queue.find("dead").orElseThrow();

        stage.queue.enqueue(JobRequest.of(dead.kind(), dead.payload()).id("again"));

        assertThat(stage.job("again")).containsEntry("payload", payload);
    }

    @Test
    void aControllerThatReturnsASnapshotShowsThePayloadAndTheResult() {
        stage.pool(Stage.workers(1), Stage.handler("sum", (job, context) -> Map.of("sum", 3)));
        stage.queue.enqueue(JobRequest.of("sum", Map.of("all", List.of(1, 2))).id("job"));
        await().atMost(Duration.ofSeconds(20))
                .until(() -> stage.list("completed").contains("job"));

        String shown = JsonMapper.builder()
                .build()
                .writeValueAsString(stage.queue.find("job").orElseThrow());

        JsonNode snapshot = JsonMapper.builder().build().readTree(shown);
        assertThat(snapshot.get("payload")).hasToString("{\"kind\":\"sum\",\"all\":[1,2]}");
        assertThat(snapshot.get("result")).hasToString("{\"sum\":3}");
    }
}
