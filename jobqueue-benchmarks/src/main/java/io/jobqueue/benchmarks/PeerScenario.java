package io.jobqueue.benchmarks;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * Another queue, in a JVM of its own that warms up first: it works 50 jobs at a time on no-op jobs, and enqueues with 1
 * and with 50 callers.
 *
 * @param name what its figures are called
 * @param folder its project, which is not part of the build of the queue
 * @param mode a further argument for it; empty for none
 * @param share of our jobs that it works on, so that slow ones end
 */
record PeerScenario(String name, Path folder, String mode, double share) implements Scenario {

    private static final long SHORTEST_MS = 300;
    private static final Duration WARM_UP = Duration.ofSeconds(6);
    private static final Path PEERS = Path.of("jobqueue-benchmarks", "peers");

    /** All peers. */
    static List<PeerScenario> all() {
        Path rqueue = PEERS.resolve("rqueue");
        Path redisson = PEERS.resolve("redisson");
        return List.of(
                new PeerScenario("rqueue_default", rqueue, "default", 0.01),
                new PeerScenario("rqueue_tuned", rqueue, "tuned", 0.05),
                new PeerScenario("redisson", redisson, "", 0.25));
    }

    /**
     * Fails unless the peer was built.
     *
     * @throws IllegalArgumentException when it was not; the message says how
     */
    void verifyBuilt() {
        if (!Files.exists(jar())) {
            throw new IllegalArgumentException(
                    "%s is missing; build it with 'mvn -f %s package', and run from the root of the repository"
                            .formatted(jar(), folder));
        }
    }

    private Path jar() {
        return folder.resolve("target").resolve("peer.jar");
    }

    @Override
    public void play(Stage stage, Round round) throws InterruptedException {
        stage.clear();
        int jobs = Math.max(10, (int) (stage.sizes().jobs() * share));
        try (PeerProcess peer = PeerProcess.start(jar(), String.valueOf(stage.port()), mode)) {
            peer.ask("warm " + WARM_UP.toMillis());
            double[] millis = peer.ask("idle " + stage.sizes().idleJobs());
            round.latencies("idle_" + name, Samples.of(millis));
            peer.ask("fill " + jobs);
            round.cost("drain_c50_" + name, measured(stage, peer, "drain " + jobs));
            long time = Math.max(SHORTEST_MS, stage.sizes().calls().toMillis());
            round.cost("enqueue_1_" + name, measured(stage, peer, "enqueue 1 " + time));
            round.cost("enqueue_50_" + name, measured(stage, peer, "enqueue 50 " + time));
        }
    }

    private static Cost measured(Stage stage, PeerProcess peer, String command) {
        Meter meter = Meter.start(stage.admin());
        double[] answer = peer.ask(command);
        if (answer.length != 3) {
            throw new IllegalStateException("'%s' was answered %s".formatted(command, Arrays.toString(answer)));
        }
        return meter.stop((long) answer[0]).by(answer[1], answer[2]);
    }
}
