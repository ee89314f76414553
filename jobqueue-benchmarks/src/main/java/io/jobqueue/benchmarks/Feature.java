package io.jobqueue.benchmarks;

import io.jobqueue.JobContext;
import io.jobqueue.JobEvent;
import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.JobRunOptions;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.metrics.JobQueueMetrics;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.worker.Handler;
import io.jobqueue.worker.WorkerPool;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What one feature adds to the cost of a job: the life of jobs with everything off that can be off, and beside it, in the
 * same round, the same life with this feature alone.
 *
 * @param name what its figures are called
 * @param off the life without it
 * @param on the life with it
 */
record Feature(String name, Life off, Life on) implements Scenario {

    /** What is told of a feature. */
    static final List<Metric> METRICS = List.of(
            Metric.REDIS_US, Metric.COMMANDS, Metric.BYTES_IN, Metric.BYTES_OUT, Metric.CLIENT_US, Metric.ALLOCATED);

    private static final double WORTH_TELLING = 0.05;

    /** No history, and nobody who sweeps or listens. */
    private static class Bare extends Life {

        @Override
        RedisQueues.Options options() {
            return RedisQueues.Options.defaults().withSettings(settings());
        }

        QueueSettings settings() {
            return QueueSettings.defaults()
                    .withRetention(new Retention(Duration.ZERO, 0), new Retention(Duration.ZERO, 0));
        }

        @Override
        void begin(Product.Workers workers) {
            workers.pools().forEach(WorkerPool::start);
        }
    }

    /** Jobs that take ten milliseconds, long enough to be renewed. */
    private static class Lasting extends Bare {

        @Override
        int jobs(Sizes sizes) {
            return Math.max(1, sizes.jobs() / 4);
        }

