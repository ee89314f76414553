package io.jobqueue.history;

import io.jobqueue.worker.JobStore.Renewed;
import io.jobqueue.worker.Settlement.Answer;
import io.jobqueue.worker.Verb;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the processes of a story recorded on their {@linkplain Tape tapes}. Times are nanoseconds of one
 * clock.
 *
 * <p>A call without a reply may have been executed or not, at any time after its request.
 */
public record History(
        List<Enqueue> enqueues,
        List<Claiming> claimings,
        List<End> ends,
        List<Renewal> renewals,
        List<Sweep> sweeps,
        List<Expiry> expiries,
        List<Cancel> cancels,
        List<Chain> chains,
        List<Damage> damages,
        List<Touch> touches,
        List<Run> runs,
        List<Fault> faults) {

    static final long NEVER = Long.MAX_VALUE;

    /**
     * From when something was asked until it was answered, {@link #NEVER} if it was not. Redis did it in between.
     *
     * @param process who asked
     */
    record Span(String process, long from, long to) {

        boolean answered() {
            return to != NEVER;
        }

        boolean isBefore(Span other) {
            return to < other.from;
        }
    }

    /** What a producer was told. */
    enum Told {
        CREATED,
        EXISTING,
        REFUSED,
        UNKNOWN
    }

    /**
     * One job of an enqueue call.
     *
     * @param limit how often it may run
     * @param delay how long it waits at least, in nanoseconds
     * @param unit the {@code run/unit} it is for, or {@code null}
     */
    record Enqueue(Span span, String id, int limit, long delay, @Nullable String unit, Told told) {}

    /** A claim call. */
    record Claiming(Span span, int max, List<Claimed> jobs) {}

    /**
     * A job that a claim call brought.
     *
     * @param lease how long the claim is good without a renewal, in nanoseconds
     */
    record Claimed(Span span, long lease, String id, String token, int attempt, long fence) {

        @Override
        public String toString() {
            return "attempt " + attempt + " (fence " + fence + ") of " + span.process;
        }
    }

    /**
     * One attempt of a settle call.
     *
     * @param delay how long a retry, a snoozed or an unknown job waits at least, in nanoseconds
     * @param answer {@code null} when there was none
     */
    record End(Span span, String id, String token, Verb verb, long delay, @Nullable Answer answer) {

        /** Whether the job's status changed by it, as far as its worker was told. */
        boolean isDone() {
            return answer == Answer.DONE || answer == Answer.FAILED || answer == Answer.CANCELLED;
        }

        /** Whether it asks to give the attempt back. */
        boolean isUnspent() {
            return verb == Verb.RELEASE || verb == Verb.SNOOZE || verb == Verb.UNKNOWN;
        }

        /** Whether it may have changed the job's status. */
        boolean mayBeDone() {
            return answer != Answer.REFUSED;
        }
    }

    /** One claim of an extend call. */
    record Renewal(Span span, String id, String token, long lease, @Nullable Renewed answer) {

        boolean isHeld() {
            return answer == Renewed.HELD || answer == Renewed.CANCELLED;
        }
    }

    /** A sweep that was answered. */
    record Sweep(Span span, List<String> reclaimed, List<String> died) {}

    /** A job that expired at a claim, which was answered before {@code at}. */
    record Expiry(String id, long at) {}

    /**
     * A cancel that was accepted.
     *
     * @param ended whether the job waited, so that the cancel ended it
     */
    record Cancel(Span span, String id, boolean ended) {}

    /** A job that is to be enqueued when another one completes. */
    record Chain(String before, String next) {}

    /** What a claim, a sweep or an audit found to be wrong, and put right. */
    record Damage(String process, String kind, List<String> ids, long at) {

        boolean isLoss() {
            return kind.equals(Tape.LOST);
        }
    }

    /** A job that a foreign hand touched. */
    record Touch(String id, long at) {}

    /** A handler's run; {@code to} is {@link #NEVER} when its process did not live to see the end. */
    record Run(String process, String id, int attempt, long fence, long from, long to) {}

    /** Something that was done to processes. */
    record Fault(String kind, String target, long from, long to) {

        boolean hits(String process) {
            return target.equals("*") || process.equals(target) || process.startsWith(target + ".");
        }
    }

    /** Reads all tapes of a folder. */
    public static History read(Path folder) {
        History history = new History(
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>());
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(Tape.SUFFIX))
                    .sorted()
                    .toList()) {
                String name = file.getFileName().toString();
                history.add(name.substring(0, name.length() - Tape.SUFFIX.length()), Files.readString(file));
            }
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        return history;
    }

    /** A line of a tape. */
    private record Line(long at, String what, long call, List<String> words) {

        static Line of(String text) {
            String[] words = text.split(" +");
            return new Line(
                    Long.parseLong(words[0]),
                    words[1],
                    Long.parseLong(words[2]),
                    List.of(words).subList(3, words.length));
        }

        /** The fields of a word, an empty one as it was. */
        List<String> fields(int word) {
            return Stream.of(words.get(word).split(","))
                    .map(field -> field.equals(Tape.NONE) ? "" : field)
                    .toList();
        }
    }

    private void add(String process, String tape) {
        // the last line of a killed process may be cut
        List<String> lines =
                tape.substring(0, tape.lastIndexOf('\n') + 1).lines().toList();
        Map<Long, Line> begins = new HashMap<>();
        Map<Long, Line> answers = new HashMap<>();
        for (String text : lines) {
            Line line = Line.of(text);
            if (begins.putIfAbsent(line.call, line) != null) {
                answers.put(line.call, line);
            }
        }
        begins.forEach((call, begin) -> add(process, begin, answers.get(call)));
    }

    private void add(String process, Line begin, @Nullable Line end) {
        boolean answered = end != null && !end.what.equals("unanswered");
        Span span = new Span(process, begin.at, answered ? end.at : NEVER);
        switch (begin.what) {
            case "enqueue" ->
                eachWord(begin, (i, word) -> {
                    Told told = !answered
                            ? Told.UNKNOWN
                            : end.what.equals("refused") ? Told.REFUSED : Told.valueOf(end.words.get(i));
                    enqueues.add(new Enqueue(
                            span,
                            word.get(0),
                            Integer.parseInt(word.get(1)),
                            millis(word.get(2)),
                            word.get(3).isEmpty() ? null : word.get(3),
                            told));
                });
            case "claim" -> {
                List<String> asked = begin.fields(0);
                List<Claimed> jobs = new ArrayList<>();
                if (answered) {
                    eachWord(
                            end,
                            (i, word) -> jobs.add(new Claimed(
                                    span,
                                    millis(asked.get(1)),
                                    word.get(0),
                                    word.get(1),
                                    Integer.parseInt(word.get(2)),
                                    Long.parseLong(word.get(3)))));
                }
                claimings.add(new Claiming(span, Integer.parseInt(asked.get(0)), jobs));
            }
            case "settle" ->
                eachWord(
                        begin,
                        (i, word) -> ends.add(new End(
                                span,
                                word.get(0),
                                word.get(1),
                                Verb.valueOf(word.get(2)),
                                millis(word.get(3)),
                                answered ? Answer.valueOf(end.words.get(i)) : null)));
            case "extend" ->
                eachWord(
                        begin,
                        (i, word) -> renewals.add(new Renewal(
                                span,
                                word.get(0),
                                word.get(1),
                                millis(word.get(2)),
                                answered ? Renewed.valueOf(end.words.get(i)) : null)));
            case "sweep" -> {
                if (answered) {
                    int reclaimed = 1 + Integer.parseInt(end.words.get(0));
                    sweeps.add(new Sweep(
                            span, end.words.subList(1, reclaimed), end.words.subList(reclaimed, end.words.size())));
                }
            }
            case "cancel" -> {
                if (answered && !end.words.get(0).equals(Tape.TOO_LATE)) {
                    cancels.add(new Cancel(
                            span, begin.words.get(0), end.words.get(0).equals(Tape.ENDED)));
                }
            }
            case "chain" -> {
                List<String> word = begin.fields(0);
                chains.add(new Chain(word.get(0), word.get(1)));
            }
            case "expired" -> begin.words.stream().skip(1).forEach(id -> expiries.add(new Expiry(id, begin.at)));
            case "damage" ->
                damages.add(
                        new Damage(process, begin.words.get(0), begin.words.subList(1, begin.words.size()), begin.at));
            case "touch" -> begin.words.forEach(id -> touches.add(new Touch(id, begin.at)));
            case "start" -> {
                List<String> word = begin.fields(0);
                runs.add(new Run(
                        process,
                        word.get(0),
                        Integer.parseInt(word.get(1)),
                        Long.parseLong(word.get(2)),
                        begin.at,
                        span.to));
            }
            case "fault" -> {
                List<String> word = begin.fields(0);
                faults.add(new Fault(word.get(0), word.get(1), begin.at - millis(word.get(2)), span.to));
            }
            default -> throw new IllegalStateException("a tape of " + process + " says " + begin.what);
        }
    }

    private static void eachWord(Line line, BiConsumer<Integer, List<String>> use) {
        for (int i = 0; i < line.words.size(); i++) {
            use.accept(i, line.fields(i));
        }
    }

    private static long millis(String text) {
        return Long.parseLong(text) * 1_000_000;
    }
}
