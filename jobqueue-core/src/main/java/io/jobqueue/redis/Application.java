package io.jobqueue.redis;

import io.jobqueue.Enqueuer;
import io.jobqueue.JobListener;
import io.jobqueue.JobQueue;
import java.util.List;
import java.util.Optional;

/** What the queues of one application share: names, routes, settings and the enqueuer. */
interface Application {

    /** The queue of a name. */
    JobQueue queue(String name);

    /** Redis as the queue of a name uses it. */
    QueueRedis redis(String name);

    /** The names of all queues of the application. */
    List<String> names();

    /** The name of the queue that a kind is routed to, if it is routed. */
    Optional<String> route(String kind);

    /** Where jobs are enqueued, behind the application's decorators. */
    Enqueuer enqueuer();

    /** Another way to send jobs, behind the application's decorators. */
    Enqueuer decorated(Enqueuer sending);

    /** The waits for the ends of the jobs on the queue of a name. */
    JobEnds ends(String name);

    /**
     * Refuses to block this thread until a job has ended that is held back until the thread goes on.
     *
     * @throws IllegalStateException when the job is
     */
    void refuseToAwait(String queue, String id);

    /**
     * Refuses to change a run at once.
     *
     * @throws IllegalStateException when jobs of the calling thread must reach Redis later
     */
    void refuseRun(String runId);

    /** Reads schedules from their texts. */
    ScheduleTexts schedules();

    /** Hears what happens. */
    JobListener listener();
}
