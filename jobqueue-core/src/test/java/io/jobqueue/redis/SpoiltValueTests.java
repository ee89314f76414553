package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.Recurring;
import io.jobqueue.RecurringJobs;
import io.jobqueue.Schedule;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.worker.Chore;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An invalid value in a key of the right type does not abort a script in the middle. */
@RedisServer
class SpoiltValueTests extends RunFixture {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"payload\":[1]",
                "\"max_attempts\":{}",
                "\"headers\":\"{\\\"n\\\":1e999}\"",
                "\"headers\":7",
                "\"overlap\":\"skip\",\"job\":null",
                "\"enqueued\":\"many\"",
                "\"error\":1e999"
            })
    void aDamagedRecurringJobDelaysNoOther(String spoilt) {
        RecurringJobs admin = bench.queue.admin().recurring();
        List<String> names = List.of("a", "b", "c");
        names.forEach(
                name -> admin.put(Recurring.of(name, Schedule.every(Duration.ofHours(1)), JobRequest.of(name, null))));
        Chore chore = Chores.recurring(bench.queues, "q");
        long then = Long.parseLong(bench.redis.time().get(0)) * 1000 - 3_600_000;
        for (String name : names) {
            String json = bench.redis.hget("queue:q:schedules", name);
            bench.redis.hset("queue:q:schedules", name, json.replaceAll("\"after\":\\d+", "\"after\":" + then));
        }
        chore.round().join(); // learns what is due
        String json = bench.redis.hget("queue:q:schedules", "b");
        bench.redis.hset(
                "queue:q:schedules", "b", json.replaceFirst("}$", Matcher.quoteReplacement("," + spoilt + "}")));

        chore.round().join();

        assertThat(bench.list("pending"))
                .anyMatch(id -> id.startsWith("recurring:a:"))
                .anyMatch(id -> id.startsWith("recurring:c:"));
        assertThat(bench.redis.keys("queue:q:job:*"))
                .as("each job that was made stands in the queue")
                .hasSameSizeAs(bench.list("pending"));
    }

    @Test
    void aRunWhoseGatherHasLostItsPayloadEndsWithoutHarmToTheBatch() {
        bench.queue.enqueue(JobRequest.of("other", null).id("retried"));
        Claim retried = claim();
        start("only");
        Claim unit = claim();
        bench.redis.hdel("queue:q:run:run", "gather_payload");

        List<Answer> answers = bench.store
                .settle(List.of(Verb.RETRY.of(retried), Verb.COMPLETE.of(unit)))
                .join()
                .answers();

        assertThat(answers).containsOnly(Answer.DONE);
        assertThat(run().done()).isEqualTo(1);
        assertThat(bench.list("completed")).containsExactly(unit.id());
        assertThat(bench.list("pending")).contains("retried").hasSize(2);
        assertThat(bench.job(bench.list("pending").get(0)))
                .as("the gather job")
                .containsAllEntriesOf(Map.of("kind", "report", "payload", "{}", "gathers", "run"));
    }
}
