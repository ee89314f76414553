package io.jobqueue.stories;

import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.Recurring;
import io.jobqueue.Schedule;
import io.jobqueue.worker.Upkeep;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** An instance of an application with a recurring job, in a separate JVM. */
final class RecurringMain {

    static final Recurring TICK = Recurring.of(
                    "tick", Schedule.every(Duration.ofSeconds(1)), JobRequest.of("tick", null))
            .overlap(Recurring.Overlap.ALLOW);

    private RecurringMain() {}

    /** Argument: port of Redis. */
    public static void main(String[] args) throws Exception {
        Stage stage = new Stage(Integer.parseInt(args[0]));
        new Upkeep(List.of(stage.queues.recurring("q", List.of(TICK))), JobListener.none()).start();
        new CountDownLatch(1).await();
    }
}
