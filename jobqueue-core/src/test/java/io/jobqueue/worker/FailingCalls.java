package io.jobqueue.worker;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The calls of a store. Tests can make each call fail before or after it takes effect, throw, or be answered late.
 * Thread-safe.
 */
abstract class FailingCalls {

    /** The kinds of call, for the switches. */
    enum Call {
        CLAIM,
        SETTLE,
        EXTEND,
        SWEEP,
        HINT,
        POLL
    }

    /** What stands for a store that cannot be reached. */
    static final class AwayException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        AwayException(Call call) {
            super("no answer to " + call);
        }
    }

    // all guarded by this
    private final Map<Call, Integer> counts = new EnumMap<>(Call.class);
    private final Map<Call, Integer> failBefore = new EnumMap<>(Call.class);
    private final Map<Call, Integer> failAfter = new EnumMap<>(Call.class);
    private final Map<Call, Throwable> throwNext = new EnumMap<>(Call.class);
    private final Map<Call, Throwable> failNextReply = new EnumMap<>(Call.class);
    private final Set<Call> away = EnumSet.noneOf(Call.class);
    private final Set<Call> held = EnumSet.noneOf(Call.class);
    private final List<Runnable> heldAnswers = new ArrayList<>();
    private @Nullable Executor late;
    private final List<Integer> claimSizes = new ArrayList<>();
    private final List<Integer> batchSizes = new ArrayList<>();

    /** Passes on a hint that is there, without the lock. */
    abstract void deliverHint();

    // ---- switches

    synchronized void failNextBeforeEffect(Call call, int times) {
        failBefore.put(call, times);
    }

    synchronized void failNextAfterEffect(Call call, int times) {
        failAfter.put(call, times);
    }

    /** The next call throws instead of returning a future. */
    synchronized void throwNext(Call call, Throwable thrown) {
        throwNext.put(call, thrown);
    }

    /** The next call takes effect, and its future fails so. */
    synchronized void failNextReply(Call call, Throwable failure) {
        failNextReply.put(call, failure);
    }

    /** From now on calls fail without effect; all kinds of call when none is named. */
    synchronized void goAway(Call... calls) {
        away.addAll(calls.length == 0 ? EnumSet.allOf(Call.class) : List.of(calls));
    }

    synchronized void comeBack() {
        away.clear();
    }

    /** From now on calls of this kind take effect, but are not answered. */
    synchronized void holdAnswers(Call call) {
        held.add(call);
    }

    /** Gives all answers that are held, and holds no more. */
    void giveAnswers() {
        List<Runnable> answers;
        synchronized (this) {
            held.clear();
            answers = List.copyOf(heldAnswers);
            heldAnswers.clear();
        }
        answers.forEach(Runnable::run);
    }

    /** From now on answers come this much later than their effect, as over a network. */
    synchronized void answerLate(Duration delay) {
        late = CompletableFuture.delayedExecutor(delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    synchronized int heldAnswers() {
        return heldAnswers.size();
    }

    /** How many calls of a kind came in, failed ones included. */
    synchronized int calls(Call call) {
        return counts.getOrDefault(call, 0);
    }

    /** How many jobs each claim asked for. */
    synchronized List<Integer> claimSizes() {
        return List.copyOf(claimSizes);
    }

    /** How many settlements came with each call. */
    synchronized List<Integer> batchSizes() {
        return List.copyOf(batchSizes);
    }

    // ---- a call

    final synchronized void noteClaim(int jobs) {
        claimSizes.add(jobs);
    }

    final synchronized void noteBatch(int settlements) {
        batchSizes.add(settlements);
    }

    final <T> CompletableFuture<T> answer(Call call, Supplier<T> transition) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        synchronized (this) {
            counts.merge(call, 1, Integer::sum);
            Throwable thrown = throwNext.remove(call);
            if (thrown != null) {
                throwUnchecked(thrown);
            }
            if (away.contains(call) || takeOne(failBefore, call)) {
                return CompletableFuture.failedFuture(new AwayException(call));
            }
            T result = transition.get();
            Throwable failure = failNextReply.remove(call);
            if (failure != null) {
                answer.completeExceptionally(failure);
            } else if (takeOne(failAfter, call)) {
                answer.completeExceptionally(new AwayException(call));
            } else if (held.contains(call)) {
                heldAnswers.add(() -> answer.complete(result));
            } else if (late != null) {
                late.execute(() -> answer.complete(result));
            } else {
                answer.complete(result);
            }
        }
        deliverHint();
        return answer;
    }

    private static boolean takeOne(Map<Call, Integer> switches, Call call) {
        return switches.merge(call, -1, Integer::sum) >= 0;
    }

    @SuppressWarnings("unchecked") // the cast is the trick: nothing is checked at run time
    private static <X extends Throwable> void throwUnchecked(Throwable thrown) throws X {
        throw (X) thrown;
    }
}
