package io.jobqueue.sample;

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

    private static final Map<String, String> PROPERTIES = Map.of(
            "--port", "server.port",
            "--host", "server.address",
            "--redis-host", "spring.data.redis.host",
            "--redis-port", "spring.data.redis.port");

    private static final String USAGE =
            """
            A census of jar files, worked on through a job queue on Redis.

              --port <number>        where the page listens; 8080 by default, 0 for any free port
              --host <address>       the address it binds to; 127.0.0.1 by default
              --redis-host <host>    the Redis to use; without any setting the one at localhost:6379,
              --redis-port <number>  and where none answers one that this application starts for itself
              --<property>=<value>   any property of Spring Boot, for example --spring.data.redis.url=redis://host:6379
              --help                 this text

            <value> may also follow as --port=<value>.""";

    /**
     * Translates {@code --port}, {@code --host}, {@code --redis-host} and {@code --redis-port}, with their value behind
     * {@code =} or as the next argument. Other arguments that begin with {@code --} belong to Spring Boot and stay.
     */
    static CommandLine parse(String... args) {
        List<String> translated = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            String arg = args[i];
            int equals = arg.indexOf('=');
            String name = equals < 0 ? arg : arg.substring(0, equals);
            String property = PROPERTIES.get(name);
            if (arg.equals("--help") || arg.equals("-h")) {
                return new CommandLine(List.of(), USAGE, false);
            } else if (property == null && arg.startsWith("--")) {
                translated.add(arg);
            } else if (property == null) {
                return wrong("'%s' is no argument of the census; --help lists them".formatted(arg));
            } else {
                boolean follows = equals < 0 && i + 1 < args.length && !args[i + 1].startsWith("--");
                String value = equals >= 0 ? arg.substring(equals + 1) : follows ? args[++i] : "";
                if (value.isBlank()) {
                    return wrong("%s needs a value, as in %s".formatted(name, example(name)));
                }
                translated.add("--" + property + "=" + value);
            }
        }
        return new CommandLine(List.copyOf(translated), null, false);
    }

    private static CommandLine wrong(String complaint) {
        return new CommandLine(List.of(), complaint, true);
    }

    private static String example(String name) {
        return name + (name.endsWith("port") ? " 8080" : " 127.0.0.1");
    }
}
