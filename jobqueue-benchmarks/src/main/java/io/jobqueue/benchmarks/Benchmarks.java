package io.jobqueue.benchmarks;

import io.jobqueue.embedded.EmbeddedRedis;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The command: starts a redis-server, plays rounds of scenarios on it, and reports their figures. */
public final class Benchmarks {

    private final Arguments arguments;
    private final PrintStream out;
    private final long begin = System.nanoTime();

    Benchmarks(Arguments arguments, PrintStream out) {
        this.arguments = arguments;
        this.out = out;
    }

    /**
     * Runs what the arguments ask for; ends with 0, with 1 when a measurement failed, for example because a job was lost,
     * and with 2 when the arguments are wrong.
     */
    public static void main(String... words) {
        if (words.length == 2 && words[0].equals(CrewMember.WORD)) {
            CrewMember.serve(Integer.parseInt(words[1]), System.out);
            return;
        }
        Command command;
        try {
            command = command(words);
        } catch (IllegalArgumentException ex) {
            System.err.println(ex.getMessage());
            System.err.print(Arguments.usage());
            System.exit(2);
            return;
        }
        try {
            command.run();
            System.exit(0); // whatever threads are left
        } catch (Exception ex) {
            ex.printStackTrace();
            System.exit(1);
        }
    }

    /** What a command line asks for. */
    @FunctionalInterface
    private interface Command {
        void run() throws Exception;
    }

    private static Command command(String... words) {
        if (words.length > 0 && words[0].equals(StartUpArguments.WORD)) {
            String[] more = Arrays.copyOfRange(words, 1, words.length);
            return new StartUp(StartUpArguments.parse(more), System.out)::run;
        }
        Arguments arguments = Arguments.parse(words);
        return arguments.help()
                ? () -> System.out.print(Arguments.usage())
                : new Benchmarks(arguments, System.out)::run;
    }

    /**
     * Plays all rounds, prints the table and writes the JSON.
     *
     * @throws IllegalStateException when a job was lost or repeated
     */
    Report run() throws InterruptedException, IOException {
        List<PeerScenario> peers = arguments.peers() ? PeerScenario.all() : List.of();
        peers.forEach(PeerScenario::verifyBuilt);
        List<Round> rounds = new ArrayList<>();
        Map<String, String> machine;
        try (EmbeddedRedis redis = start();
                Wire admin = new Wire(redis.port());
                Wire driver = new Wire(redis.port());
                Product product = new Product(redis.port());
                Crew crew = new Crew()) {
            machine = machine(admin);
            Sizes sizes = arguments.sizes();
            Stage stage = new Stage(redis.port(), admin, new Ceiling(driver), product, crew, sizes, true);
            Duration whole = warmUp(stage);
            Duration ofPeers = Duration.ZERO; // the budget is the queue's
            for (int number = 0; number < sizes.rounds(); number++) {
                Sizes fitting = arguments.suite().isScaled()
                        ? sizes.fitting(since(begin).minus(ofPeers), whole, sizes.rounds() - number)
                        : sizes;
                long roundBegin = System.nanoTime();
                Stage next = stage.with(fitting, number % 2 == 0);
                Round round = play(next);
                Duration took = since(roundBegin);
                long peersBegin = System.nanoTime();
                for (PeerScenario peer : peers) {
                    peer.play(next, round);
                }
                ofPeers = ofPeers.plus(since(peersBegin));
                stage.clear();
                rounds.add(round);
                whole = sizes.whole(fitting, took);
                out.printf(Locale.ROOT, "round %d: %d jobs, %.1f s%n", number + 1, fitting.jobs(), seconds(took));
                if (!arguments.suite().isScaled() && since(begin).plus(took).compareTo(sizes.budget()) > 0) {
                    break;
                }
            }
        }
        Report report = new Report(machine, new Results(rounds));
        out.println(report.table());
        if (arguments.json() != null) {
            Files.writeString(arguments.json(), report.json());
        }
        if (arguments.svg() != null) {
            Files.writeString(arguments.svg(), new Plot(report.growth()).svg());
        }
        return report;
    }

    /** Plays small rounds; how long one of everything would take then. */
    private Duration warmUp(Stage stage) throws InterruptedException {
        Sizes sizes = stage.sizes();
        long warmUpBegin = System.nanoTime();
        Duration took;
        int rounds = 0;
        do {
            long roundBegin = System.nanoTime();
            play(stage.with(sizes.small(), rounds++ % 2 == 0));
            took = since(roundBegin);
        } while (since(warmUpBegin).plus(took).compareTo(sizes.warmUp()) < 0);
        out.printf(Locale.ROOT, "warm-up: %d rounds, %.1f s%n", rounds, seconds(since(warmUpBegin)));
        return sizes.whole(sizes.small(), took);
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }

    private static double seconds(Duration time) {
        return time.toNanos() / 1e9;
    }

    private EmbeddedRedis start() {
        return arguments.server() == null ? EmbeddedRedis.start() : EmbeddedRedis.startOther(arguments.server());
    }

    private Round play(Stage stage) throws InterruptedException {
        Round round = new Round();
        for (Map.Entry<String, Scenario> scenario :
                arguments.suite().scenarios().entrySet()) {
            if (arguments.wants(scenario.getKey())) {
                scenario.getValue().play(stage, round);
            }
        }
        return round;
    }

    private static Map<String, String> machine(Wire admin) {
        Map<String, String> machine = new LinkedHashMap<>();
        machine.put("cores", String.valueOf(Runtime.getRuntime().availableProcessors()));
        machine.put("java", Runtime.version().toString());
        Map<String, String> info = Meter.info(admin);
        machine.put("redis", info.getOrDefault("redis_version", "?") + " " + info.getOrDefault("mem_allocator", "?"));
        machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        return machine;
    }
}
