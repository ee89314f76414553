package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.sample.RunningSample.Answer;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A browser follows a running job by server-sent events. */
@Timeout(120)
class NewsletterTests {

    private static final JsonMapper JSON = new JsonMapper();

    private static EmbeddedRedis redis;
    private static RunningSample sample;

    @BeforeAll
    static void start() {
        redis = RunningSample.redis();
        sample = RunningSample.on(redis);
    }

    @AfterAll
    static void stop() {
        RunningSample.stop(redis, sample);
    }

    private static String send(int recipients) {
        return sample.post("/newsletter", "recipients", recipients)
                .json()
                .get("id")
                .asString();
    }

    /** Reads the events until the stream ends. */
    private static List<JsonNode> events(String id) {
        Answer answer = sample.get("/newsletter/" + id + "/events");
        assertThat(answer.type()).startsWith("text/event-stream");
        return answer.text()
                .lines()
                .filter(line -> line.startsWith("data:"))
                .map(line -> JSON.readTree(line.substring("data:".length())))
                .toList();
    }

    @Test
    void theEventsShowTheProgressUntilTheJobHasEnded() {
        List<JsonNode> events = events(send(100));

        assertThat(events).extracting(event -> event.get("done").asInt()).isSorted();
        assertThat(events)
                .as("reports on the way")
                .filteredOn(event -> event.get("status").asString().equals("processing"))
                .extracting(event -> event.get("done").asInt())
                .anyMatch(done -> done > 0 && done < 100);
        assertThat(events.get(events.size() - 1).toString())
                .isEqualTo("{\"status\":\"completed\",\"done\":100,\"total\":100,\"note\":\"recipient 100\","
                        + "\"log\":[\"sent to 100 recipients\"]}");
    }

    @Test
    void aBrowserThatComesLateSeesTheEnd() {
        String id = send(1);
        events(id);

        assertThat(events(id)).hasSize(1).first().satisfies(event -> assertThat(
                        event.get("status").asString())
                .isEqualTo("completed"));
    }

    @Test
    void refusesAnUnknownNewsletterAndTooManyRecipients() {
        assertThat(sample.get("/newsletter/none/events").json().get("error").asString())
                .isEqualTo("there is no newsletter 'none'");
        assertThat(sample.post("/newsletter", "recipients", 10_001)
                        .json()
                        .get("error")
                        .asString())
                .isEqualTo("recipients must be a whole number from 1 to 10000, was '10001'");
    }
}
