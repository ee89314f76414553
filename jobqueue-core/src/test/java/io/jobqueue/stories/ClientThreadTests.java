package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.redis.RedisConnector;
import io.jobqueue.redis.RedisLink;
import io.jobqueue.redis.RedisQueues;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The threads of the Redis client deliver all replies, so blocking calls on them are refused. */
@RedisServer
class ClientThreadTests {

    private final AtomicReference<JobListener> listener = new AtomicReference<>(JobListener.none());
    private RedisConnector connector;
    private JobQueue queue;

    @BeforeEach
    void open(EmbeddedRedis server) {
        connector = new RedisConnector(() -> RedisLink.to(Stage.uri(server.port())));
        queue = new RedisQueues(connector, RedisQueues.Options.defaults().withListener(event -> listener.get()
                        .on(event)))
                .queue("q");
        queue.stats(); // connects, so that replies arrive on the client's thread from now on
    }

    @AfterEach
    void close() {
        connector.stop();
    }

    /** A blocking call, and what its refusal recommends. */
    private record Blocking(String name, String advice, Call call) {

        interface Call {
            void on(JobQueue queue, Claim claim) throws Exception;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Arguments> blockingCalls() {
        JobRequest request = JobRequest.of("work", null).id("refused");
        String ownThread = "no asynchronous twin";
        return Stream.of(
                        new Blocking("enqueue", "'enqueueAsync'", (queue, claim) -> queue.enqueue(request)),
                        new Blocking(
                                "enqueueAll",
                                "'enqueueAllAsync'",
                                (queue, claim) -> queue.enqueueAll(List.of(request))),
                        new Blocking("find", "'findAsync'", (queue, claim) -> queue.find("first")),
                        new Blocking(
                                "await",
                                "'awaitAsync'",
                                (queue, claim) -> queue.await("first", Void.class, Duration.ofSeconds(1))),
                        new Blocking(
                                "enqueueAndAwait",
                                "'enqueueAndAwaitAsync'",
                                (queue, claim) -> queue.enqueueAndAwait(request, Void.class, Duration.ofSeconds(1))),
                        new Blocking("list", "'listAsync'", (queue, claim) -> queue.admin()
                                .list(JobStatus.PENDING, 0, 1)),
                        new Blocking("stats", "'statsAsync'", (queue, claim) -> queue.stats()),
                        new Blocking("purge", "'purgeAsync'", (queue, claim) -> queue.admin()
                                .purge()),
                        new Blocking("claim", "'claimAsync'", (queue, claim) -> queue.worker()
                                .claim(Duration.ofSeconds(1))),
                        new Blocking("complete", "'completeAsync'", (queue, claim) -> queue.worker()
                                .complete(claim, null)),
                        new Blocking("fail", "'failAsync'", (queue, claim) -> queue.worker()
                                .fail(claim, "no")),
                        new Blocking("release", "'releaseAsync'", (queue, claim) -> queue.worker()
                                .release(claim)),
                        new Blocking("extend", "'extendAsync'", (queue, claim) -> queue.worker()
                                .extend(claim, Duration.ofMinutes(1))),
                        new Blocking("reclaimStuck", "'reclaimStuckAsync'", (queue, claim) -> queue.worker()
                                .reclaimStuck()),
                        new Blocking("outputs.put", ownThread, (queue, claim) -> queue.outputs()
                                .put("run", "unit", 1)),
                        new Blocking("outputs.all", ownThread, (queue, claim) -> queue.outputs()
                                .all("run", Integer.class)),
                        new Blocking("runs.open", ownThread, (queue, claim) -> queue.runs()
                                .open("run", JobRunOptions.of("work"))),
                        new Blocking("runs.await", ownThread, (queue, claim) -> queue.runs()
                                .await("run", Integer.class, Duration.ofSeconds(1))))
                .map(Arguments::of);
    }

