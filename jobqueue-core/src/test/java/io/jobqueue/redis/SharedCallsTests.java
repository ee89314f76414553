package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How concurrent enqueues share calls, and which caller waits. {@link EnqueueScriptTests} tests the script. */
class SharedCallsTests {

    private final List<List<String>> sent = new ArrayList<>();
    private final List<CompletableFuture<List<String>>> replies = new ArrayList<>();
    private final SharedCalls<Job> calls = new SharedCalls<>(
            jobs -> {
                sent.add(jobs.stream().map(Job::id).toList());
                replies.add(new CompletableFuture<>());
                return replies.get(replies.size() - 1);
            },
            Job::bytes);

    private record Job(String id, int bytes) {}

    private static List<Job> jobs(String... ids) {
        return jobs(1, ids);
    }

    private static List<Job> jobs(int bytes, String... ids) {
        return Arrays.stream(ids).map(id -> new Job(id, bytes)).toList();
    }

    @Test
    void aLonelyCallerIsSentAtOnce() {
        CompletableFuture<List<String>> answer = calls.send(jobs("a"));

        assertThat(sent).containsExactly(List.of("a"));
        replies.get(0).complete(List.of("C"));
        assertThat(answer).isCompletedWithValue(List.of("C"));
    }

    @Test
    void callersDuringACallShareTheNextCallInOrder() {
        CompletableFuture<List<String>> first = calls.send(jobs("a"));
        CompletableFuture<List<String>> second = calls.send(jobs("b", "c"));
        CompletableFuture<List<String>> third = calls.send(jobs("d"));
        assertThat(sent).containsExactly(List.of("a"));

        replies.get(0).complete(List.of("C"));
        assertThat(sent).containsExactly(List.of("a"), List.of("b", "c", "d"));
        replies.get(1).complete(List.of("C", "E", "C"));

        assertThat(first).isCompletedWithValue(List.of("C"));
        assertThat(second).isCompletedWithValue(List.of("C", "E"));
        assertThat(third).isCompletedWithValue(List.of("C"));
    }

    @Test
    void aFailedCallFailsForAllItsCallersAndNoOthers() {
        CompletableFuture<List<String>> first = calls.send(jobs("a"));
        CompletableFuture<List<String>> second = calls.send(jobs("b"));
        CompletableFuture<List<String>> third = calls.send(jobs("c"));

        replies.get(0).completeExceptionally(new IllegalStateException("first"));
        replies.get(1).completeExceptionally(new IllegalStateException("second"));
        CompletableFuture<List<String>> fourth = calls.send(jobs("d"));
        replies.get(2).complete(List.of("C"));

        assertThat(first).isCompletedExceptionally();
        assertThat(second).isCompletedExceptionally();
        assertThat(third).isCompletedExceptionally();
        assertThat(fourth).isCompletedWithValue(List.of("C"));
    }

    @Test
    void aCallHasASizeLimitAndKeepsTheJobsOfOneCallerTogether() {
        calls.send(jobs("a"));
        String[] most =
                IntStream.range(0, Batch.MOST_JOBS - 1).mapToObj(i -> "m" + i).toArray(String[]::new);
        calls.send(jobs(most));
        calls.send(jobs("x", "y"));
        calls.send(jobs(Batch.MOST_JOB_BYTES, "large"));

        replies.get(0).complete(List.of("C"));
        replies.get(1).complete(Collections.nCopies(most.length, "C"));
        replies.get(2).complete(List.of("C", "C"));

        assertThat(sent).hasSize(4);
        assertThat(sent.get(1)).containsExactly(most);
        assertThat(sent.get(2)).containsExactly("x", "y");
        assertThat(sent.get(3)).containsExactly("large");
    }

    @Test
    void aSlowCallDoesNotDelayOtherCallersForLong() {
        calls.send(jobs("slow"));
        CompletableFuture<List<String>> patient = calls.send(jobs("patient"));

        await().until(() -> {
            calls.send(jobs("another"));
            return sent.size() > 1;
        });

        assertThat(sent.get(1)).startsWith("patient", "another");
        replies.get(1).complete(Collections.nCopies(sent.get(1).size(), "C"));
        assertThat(patient).isCompletedWithValue(List.of("C"));
        assertThat(replies.get(0)).isNotDone();
    }

    @Test
    void aCallThatCannotBeSentFailsAndTheNextOneIsSent() {
        SharedCalls<Job> broken = new SharedCalls<>(
                jobs -> {
                    throw new IllegalStateException("down");
                },
                Job::bytes);

        assertThat(broken.send(jobs("a"))).isCompletedExceptionally();
        assertThat(broken.send(jobs("b"))).isCompletedExceptionally();
    }
}
