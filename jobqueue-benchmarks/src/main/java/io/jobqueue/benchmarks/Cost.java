package io.jobqueue.benchmarks;

import java.util.Map;

/**
 * The cost of a number of jobs, in Redis and in this JVM.
 *
 * @param jobs how many
 * @param seconds by the clock
 * @param redisSeconds CPU time of redis-server, kernel included
 * @param clientSeconds CPU time of this JVM, compiler and garbage collector included
 * @param allocated bytes of heap that live threads of this JVM took
 * @param bytesIn what Redis received
 * @param bytesOut what Redis sent
 * @param commands what Redis executed, by name, what scripts call included
 * @param slow what held up Redis meanwhile
 */
record Cost(
        long jobs,
        double seconds,
        double redisSeconds,
        double clientSeconds,
        long allocated,
        long bytesIn,
        long bytesOut,
        Map<String, Calls> commands,
        SlowLog slow) {

    /**
     * Calls of one command. The time of a script contains that of the commands it calls.
     *
     * @param count how often
     * @param micros how long they took Redis
     */
    record Calls(long count, long micros) {

        Calls plus(Calls other) {
            return new Calls(count + other.count, micros + other.micros);
        }

        Calls minus(Calls other) {
            return new Calls(count - other.count, micros - other.micros);
        }
    }

    /** The same with what another process says about itself. */
    Cost by(double clockSeconds, double cpuSeconds) {
        return new Cost(jobs, clockSeconds, redisSeconds, cpuSeconds, 0, bytesIn, bytesOut, commands, slow);
    }

    long calls() {
        return commands.values().stream().mapToLong(Calls::count).sum();
    }

    /** The calls of scripts. */
    Calls scripts() {
        return commands.entrySet().stream()
                .filter(command -> command.getKey().startsWith("eval"))
                .map(Map.Entry::getValue)
                .reduce(new Calls(0, 0), Calls::plus);
    }
}