    @ParameterizedTest
    @MethodSource("blockingCalls")
    void aBlockingCallOnTheClientsThreadIsRefusedAtOnceAndDoesNothing(Blocking blocking) {
        queue.enqueueAll(List.of(
                JobRequest.of("work", null).id("first"),
                JobRequest.of("work", null).id("second")));
        Claim claim = queue.worker().claim(Duration.ZERO).orElseThrow();

        assertThatIllegalStateException()
                .isThrownBy(() -> onClientThread(() -> {
                    blocking.call().on(queue, claim);
                    return null;
                }))
                .withMessageContaining("lettuce-")
                .withMessageContaining(blocking.advice());
        assertThat(queue.find("refused")).isEmpty();
        assertThat(queue.find("second").orElseThrow().status()).isEqualTo(JobStatus.PENDING);
        assertThat(queue.worker().complete(claim, null)).isTrue();
    }

    @Test
    void aListenerThatEnqueuesBlockingIsRefusedAndBystandersGoOn() throws Exception {
        CompletableFuture<Object> heard = new CompletableFuture<>();
        listener.set(event -> {
            if (event instanceof JobEvent.Enqueued enqueued && enqueued.id().equals("first")) {
                try {
                    heard.complete(queue.enqueue(JobRequest.of("work", null).id("from-listener")));
                } catch (IllegalStateException ex) {
                    heard.complete(ex);
                }
            }
        });

        // called there, so that the reply cannot arrive before the listener is in its place behind it
        CompletableFuture<?> first = onClientThread(
                () -> queue.enqueueAsync(JobRequest.of("work", null).id("first")));
        CompletableFuture<?> bystander = queue.findAsync("first");

        assertThat(heard).succeedsWithin(Duration.ofSeconds(2)).isInstanceOf(IllegalStateException.class);
        assertThat(first).succeedsWithin(Duration.ofSeconds(2));
        assertThat(bystander).succeedsWithin(Duration.ofSeconds(2));
    }

    @Test
    void theAsynchronousTwinsWorkOnTheClientsThread() {
        assertThat(queue.enqueueAsync(JobRequest.of("work", null).id("one"))
                        .thenCompose(ref -> queue.findAsync(ref.id()))
                        .thenCompose(found -> queue.worker().claimAsync(Duration.ofSeconds(1)))
                        .thenCompose(claim -> queue.worker().completeAsync(claim.orElseThrow(), null)))
                .succeedsWithin(Duration.ofSeconds(5))
                .isEqualTo(true);
    }

    @Test
    void aBlockingCallAfterAReplyIsFineOnAThreadOfTheCallersOwn() throws Exception {
        ExecutorService own = Executors.newSingleThreadExecutor();
        try {
            assertThat(queue.enqueueAsync(JobRequest.of("work", null).id("one"))
                            .thenApplyAsync(ref -> queue.find(ref.id()), own))
                    .succeedsWithin(Duration.ofSeconds(5))
                    .matches(Optional::isPresent);
        } finally {
            own.shutdown();
            assertThat(own.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void theRefusalNamesTheThreadTheTwinAndTheWayOut() {
        assertThatIllegalStateException()
                .isThrownBy(() -> onClientThread(queue::stats))
                .withMessageMatching("'stats' would block the thread 'lettuce-\\S+' of the Redis client.*"
                        + "call 'statsAsync' there, or move the blocking call to a thread of your own.*");
    }

    /** Calls something where the reply to another call arrives, and returns or throws what that did. */
    private <T> T onClientThread(Callable<T> call) throws Exception {
        Thread caller = Thread.currentThread();
        CompletableFuture<Optional<Future<T>>> called;
        do {
            called = queue.statsAsync().thenApply(stats -> {
                if (Thread.currentThread() == caller) {
                    return Optional.empty(); // the reply was faster than this thread
                }
                FutureTask<T> task = new FutureTask<>(call);
                task.run();
                return Optional.of(task);
            });
        } while (called.get(2, TimeUnit.SECONDS).isEmpty());
        try {
            return called.join().orElseThrow().get();
        } catch (ExecutionException ex) {
            throw (Exception) ex.getCause();
        }
    }
}
