package io.jobqueue.history;

import io.jobqueue.Claim;
import io.jobqueue.JobEvent;
import io.jobqueue.JobRef;
import io.jobqueue.JobRequest;
import io.jobqueue.worker.JobStore;
import io.jobqueue.worker.Settlement;
import io.jobqueue.worker.Told;
import io.jobqueue.worker.Verb;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Records the requests of one process to Redis, the replies, and the handlers that it ran, as they happen. Each is one
 * line with the time of {@link System#nanoTime()}, which is the same clock for all JVMs of a host. {@link History}
 * reads it.
 *
 * <p>The process passes every line to the operating system before it continues, so that the line survives a SIGKILL. It
 * writes a request before it sends the request, and a reply before it acts on the reply.
 */
public final class Tape implements AutoCloseable {

    static final String SUFFIX = ".tape";
    static final String NONE = "-";
    static final String LOST = "lost";
    static final String ENDED = "ended";
    static final String MARKED = "marked";
    static final String TOO_LATE = "too-late";

    // no channel: the interrupt of a handler would close it
    private final FileOutputStream out;
    private long calls;

    /**
     * Begins a tape.
     *
     * @param folder where all processes of a story keep theirs
     * @param process a name that no other process of the story has
     */
    public Tape(Path folder, String process) {
        try {
            Files.createDirectories(folder);
            out = new FileOutputStream(folder.resolve(process + SUFFIX).toFile());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Something begins: at the moment of this call, not when the line is written. */
    private long begin(String what, String words) {
        return begin(System.nanoTime(), what, words);
    }

    private synchronized long begin(long at, String what, String words) {
        calls++;
        write(at, what, calls, words);
        return calls;
    }

    private synchronized void line(String what, long call, String words) {
        write(System.nanoTime(), what, call, words);
    }

    private void write(long at, String what, long call, String words) {
        try {
            out.write((at + " " + what + " " + call + " " + words + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static <T> String words(Collection<T> things, Function<T, String> word) {
        return things.stream().map(word).collect(Collectors.joining(" "));
    }

    private static String word(Object... fields) {
        StringBuilder word = new StringBuilder();
        for (Object field : fields) {
            String text = String.valueOf(field);
            word.append(word.isEmpty() ? "" : ",").append(text.isEmpty() ? NONE : text);
        }
        return word.toString();
    }

    // ---- producers

    /**
     * Jobs are about to be enqueued.
     *
     * @param limit how often a job may run that does not say it itself
     */
    public long enqueueing(Collection<JobRequest> requests, int limit) {
        return begin(
                "enqueue",
                words(
                        requests,
                        request -> word(
                                request.id(),
                                request.maxAttempts() == null ? limit : request.maxAttempts(),
                                request.delay() == null ? 0 : request.delay().toMillis(),
                                request.runId() == null ? "" : request.runId() + "/" + request.unitId())));
    }

    public void enqueued(long call, List<JobRef> refs) {
        line("enqueued", call, words(refs, ref -> ref.state().name()));
    }

    /** A job is about to be enqueued that another one follows; whoever completes the first enqueues the second. */
    public void chaining(JobRequest before, JobRequest next, int limit) {
        begin("chain", word(before.id(), next.id()));
        unanswered(enqueueing(List.of(next), limit));
    }

    /** The jobs surely do not exist because of this call. */
    public void refused(long call) {
        line("refused", call, "");
    }

    /** Somebody is about to cancel a job. */
    public long cancelling(String id) {
        return begin("cancel", id);
    }

    /**
     * A cancel was answered.
     *
     * @param accepted what the caller was told
     * @param ended whether the job waited, so that the cancel ended it
     */
    public void cancelled(long call, boolean accepted, boolean ended) {
        line("cancelled", call, !accepted ? TOO_LATE : ended ? ENDED : MARKED);
    }

    // ---- calls of a store

    /** A call of any kind came to no answer: it was made or it was not. */
    public void unanswered(long call) {
        line("unanswered", call, "");
    }

    long claiming(int max, Duration lease) {
        return begin("claim", word(max, lease.toMillis()));
    }

    void claimed(long call, List<Claim> claims) {
        line("claimed", call, words(claims, claim -> word(claim.id(), claim.token(), claim.attempt(), claim.fence())));
    }

    /** Some events tell of damage that the store found and put right. */
    void damaged(List<JobEvent> events) {
        for (JobEvent event : events) {
            if (event instanceof JobEvent.Lost lost) {
                begin("damage", LOST + " " + words(lost.ids(), id -> id));
            } else if (event instanceof JobEvent.Repaired repaired) {
                begin("damage", repaired.damage().name() + " " + words(repaired.ids(), id -> id));
            }
        }
    }

    /** Some events tell of jobs that expired at a claim. */
    void expired(long call, List<JobEvent> events) {
        for (JobEvent event : events) {
            if (event instanceof JobEvent.Expired expired) {
                begin("expired", call + " " + words(expired.ids(), id -> id));
            }
        }
    }

    long settling(List<Settlement> batch) {
        return begin(
                "settle",
                words(
                        batch,
                        end -> word(
                                end.claim().id(),
                                end.claim().token(),
                                Verb.of(end),
                                Verb.delay(end).toMillis())));
    }

    void settled(long call, List<Settlement.Answer> answers) {
        line("settled", call, words(answers, Enum::name));
    }

    long extending(List<JobStore.Renewal> renewals) {
        return begin(
                "extend",
                words(
                        renewals,
                        renewal -> word(
                                renewal.claim().id(),
                                renewal.claim().token(),
                                renewal.lease().toMillis())));
    }

    void extended(long call, List<JobStore.Renewed> answers) {
        line("extended", call, words(answers, Enum::name));
    }

    long sweeping() {
        return begin("sweep", "");
    }

    void swept(long call, List<JobEvent> events) {
        Told told = new Told(events);
        line(
                "swept",
                call,
                told.reclaimed().size() + " " + words(told.reclaimed(), id -> id) + " " + words(told.died(), id -> id));
    }

    // ---- handlers

    /** A handler begins: the work itself, whatever anybody answers later. */
    public long started(String id, int attempt, long fence) {
        // first of all the time: the process may be stopped anywhere
        return begin(System.nanoTime(), "start", word(id, attempt, fence));
    }

    /** The handler is through, one way or the other. */
    public void ended(long run) {
        line("end", run, "");
    }

    // ---- foreign hands

    /** A foreign hand is about to touch jobs. */
    public void touching(String... ids) {
        begin("touch", String.join(" ", ids));
    }

    // ---- faults

    /**
     * Something is about to be done to a process.
     *
     * @param target the process and all whose names go on from it with a dot; {@code null} for all there are
     */
    public long fault(String kind, @Nullable String target) {
        return begin("fault", word(kind, target == null ? "*" : target, 0));
    }

    /** A process, or all of them, got nowhere for a while that is over now. */
    public void stalled(@Nullable String target, Duration lasted) {
        healed(begin("fault", word("stall", target == null ? "*" : target, lasted.toMillis())));
    }

    /** The fault is over. One that does not end, as a kill, lasts. */
    public void healed(long fault) {
        line("healed", fault, "");
    }

    @Override
    public synchronized void close() {
        try {
            out.close();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
