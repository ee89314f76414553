package io.jobqueue.benchmarks;

import io.jobqueue.JobRequest;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * How long an application takes from its start to its first job, and the starter's share of it. The sample starts as it is
 * packaged, extracted, and with an archive of the classes that an earlier start has loaded. The share is told by a small
 * application, which starts without the starter and with it.
 */
final class StartUp {

    private static final Duration BUDGET = Duration.ofMinutes(4);
    private static final String STARTER = "io.jobqueue.spring.";
    private static final String WITHOUT_STARTER = "--spring.autoconfigure.exclude="
            + String.join(
                    ",",
                    STARTER + "JobQueueAutoConfiguration",
                    STARTER + "binding.ServiceBindingAutoConfiguration",
                    STARTER + "actuate.JobQueueMetricsAutoConfiguration");

    private final StartUpArguments arguments;
    private final PrintStream out;
    private final long begin = System.nanoTime();

    StartUp(StartUpArguments arguments, PrintStream out) {
        this.arguments = arguments;
        this.out = out;
    }

    /** Starts everything in turn, as often as it is asked to and time allows, and prints the tables. */
    void run() throws InterruptedException, IOException {
        Path folder = Files.createTempDirectory("jobqueue-start-up-");
        try (LaunchPad pad = new LaunchPad()) {
            List<StartSubject> samples = samples(folder, pad);
            List<StartSubject> small = small(folder);
            StartUpReport report = new StartUpReport();
            Duration took = Duration.ZERO;
            for (int number = 0; number < arguments.rounds() && fits(took); number++) {
                long roundBegin = System.nanoTime();
                for (StartSubject subject : inTurn(samples, number)) {
                    report.sample(subject.name(), pad.start(subject));
                }
                for (StartSubject subject : inTurn(small, number)) {
                    report.small(subject.name(), pad.start(subject));
                }
                took = since(roundBegin);
                out.printf(Locale.ROOT, "round %d: %d s%n", number + 1, took.toSeconds());
            }
            out.println(report.tables());
        } finally {
            delete(folder);
        }
    }

    /** Whether there is time for a round like the last one. */
    private boolean fits(Duration round) {
        return since(begin).plus(round).compareTo(BUDGET) < 0;
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }

    /** Every other round goes backwards, so that nothing always follows the same. */
    private static List<StartSubject> inTurn(List<StartSubject> subjects, int round) {
        List<StartSubject> order = new ArrayList<>(subjects);
        if (round % 2 == 1) {
            Collections.reverse(order);
        }
        return order;
    }

    // ---- the sample

    private List<StartSubject> samples(Path folder, LaunchPad pad) throws InterruptedException, IOException {
        Path extracted = extract(arguments.sample(), folder.resolve("sample"));
        JobRequest job = JobRequest.of("census.jar", Map.of("file", smallestJar(extracted.resolveSibling("lib"))));
        List<StartSubject> subjects = new ArrayList<>();
        for (Jdk jdk : arguments.jdks()) {
            StartSubject extractedOn = sample(jdk, "extracted", extracted, job);
            subjects.add(sample(jdk, "`java -jar`", arguments.sample(), job));
            subjects.add(extractedOn);
            subjects.add(archived(pad, extractedOn, extractedOn, ""));
        }
        StartSubject newest = subjects.get(subjects.size() - 2);
        StartSubject refreshed = newest.idle("refresh", Mark.STARTED);
        subjects.add(archived(
                pad, newest, refreshed.with("refresh", "-Dspring.context.exit=onRefresh"), ", trained without a job"));
        return subjects;
    }

    private static StartSubject sample(Jdk jdk, String how, Path jar, JobRequest job) {
        return new StartSubject(
                jdk + ", " + how,
                jdk,
                jar.resolveSibling("."),
                List.of("-jar", jar.getFileName().toString(), "--server.port=0"),
                "census",
                job,
                Mark.STARTED);
    }

    /** Lets one start write an archive that others use. */
    private StartSubject archived(LaunchPad pad, StartSubject subject, StartSubject training, String how)
            throws InterruptedException, IOException {
        Jdk jdk = subject.jdk();
        String name = "%s, extracted, %s%s".formatted(jdk, jdk.archive(), how);
        Path archive = subject.folder().resolve(name.replaceAll("\\W+", "-"));
        long trainingBegin = System.nanoTime();
        pad.startAndStop(training.with("training", jdk.writing(archive)));
        out.printf(
                Locale.ROOT,
                "%s: %d MB, written in %d s%n",
                name,
                Files.size(archive) / 1_000_000,
                since(trainingBegin).toSeconds());
        return subject.with(name, jdk.using(archive));
    }

    private static Path extract(Path jar, Path folder) throws InterruptedException {
        List<String> command = List.of(
                Jdk.running().java(),
                "-Djarmode=tools",
                "-jar",
                jar.toString(),
                "extract",
                "--destination",
                folder.toString());
        try (JvmStart extraction = JvmStart.of(jar.resolveSibling("."), command)) {
            extraction.awaitEnd();
        }
        return folder.resolve(jar.getFileName());
    }

    /** A job that is soon done. */
    private static URI smallestJar(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .min(Comparator.comparingLong(file -> file.toFile().length()))
                    .orElseThrow()
                    .toUri();
        }
    }

    // ---- the small application

    /** Without the starter, the same using Redis once, and with the starter. */
    static List<StartSubject> small(Path folder) throws InterruptedException {
        String classPath = System.getProperty("java.class.path");
        if (classPath.endsWith("jobqueue-benchmarks.jar")) {
            classPath = extract(Path.of(classPath).toAbsolutePath(), folder.resolve("small"))
                    .toString();
        }
        List<String> arguments = List.of(
                "-cp", classPath, SmallApplication.class.getName(), "--spring.data.redis.repositories.enabled=false");
        StartSubject starter = new StartSubject(
                StartUpReport.STARTER,
                Jdk.running(),
                folder,
                arguments,
                "jobs",
                JobRequest.of(SmallApplication.KIND, null),
                Mark.CLASSES);
        return List.of(
                starter.idle(StartUpReport.UNUSED, Mark.STARTED, WITHOUT_STARTER),
                starter.idle(StartUpReport.USED, Mark.CLASSES, WITHOUT_STARTER, SmallApplication.PING),
                starter);
    }

    private static void delete(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.walk(folder)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : all) {
            Files.delete(file);
        }
    }
}
