package io.jobqueue.redis;

import io.jobqueue.JobEvent.Damage;
import io.jobqueue.QueueSettings;
import io.jobqueue.Retention;
import io.jobqueue.redis.AuditedJob.Presence;
import io.jobqueue.redis.Repair.Act;
import io.jobqueue.redis.Suspicion.Look;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides which jobs are damaged, and how to repair each of them. The decision depends only on the state of Redis at
 * one instant.
 *
 * <h2>Rules</h2>
 *
 * <ul>
 *   <li>If a job's status agrees with one list that contains it, every other list is wrong. If the status agrees with
 *       no list, the list decides.
 *   <li>The sweep is responsible for {@code processing}. The audit only passes jobs to it: claimed jobs, and ids whose
 *       job is gone.
 *   <li>A state that a guide client may leave between two of its steps is only a {@link Suspicion}.
 *   <li>A job counts as missing from a list only after the whole list was read. Until then the finding has no repair.
 * </ul>
 */
final class AuditJudge {

    private static final Pattern LEASE = Pattern.compile(".*:(\\d+):\\d+");
    private static final Pattern DIGITS = Pattern.compile("\\d+");

    /** Counters of a job that waits, and what takes the place of one that is no number; empty removes it. */
    private static final Map<String, String> COUNTERS =
            Map.of("attempts", "0", "crashes", "0", "max_attempts", "", "fence", "");

    /** The same for its times. */
    private static final Map<String, String> TIMES =
            Map.of("claimed_at_ms", "0", "due_at_ms", "", "reclaimed_at_ms", "", "last_error_at_ms", "");

    private final QueueSettings settings;
    private final QueueLook queue;

    /**
     * Makes a judge of what one look at a queue brought.
     *
     * @param settings the settings of the queue
     * @param queue the queue at the instant of the look
     */
    AuditJudge(QueueSettings settings, QueueLook queue) {
        this.settings = settings;
        this.queue = queue;
    }

    /** Judges an id that was found in a place. */
    List<Finding> inPlace(Place place, AuditedJob job) {
        Optional<Finding> mend = !job.hasEnded() || job.home() == place ? mend(job) : Optional.empty();
        return Stream.of(mend, Optional.of(doubled(place, job)), Optional.of(listed(place, job)))
                .flatMap(Optional::stream)
                .filter(finding -> !finding.isSound())
                .toList();
    }

    /** Judges a job that was found by its key. */
    List<Finding> byKey(AuditedJob job) {
        Place home = job.home();
        boolean seemsRight = home != null && job.in(home) == Presence.UNKNOWN && seemsAtHome(home, job);
        Finding nowhere = seemsRight ? Finding.SOUND : nowhere(job);
        boolean mayBeAtHome = home != null && job.in(home) != Presence.NOT_HERE;
        return Stream.of(mayBeAtHome || !job.hasEnded() ? mend(job) : Optional.<Finding>empty(), Optional.of(nowhere))
                .flatMap(Optional::stream)
                .filter(finding -> !finding.isSound())
                .toList();
    }

    /** Judges a delayed job whose score in {@code delayed} is not a valid time. */
    Finding withoutDueTime(AuditedJob job) {
        return Finding.damaged(Repair.of(Damage.FIELDS, Act.RESCHEDULE, Place.DELAYED, job));
    }

    /** Judges the job of a suspicion again. */
    Finding again(Suspicion suspicion, AuditedJob job) {
        Place place = suspicion.place();
        Finding finding =
                switch (suspicion.look()) {
                    case LISTED ->
                        place == null || job.in(place) == Presence.NOT_HERE ? Finding.SOUND : listed(place, job);
                    case DOUBLED -> place == null ? Finding.SOUND : doubledAgain(place, job);
                    case NOWHERE -> nowhere(job);
                };
        return finding.suspicion() == null || finding.suspicion().equals(suspicion) ? finding : Finding.SOUND;
    }

    /** Whether the id in a list is its job's. */
    private Finding listed(Place place, AuditedJob job) {
        Place home = job.home();
        if (place == Place.PROCESSING) {
            return Finding.SOUND;
        } else if (place.isHistory() && !job.exists()) {
            return Finding.damaged(Repair.of(Damage.HISTORY, Act.TAKE_OUT, place, job));
        }
        Suspicion suspicion = new Suspicion(Look.LISTED, place, job.state(), job.id());
        if (!place.isHistory() && !job.payload() && !job.hasEnded()) {
            return Finding.suspicious(suspicion, Repair.of(null, Act.HAND_OVER, place, job));
        } else if (home == place) {
            return Finding.SOUND;
        }
        Presence atHome = home == null ? Presence.NOT_HERE : job.in(home);
        if (home == Place.PROCESSING && !job.text("claim_token").isEmpty()) {
            return Finding.suspicious(suspicion, Repair.of(Damage.MISPLACED, Act.HAND_OVER, place, job));
        } else if (atHome == Presence.HERE) {
            return Finding.suspicious(suspicion, Repair.of(Damage.MISPLACED, Act.TAKE_OUT, place, job));
        } else if (job.hasEnded() && !place.isHistory() && (job.expires() || job.isCancelledInPending())) {
            return Finding.SOUND; // it ended where it waited; the claim that comes to it passes it over
        } else if (atHome == Presence.UNKNOWN) {
            return Finding.unproven(suspicion);
        }
        return Finding.suspicious(suspicion, Repair.of(Damage.STATUS, Act.FOLLOW_PLACE, place, job));
    }

