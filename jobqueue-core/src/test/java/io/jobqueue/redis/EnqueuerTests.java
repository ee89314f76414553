package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jobqueue.Claim;
import io.jobqueue.Enqueuer;
import io.jobqueue.JobQueue;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.JobStatus;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A decorator of the method through which all jobs are enqueued. */
@RedisServer
class EnqueuerTests {

    private Bench bench;

    @BeforeEach
    void open(EmbeddedRedis server) {
        bench = new Bench(server);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private JobQueue jobs(UnaryOperator<Enqueuer> decorator) {
        return new RedisQueues(
                        bench.connector,
                        RedisQueues.Options.defaults()
                                .withRoutes(new RedisQueues.Routes(
                                        "q",
                                        kind -> kind.equals("email") ? Optional.of("mail") : Optional.empty(),
                                        List::of))
                                .withEnqueuing(decorator))
                .queue();
    }

    /** Ten lines that see all jobs and mark them. */
    private static UnaryOperator<Enqueuer> marking(List<String> seen) {
        return next -> jobs -> {
            List<Enqueuer.Outgoing> marked = new ArrayList<>();
            for (Enqueuer.Outgoing job : jobs) {
                seen.add(job.queue() + "/" + job.id());
                marked.add(job.with(job.request().header("tenant", "t1")));
            }
            return next.enqueue(marked);
        };
    }

    @Test
    void aDecoratorSeesEveryWayToEnqueue() {
        List<String> seen = new ArrayList<>();
        JobQueue jobs = jobs(marking(seen));

        jobs.enqueue(work("enqueue"));
        jobs.enqueueAsync(work("enqueueAsync")).join();
        jobs.enqueueAll(List.of(work("all-1"), work("all-2")));
        jobs.enqueueAllAsync(List.of(work("allAsync"))).join();
        jobs.enqueue(JobRequest.of("email", null).id("routed"));
        jobs.on("other").enqueue(work("on"));
        assertThat(seen)
                .containsExactly(
                        "q/enqueue", "q/enqueueAsync", "q/all-1", "q/all-2", "q/allAsync", "mail/routed", "other/on");

        seen.clear();
        jobs.runs()
                .start(
                        "started",
                        List.of("a", "b"),
                        unit -> unit,
                        unit -> Map.of(),
                        COUNT.gather(JobRequest.of("sum", null)));
        jobs.runs().open("opened", COUNT);
        jobs.runs().add("opened", List.of("c"), unit -> unit, unit -> Map.of());
        assertThat(seen)
                .containsExactly(
                        "q/" + Ids.ofGather("q", "started"),
                        "q/" + Ids.ofUnit("q", "started", "a"),
                        "q/" + Ids.ofUnit("q", "started", "b"),
                        "q/" + Ids.ofUnit("q", "opened", "c"));
    }

    private static final JobRunOptions COUNT = JobRunOptions.of("count");

    private static JobRequest work(String id) {
        return JobRequest.of("work", null).id(id);
    }

    @Test
    void changesOfADecoratorReachTheHandler() {
        JobQueue jobs = jobs(marking(new ArrayList<>()));
        jobs.enqueue(JobRequest.of("work", Map.of("n", 1)).header("own", "kept"));
        jobs.runs()
                .start(
                        "run",
                        List.of("a"),
                        unit -> unit,
                        unit -> Map.of(),
                        COUNT.gather(JobRequest.of("sum", Map.of("n", 2))));

        Claim plain = jobs.worker().claim(Duration.ZERO).orElseThrow();
        Claim unit = jobs.worker().claim(Duration.ZERO).orElseThrow();
        jobs.worker().complete(unit, 1);
        Claim gather = jobs.worker().claim(Duration.ZERO).orElseThrow();

        assertThat(plain.headers()).isEqualTo(Map.of("own", "kept", "tenant", "t1"));
        assertThat(plain.payload().text()).isEqualTo("{\"kind\":\"work\",\"n\":1}");
        assertThat(unit.headers()).isEqualTo(Map.of("tenant", "t1"));
        assertThat(gather.headers()).isEqualTo(Map.of("tenant", "t1"));
        assertThat(gather.payload().text()).isEqualTo("{\"kind\":\"sum\",\"n\":2}");
    }

    @Test
    void aDecoratorCannotChangeIdQueueAndUnitOfAJob() {
        JobQueue jobs = jobs(next -> all -> next.enqueue(all.stream()
                .map(job -> job.with(JobRequest.of("other", Map.of("n", 2)).id("another")))
                .toList()));

        JobRef ref = jobs.enqueue(JobRequest.of("email", null));
        jobs.runs().start("run", List.of("a"), unit -> unit, unit -> Map.of(), COUNT);

        assertThat(ref.queue()).isEqualTo("mail");
        assertThat(jobs.find(ref)).hasValueSatisfying(job -> {
            assertThat(job.kind()).isEqualTo("other");
            assertThat(job.payload().text()).isEqualTo("{\"kind\":\"other\",\"n\":2}");
        });
        assertThat(jobs.find(Ids.ofUnit("q", "run", "a"))).hasValueSatisfying(job -> {
            assertThat(job.unitId()).isEqualTo("a");
            assertThat(job.kind()).isEqualTo("other");
        });
    }

    @Test
    void aDecoratorIsAskedOnlyForJobsThatCanBeWritten() {
        List<String> seen = new ArrayList<>();
        JobQueue jobs = jobs(marking(seen));

        assertThatThrownBy(() -> jobs.enqueueAll(List.of(work("good"), JobRequest.of("work", "no object"))))
                .isInstanceOf(IllegalArgumentException.class);

        assertThat(seen).isEmpty();
    }

    @Test
    void aDecoratorMaySendLater() {
        List<Runnable> afterwards = new ArrayList<>();
        JobQueue jobs = jobs(next -> all -> {
            afterwards.add(() -> next.enqueue(all).join());
            return CompletableFuture.completedFuture(all.stream()
                    .map(job -> new JobRef(job.queue(), job.id(), JobRef.State.DEFERRED))
                    .toList());
        });

        JobRef ref = jobs.enqueue(JobRequest.of("work", null));
        assertThat(ref.isCreated()).isFalse();
        assertThat(jobs.find(ref)).isEmpty();
        afterwards.forEach(Runnable::run);

        assertThat(jobs.find(ref))
                .hasValueSatisfying(job -> assertThat(job.status()).isEqualTo(JobStatus.PENDING));
    }

    @Test
    void aDecoratorCannotDelayAJobOfARun() {
        JobQueue jobs = jobs(next -> all -> next.enqueue(all.stream()
                .map(job -> job.with(job.request().delay(Duration.ofMinutes(1))))
                .toList()));

        assertThatThrownBy(() -> jobs.runs().start("run", List.of("a"), unit -> unit, unit -> Map.of(), COUNT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageMatching("the job [0-9a-f]{32} of kind 'count' belongs to a run, so it cannot be delayed");
    }

    @Test
    void aDecoratorReceivesUnitsInBatchesThatFitIntoOneCall() {
        List<Integer> sizes = new ArrayList<>();
        JobQueue jobs = jobs(next -> all -> {
            sizes.add(all.size());
            return next.enqueue(all);
        });

        jobs.runs()
                .start(
                        "run",
                        IntStream.range(0, 450).boxed().toList(),
                        String::valueOf,
                        unit -> Map.of("n", unit),
                        COUNT);

        assertThat(sizes).containsExactly(200, 200, 50);
        assertThat(jobs.runs().find("run").orElseThrow().expected()).isEqualTo(450);
    }
}
