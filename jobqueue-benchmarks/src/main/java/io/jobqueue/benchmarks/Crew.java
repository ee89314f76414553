package io.jobqueue.benchmarks;

import java.net.URL;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Processes that work on one queue together, each with a small heap. They start when they are first needed, warm up
 * together, and rest while others are measured.
 */
final class Crew implements AutoCloseable {

    private static final String HEAP = "-Xmx96m";
    private static final int WARM_UPS = 2;
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final List<PeerProcess> members = new ArrayList<>();

    /**
     * Lets so many of them work on jobs that this process enqueues.
     *
     * @return what a job cost, from its enqueueing in bulk to its end; of the clients this process alone
     * @throws IllegalStateException when a job was lost or repeated
     */
    Cost play(Stage stage, int size) {
        if (members.size() < size) {
            while (members.size() < size) {
                members.add(PeerProcess.start("a worker process", command(stage.port())));
            }
            for (int i = 0; i < WARM_UPS; i++) {
                play(stage, members);
            }
        }
        return play(stage, members.subList(0, size));
    }

    private static Cost play(Stage stage, List<PeerProcess> workers) {
        stage.clear();
        int jobs = stage.sizes().jobs();
        try (Product product = new Product(stage.port())) {
            product.queue().stats(); // connects
            Meter meter = Meter.start(stage.admin());
            product.queue().enqueueAll(Product.requests(jobs));
            workers.forEach(worker -> worker.ask("work"));
            awaitCompleted(stage, jobs);
            Cost cost = meter.stop(jobs);
            long completed = 0;
            long sum = 0;
            for (PeerProcess worker : workers) {
                double[] part = worker.ask("rest");
                completed += (long) part[0];
                sum += (long) part[1];
            }
            product.verifyDrained(jobs);
            if (completed != jobs || sum != (long) jobs * (jobs - 1) / 2) {
                throw new IllegalStateException("%s processes completed %s jobs instead of %s, or some twice"
                        .formatted(workers.size(), completed, jobs));
            }
            return cost;
        }
    }

    /** Nobody tells this process, and a subscription would cost what is measured; a look is one HGET. */
    private static void awaitCompleted(Stage stage, int jobs) {
        long begin = System.nanoTime();
        while (!stage.admin().ask("HGET", "queue:jobs:meta", "completed_total").equals(String.valueOf(jobs))) {
            if (System.nanoTime() - begin > PATIENCE_NANOS) {
                throw new IllegalStateException("the jobs of several processes were not completed");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    /** This program once more: from its jar, or from the class path of a build. */
    private static List<String> command(int port) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String path = System.getProperty("java.class.path");
        List<String> command = new ArrayList<>(List.of(java, HEAP));
        if (isPackaged()) {
            command.addAll(List.of("-jar", path));
        } else {
            command.addAll(List.of("-cp", path, Benchmarks.class.getName()));
        }
        command.addAll(List.of(CrewMember.WORD, String.valueOf(port)));
        return command;
    }

    private static boolean isPackaged() {
        URL self = Crew.class.getResource("Crew.class");
        return self != null && self.toString().startsWith("jar:nested:");
    }

    @Override
    public void close() {
        members.forEach(PeerProcess::close);
        members.clear();
    }
}
