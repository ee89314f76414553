package io.jobqueue.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Measures costs from a start to a stop: INFO of Redis, and the JVM's own counts. */
final class Meter {

    private static final OperatingSystemMXBean SYSTEM =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private static final ThreadMXBean THREADS = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

    private static final String[] INFO = {"INFO", "all"}; // Redis 6.2 takes one section only

    /** What this class asks, and what clients say when they connect, as a pool that went idle may do at any time. */
    private static final String NOT_OF_JOBS = "cmdstat_(info|hello|client.*)";

    private final Wire admin;
    private final Map<String, String> info;
    private final long ownOutput;
    private final Map<Long, Long> allocated;
    private final long clientCpu;
    private final long begin;

    private Meter(Wire admin) {
        this.admin = admin;
        SlowLog.begin(admin);
        String reply = admin.ask(INFO);
        this.info = info(reply);
        this.ownOutput = reply.getBytes(StandardCharsets.UTF_8).length;
        this.allocated = allocated();
        this.clientCpu = SYSTEM.getProcessCpuTime();
        this.begin = System.nanoTime();
    }

    /** Starts measuring. */
    static Meter start(Wire admin) {
        return new Meter(admin);
    }

    /**
     * Stops measuring. Threads that worked have to be alive still, else what they allocated is not seen.
     *
     * @param jobs how many jobs were done meanwhile
     */
    Cost stop(long jobs) {
        long end = System.nanoTime();
        long clientNanos = SYSTEM.getProcessCpuTime() - clientCpu;
        long heap = 0;
        for (Map.Entry<Long, Long> thread : allocated().entrySet()) {
            heap += thread.getValue() - allocated.getOrDefault(thread.getKey(), 0L);
        }
        Map<String, String> now = info(admin);
        return new Cost(
                jobs,
                (end - begin) / 1e9,
                redisSeconds(now) - redisSeconds(info),
                clientNanos / 1e9,
                heap,
                number(now, "total_net_input_bytes")
                        - number(info, "total_net_input_bytes")
                        - Wire.request(INFO).length, // that of now; the reply is that of before
                number(now, "total_net_output_bytes") - number(info, "total_net_output_bytes") - ownOutput,
                commands(now),
                SlowLog.read(admin));
    }

    private Map<String, Cost.Calls> commands(Map<String, String> now) {
        Map<String, Cost.Calls> commands = new TreeMap<>();
        for (Map.Entry<String, String> line : now.entrySet()) {
            if (!line.getKey().startsWith("cmdstat_") || line.getKey().matches(NOT_OF_JOBS)) {
                continue;
            }
            Cost.Calls calls = calls(line.getValue()).minus(calls(info.getOrDefault(line.getKey(), "")));
            if (calls.count() > 0) {
                commands.put(line.getKey().substring("cmdstat_".length()), calls);
            }
        }
        return commands;
    }

    private static Cost.Calls calls(String stat) {
        if (stat.isEmpty()) {
            return new Cost.Calls(0, 0);
        }
        Map<String, String> parts = new HashMap<>();
        for (String part : stat.split(",")) {
            parts.put(part.substring(0, part.indexOf('=')), part.substring(part.indexOf('=') + 1));
        }
        return new Cost.Calls(number(parts, "calls"), number(parts, "usec"));
    }

    private static double redisSeconds(Map<String, String> info) {
        return Double.parseDouble(value(info, "used_cpu_user")) + Double.parseDouble(value(info, "used_cpu_sys"));
    }

    /** What the data in Redis take, without the buffers of its clients. */
    static long redisBytes(Wire admin) {
        Map<String, String> info = info(admin);
        return number(info, "used_memory") - number(info, "mem_clients_normal");
    }

    static Map<String, String> info(Wire admin) {
        return info(admin.ask(INFO));
    }

    private static Map<String, String> info(String reply) {
        Map<String, String> info = new HashMap<>();
        reply.lines()
                .filter(line -> line.indexOf(':') > 0)
                .forEach(line -> info.put(line.substring(0, line.indexOf(':')), line.substring(line.indexOf(':') + 1)));
        return info;
    }

    private static long number(Map<String, String> info, String name) {
        return Long.parseLong(value(info, name));
    }

    private static String value(Map<String, String> info, String name) {
        String value = info.get(name);
        if (value == null) {
            throw new IllegalStateException("INFO has no " + name);
        }
        return value;
    }

    private static Map<Long, Long> allocated() {
        long[] threads = THREADS.getAllThreadIds();
        long[] bytes = THREADS.getThreadAllocatedBytes(threads);
        Map<Long, Long> allocated = new HashMap<>();
        for (int i = 0; i < threads.length; i++) {
            allocated.put(threads[i], Math.max(0, bytes[i]));
        }
        return allocated;
    }
}