        @Override
        @Nullable
        Object work(NoOp job, JobContext context) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
            return null;
        }
    }

    /** All features. */
    static final List<Feature> ALL = List.of(
            // the same on both sides: how far two measurements of one thing are apart
            of("nothing", new Bare()),
            of("delays", new Bare() {
                @Override
                JobRequest request(int number) {
                    return super.request(number).delay(Duration.ofMillis(1));
                }
            }),
            new Feature("heartbeats", new Lasting(), new Lasting() {
                @Override
                QueueSettings settings() {
                    return super.settings().withHeartbeat(Duration.ofMillis(4));
                }
            }),
            of("events", new Bare() {
                @Override
                Beside prepare(Stage stage, Product product) throws InterruptedException {
                    Beside connected = super.prepare(stage, product);
                    Wire subscriber = new Wire(stage.port());
                    subscriber.askList("SUBSCRIBE", "queue:jobs:events");
                    Thread reader = new Thread(subscriber::skipAll, "subscriber");
                    reader.setDaemon(true);
                    reader.start();
                    return () -> {
                        subscriber.close();
                        connected.close();
                    };
                }
            }),
            of("history_1000", new Bare() {
                @Override
                QueueSettings settings() {
                    return QueueSettings.defaults();
                }
            }),
            of("history_100000", new Bare() {
                @Override
                QueueSettings settings() {
                    Retention retention = new Retention(Duration.ofHours(1), 100_000);
                    return QueueSettings.defaults().withRetention(retention, retention);
                }
            }),
            of("sweeps", new Bare() {
                @Override
                void begin(Product.Workers workers) {
                    workers.start();
                }
            }),
            of("runs", new Bare() {
                @Override
                void enqueue(Product product, List<JobRequest> requests) {
                    product.queue()
                            .runs()
                            .start(
                                    "2026-11",
                                    IntStream.range(0, requests.size()).boxed().toList(),
                                    number -> "unit-" + number,
                                    requests::get,
                                    JobRunOptions.of(NoOp.KIND));
                }
            }),
            of("listener", new Bare() {
                private final LongAdder heard = new LongAdder();
                private final JobListener counter = event -> heard.increment();

                @Override
                RedisQueues.Options options() {
                    return super.options().withListener(counter);
                }

                @Override
                JobListener listener(Tally tally) {
                    return JobListener.all(List.of(tally, counter));
                }
            }),
            of("metrics", new Bare() {
                private final JobQueueMetrics metrics = new JobQueueMetrics(new SimpleMeterRegistry());

                @Override
                RedisQueues.Options options() {
                    return super.options().withListener(metrics);
                }

                @Override
                JobListener listener(Tally tally) {
                    return JobListener.all(List.of(tally, metrics));
                }
            }),
            of("headers", new Bare() {
                @Override
                JobRequest request(int number) {
                    return super.request(number)
                            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
                            .header("tenant", "acme");
                }
            }),
            of("ids", new Bare() {
                @Override
                JobRequest request(int number) {
                    return super.request(number).id("invoice-" + number);
                }
            }),
            of("max_attempts", new Bare() {
                @Override
                JobRequest request(int number) {
                    return super.request(number).maxAttempts(3);
                }
            }),
            of("time_limit", new Bare() {
                @Override
                Handler handler(Tally tally) {
                    return with(super.handler(tally), RetryPolicy.defaults(), Duration.ofSeconds(5));
                }
            }),
            of("results", new Bare() {
                @Override
                Object work(NoOp job, JobContext context) {
                    return job;
                }
            }),
            of("steps", new Bare() {
                @Override
                Object work(NoOp job, JobContext context) throws Exception {
                    return context.step("charge", Integer.class, job::number);
                }
            }),
            of("retries", new Bare() {
                private final Exception again = new IllegalStateException("the first attempt fails");

                @Override
                Handler handler(Tally tally) {
                    return with(
                            super.handler(tally),
                            new RetryPolicy(5, Duration.ZERO, 1, Duration.ZERO, 0),
                            Duration.ofMinutes(1));
                }

                @Override
                @Nullable
                Object work(NoOp job, JobContext context) throws Exception {
                    if (context.attempt() == 1) {
                        throw again;
                    }
                    return null;
                }

                @Override
                JobListener listener(Tally tally) {
                    return event -> {
                        if (!(event instanceof JobEvent.Retried)) {
                            tally.on(event);
                        }
                    };
                }

                @Override
                int retries() {
                    return 1;
                }
            }));

    private static Feature of(String name, Life on) {
        return new Feature(name, new Bare(), on);
    }

    private static Handler with(Handler handler, RetryPolicy retry, Duration timeLimit) {
        return new Handler(
                handler.kind(), handler.payloadType(), retry, timeLimit, handler.nonRetryable(), handler.function());
    }

    /** All features by name. */
    static Map<String, Scenario> scenarios() {
        Map<String, Scenario> scenarios = new LinkedHashMap<>();
        ALL.forEach(feature -> scenarios.put(feature.name, feature));
        return scenarios;
    }

    @Override
    public void play(Stage stage, Round round) throws InterruptedException {
        stage.inTurn(() -> round.cost(without(), off.play(stage)), () -> round.cost(name, on.play(stage)));
    }

    private String without() {
        return name + "_off";
    }

    /** What it adds to a metric. */
    Samples difference(Results results, Metric metric) {
        return results.compared(name, without(), metric, (with, without) -> with - without)
                .orElseThrow();
    }

    /** What Redis executes for a job more often, or less often, than without it. */
    Map<String, Double> commandsOnTop(Results results) {
        Map<String, Double> with = callsPerJob(results, name);
        Map<String, Double> without = callsPerJob(results, without());
        Map<String, Double> onTop = new TreeMap<>();
        TreeSet<String> commands = new TreeSet<>(with.keySet());
        commands.addAll(without.keySet());
        for (String command : commands) {
            double difference = with.getOrDefault(command, 0.0) - without.getOrDefault(command, 0.0);
            if (Math.abs(difference) >= WORTH_TELLING) {
                onTop.put(command, difference);
            }
        }
        return onTop;
    }

    private static Map<String, Double> callsPerJob(Results results, String subject) {
        Map<String, Double> calls = new TreeMap<>();
        results.commands(subject)
                .forEach((command, all) -> calls.put(command, (double) all.count() / results.jobs(subject)));
        return calls;
    }
}
