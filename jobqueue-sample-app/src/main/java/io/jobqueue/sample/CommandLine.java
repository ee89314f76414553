package io.jobqueue.sample;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of {@code main}, in the words of Spring Boot.
 *
 * @param arguments what Spring Boot gets
 * @param answer what to print instead of starting, or {@code null}
 * @param isWrong whether the answer is a complaint
 */
record CommandLine(List<String> arguments, @Nullable String answer, boolean isWrong) {

    private static final String VISIBILITY = "--visibility-ms";
    private static final String WORKERS = "--workers";
    private static final String QUEUE_NAME = "--queue-name";

    private static final Map<String, Option> OPTIONS = Map.of(
            "--port",
            new Option("server.port", "8080"),
            "--host",
            new Option("server.address", "127.0.0.1"),
            "--redis-host",
            new Option("spring.data.redis.host", "127.0.0.1"),
            "--redis-port",
            new Option("spring.data.redis.port", "6379"),
            VISIBILITY,
            new Option(DemoQueueDefaults.VISIBILITY_MS, "5000"),
            WORKERS,
            new Option("sample.demo.workers", "2"),
            QUEUE_NAME,
            new Option(DemoQueueDefaults.QUEUE_NAME, "jobs"));

    private static final long LONGEST_VISIBILITY_MS = Duration.ofDays(7).toMillis();

    private static final String USAGE =
            """
            The demo of the Redis job-queue guide, and a census of jar files: both worked on through job queues on Redis.

              --port <number>        where the pages listen; 8080 by default, 0 for any free port
              --host <address>       the address they bind to; 127.0.0.1 by default
              --redis-host <host>    the Redis to use; without any setting the one at localhost:6379,
              --redis-port <number>  and where none answers one that this application starts for itself
              --visibility-ms <ms>   the visibility timeout of the demo's queue; 5000 by default
              --workers <number>     how many simulated workers run from the start; 0 by default
              --queue-name <name>    the demo's queue; that of the environment variable QUEUE_NAME by default, else jobs
              --sample.allowed-hosts=<name>,...
                                     further host names by which browsers may reach the pages
              --<property>=<value>   any property of Spring Boot, for example --spring.data.redis.url=redis://host:6379
              --help                 this text

            <value> may also follow as --port=<value>.""";

    /** An option of ours: the property that it means, and a value for the complaint that one is missing. */
    private record Option(String property, String example) {}

    /**
     * Translates the options of the guide's demo servers, with their value behind {@code =} or as the next argument.
     * Other arguments that begin with {@code --} belong to Spring Boot and stay.
     */
    static CommandLine parse(String... args) {
        List<String> translated = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            String arg = args[i];
            int equals = arg.indexOf('=');
            String name = equals < 0 ? arg : arg.substring(0, equals);
            Option option = OPTIONS.get(name);
            if (arg.equals("--help") || arg.equals("-h")) {
                return new CommandLine(List.of(), USAGE, false);
            } else if (option == null && arg.startsWith("--")) {
                translated.add(arg);
            } else if (option == null) {
                return wrong("'%s' is no argument of the sample; --help lists them".formatted(arg));
            } else {
                boolean follows = equals < 0 && i + 1 < args.length && !args[i + 1].startsWith("--");
                String value = equals >= 0 ? arg.substring(equals + 1) : follows ? args[++i] : "";
                if (value.isBlank()) {
                    return wrong("%s needs a value, as in %s %s".formatted(name, name, option.example()));
                }
                try {
                    check(name, value);
                } catch (IllegalArgumentException ex) {
                    return wrong("%s: %s".formatted(name, ex.getMessage()));
                }
                translated.add("--" + option.property() + "=" + value);
            }
        }
        return new CommandLine(List.copyOf(translated), null, false);
    }

    /** The demo's own options; the others are checked by those who read them. */
    private static void check(String name, String value) {
        switch (name) {
            case VISIBILITY -> checkWhole(value, 10, LONGEST_VISIBILITY_MS);
            case WORKERS -> checkWhole(value, 0, DemoSettings.MOST_WORKERS);
            case QUEUE_NAME -> DemoSettings.checked(value);
            default -> {}
        }
    }

    private static void checkWhole(String value, long from, long to) {
        boolean fits = value.matches("[0-9]{1,12}") && Long.parseLong(value) >= from && Long.parseLong(value) <= to;
        if (!fits) {
            throw new IllegalArgumentException(
                    "must be a whole number from %s to %s, was '%s'".formatted(from, to, value));
        }
    }

    private static CommandLine wrong(String complaint) {
        return new CommandLine(List.of(), complaint, true);
    }
}
