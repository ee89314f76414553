package io.jobqueue.spring;

import io.jobqueue.worker.Pulse;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The parts of this application that work on its queues: worker pools, upkeep, and what they share. Use it to show
 * whether they are alive.
 *
 * <p>Available as a bean. Thread-safe.
 *
 * @since 0.1.0
 */
public interface RunningWork {

    /** The signs of life of everything that runs; none while the application starts or stops. No round trip. */
    List<Pulse> pulses();

    /** The kinds of each queue that this application got and could not handle, by queue. No round trip. */
    Map<String, Set<String>> unknownKinds();
}