    /** Whether an id is in a list more than once. */
    private Finding doubled(Place place, AuditedJob job) {
        return job.copies().getOrDefault(place, 0) > 1
                ? Finding.suspicious(
                        new Suspicion(Look.DOUBLED, place, job.state(), job.id()),
                        Repair.of(Damage.DOUBLED, Act.TAKE_OUT_COPIES, place, job))
                : Finding.SOUND;
    }

    /** The same for a list that is too long to be read at once: the repair counts for itself. */
    private Finding doubledAgain(Place place, AuditedJob job) {
        return doubled(place, job.in(place) == Presence.UNKNOWN ? job.withCopies(Map.of(place, 2)) : job);
    }

    /** Whether a job is in no list. */
    private Finding nowhere(AuditedJob job) {
        if (!job.exists() || Stream.of(Place.values()).anyMatch(place -> job.in(place) == Presence.HERE)) {
            return Finding.SOUND; // the walk over the list sees to the rest
        } else if (job.hasEnded() && job.expires()) {
            return Finding.SOUND; // a guide client's, which is gone by itself
        }
        Suspicion suspicion = new Suspicion(Look.NOWHERE, null, job.state(), job.id());
        if (Stream.of(Place.values()).anyMatch(place -> job.in(place) == Presence.UNKNOWN)) {
            return Finding.unproven(suspicion);
        } else if (job.hasEnded()) {
            return Finding.damaged(Repair.of(Damage.TRIMMED, actOnTrimmed(job), historyOf(job), job));
        } else if (job.payload()) {
            Act act = job.home() == Place.PROCESSING ? Act.HAND_OVER : Act.LIST;
            return Finding.suspicious(suspicion, Repair.of(Damage.UNLISTED, act, null, job));
        } else if (job.home() != null && job.field("id") != null) {
            return Finding.suspicious(suspicion, Repair.of(null, Act.HAND_OVER, null, job));
        }
        return Finding.suspicious(suspicion, Repair.of(Damage.REMAINS, Act.DELETE, null, job));
    }

    private Act actOnTrimmed(AuditedJob job) {
        if (job.isCancelledInPending()) {
            return Act.LET_EXPIRE;
        }
        Place history = historyOf(job);
        Retention retention = history == Place.COMPLETED
                ? settings.retention().completed()
                : settings.retention().failed();
        boolean isKept = job.payload()
                && queue.length(history) < retention.kept()
                && queue.now() - job.endedAt(queue.now()) <= retention.age().toMillis();
        return isKept ? Act.PUT_BACK : Act.DELETE;
    }

    private static Place historyOf(AuditedJob job) {
        return "completed".equals(job.field("status")) ? Place.COMPLETED : Place.FAILED;
    }

    /**
     * A time to live on a job that has not ended, and values that should be numbers. No step of any client leaves these
     * behind, so they are mended at once, except for the values of a job that is claimed.
     */
    private Optional<Finding> mend(AuditedJob job) {
        if (!job.exists() || job.home() == null) {
            return Optional.empty();
        }
        boolean expiring = !job.hasEnded() && job.expires();
        List<String> fields = new ArrayList<>();
        if (job.home() != Place.PROCESSING && !job.hasEnded()) {
            COUNTERS.forEach((name, value) -> mendIf(isNoCounter(job.field(name)), name, value, fields));
            TIMES.forEach((name, value) -> mendIf(isNoTime(job.field(name)), name, value, fields));
            mendIf(isNoTime(job.field("enqueued_at_ms")), "enqueued_at_ms", Long.toString(queue.now()), fields);
            mendIf(job.payload() && !job.id().equals(job.field("id")), "id", job.id(), fields);
        } else if (job.hasEnded()) {
            // without it, the age of the job would never pass
            mendIf(job.endedAt(-1) < 0, job.endedAtField(), Long.toString(queue.now()), fields);
        }
        if (!expiring && fields.isEmpty()) {
            return Optional.empty();
        }
        Damage damage = expiring ? Damage.EXPIRING : Damage.FIELDS;
        return Optional.of(Finding.damaged(new Repair(damage, Act.MEND, job.home(), job.id(), job.state(), fields)));
    }

    private static void mendIf(boolean broken, String name, String value, List<String> fields) {
        if (broken) {
            fields.add(name);
            fields.add(value);
        }
    }

    private static boolean isNoCounter(@Nullable String value) {
        return value != null && !(DIGITS.matcher(value).matches() && AuditedJob.parse(value, -1) >= 0);
    }

    private static boolean isNoTime(@Nullable String value) {
        return value != null && AuditedJob.parse(value, -1) < 0;
    }

    /**
     * Whether a job probably stands in a list that is too long to be read at once: its turn has not come, its claim is
     * good, or the history still holds older jobs. Saves a walk over the list for jobs that are all right; proves
     * nothing.
     */
    private boolean seemsAtHome(Place home, AuditedJob job) {
        long lease = settings.lease().visibilityTimeout().toMillis();
        if (home == Place.PROCESSING) {
            Matcher promised = LEASE.matcher(job.text("lease"));
            long until = promised.matches() ? AuditedJob.parse(promised.group(1), 0) : 0;
            return queue.now() <= Math.max(until, job.number("claimed_at_ms", 0) + lease);
        }
        List<AuditedJob> next = queue.next(home);
        return home.isHistory()
                ? next.stream().allMatch(oldest -> job.endedAt(queue.now()) >= oldest.endedAt(0))
                : next.stream().anyMatch(other -> joinedAt(job) + lease >= joinedAt(other));
    }

    /** When a job joined {@code pending} at the back, as far as it says so. */
    private static long joinedAt(AuditedJob job) {
        return Math.max(
                job.number("enqueued_at_ms", 0),
                Math.max(job.number("due_at_ms", 0), job.number("last_error_at_ms", 0)));
    }
}
