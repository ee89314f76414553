package io.jobqueue.spring;

import io.jobqueue.MissingRightsException;
import io.jobqueue.RedisUnavailableException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops the start of an application whose Redis user lacks rights, because a script that Redis refuses in the middle
 * would damage jobs.
 *
 * <p>If Redis is away, the application starts. The check then runs when Redis answers, and logs missing rights as an
 * error.
 */
final class RightsAtStart {

    private static final Logger log = LoggerFactory.getLogger(RightsAtStart.class);

    /** How long a start waits for a Redis that is slow. */
    private static final Duration MAX_WAIT = Duration.ofSeconds(2);

    private static final Duration PAUSE_WHILE_AWAY = Duration.ofSeconds(2);

    private final Supplier<CompletableFuture<Void>> check;

    /** Grows with each start and stop, so that an attempt knows that it is out of date. */
    private int era; // guarded by this

    /**
     * Makes the check.
     *
     * @param check tries the rights
     */
    RightsAtStart(Supplier<CompletableFuture<Void>> check) {
        this.check = check;
    }

    /**
     * Checks the rights.
     *
     * @throws JobQueueStartException when some are missing
     */
    void start() {
        int current = nextEra();
        CompletableFuture<Void> checked = check.get();
        try {
            checked.get(MAX_WAIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException ex) {
            if (cause(ex) instanceof MissingRightsException missing) {
                throw new JobQueueStartException(description(missing), action(missing));
            }
            ended(cause(ex), current);
        } catch (TimeoutException ex) {
            endsLater(checked, current);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the attempts of a start that found Redis away. */
    void stop() {
        nextEra();
    }

    private synchronized int nextEra() {
        era++;
        return era;
    }

    private synchronized boolean isCurrent(int number) {
        return era == number;
    }

    private void endsLater(CompletableFuture<Void> checked, int current) {
        var unused = checked.whenComplete((done, failure) -> {
            if (failure != null) {
                ended(cause(failure), current);
            }
        });
    }

    private void ended(Throwable failure, int current) {
        if (!isCurrent(current)) {
            return;
        }
        if (failure instanceof MissingRightsException missing) {
            log.error("{} {}", description(missing), action(missing).replace(System.lineSeparator(), " "));
        } else if (failure instanceof RedisUnavailableException) {
            CompletableFuture.delayedExecutor(PAUSE_WHILE_AWAY.toMillis(), TimeUnit.MILLISECONDS)
                    .execute(() -> again(current));
        } else {
            log.warn("The rights of the Redis user could not be checked: {}", String.valueOf(failure.getMessage()));
        }
    }

    private void again(int current) {
        if (isCurrent(current)) {
            endsLater(check.get(), current);
        }
    }

    private static Throwable cause(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof ExecutionException || cause instanceof CompletionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static String description(MissingRightsException missing) {
        return "The Redis user lacks rights that the job queue needs: %s. Redis said: %s."
                .formatted(String.join(" ", missing.missing()), missing.said());
    }

    private static String action(MissingRightsException missing) {
        return missing.remedy() + System.lineSeparator()
                + "'jobqueue.check-rights=false' starts the application all the same; jobs may then get stuck or lost.";
    }
}
