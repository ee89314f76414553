package io.jobqueue.redis;

import io.jobqueue.JobEvent;
import io.jobqueue.JobEvent.Damage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Collects the decisions of one audit round for {@code upkeep/repair.lua}: repairs, and suspicions to remember or to
 * forget. Not thread-safe; the steps of a round do not overlap.
 */
final class Decisions {

    /** How many repairs, and how many suspicions, one call carries. */
    private static final int CALL = 100;

    private final Deque<Decided> repairs = new ArrayDeque<>();
    private final Set<String> remember = new LinkedHashSet<>();
    private final Set<String> forget = new LinkedHashSet<>();
    private final Map<Damage, List<String>> repaired = new EnumMap<>(Damage.class);
    private long dropped;
    private boolean damage;

    /** A repair, and the suspicion that it confirms, empty when it needed no confirmation. */
    private record Decided(Repair repair, String suspicion) {}

    /** Takes what was found at first sight. */
    void first(List<Finding> findings) {
        for (Finding finding : findings) {
            if (finding.suspicion() != null) {
                remember.add(finding.suspicion().text());
            } else if (finding.repair() != null) {
                repairs.add(new Decided(finding.repair(), ""));
            }
        }
    }

    /** Takes what was found when a suspicion was looked at again; returns whether that decides it. */
    boolean again(String suspicion, Finding finding) {
        if (finding.repair() != null) {
            repairs.add(new Decided(finding.repair(), suspicion));
        } else if (finding.isSound()) {
            forget.add(suspicion);
        } else {
            return false;
        }
        return true;
    }

    /** Looks at a suspicion again after another lease. */
    void postpone(String suspicion) {
        forget.add(suspicion);
        remember.add(suspicion);
    }

    boolean isEmpty() {
        return repairs.isEmpty() && remember.isEmpty() && forget.isEmpty();
    }

    /**
     * The arguments of the next call, without those that all calls have in common. What they carry is out of here then.
     */
    Call next() {
        List<String> forgotten = take(forget);
        List<String> remembered = forget.isEmpty() ? take(remember) : List.of(); // or else it would be forgotten again
        List<String> args = new ArrayList<>();
        args.add(Integer.toString(forgotten.size()));
        args.add(Integer.toString(remembered.size()));
        args.addAll(forgotten);
        args.addAll(remembered);
        List<Decided> carried = new ArrayList<>();
        while (carried.size() < CALL && !repairs.isEmpty()) {
            Decided next = repairs.remove();
            carried.add(next);
            addTo(args, next);
        }
        return new Call(args, carried);
    }

    private static List<String> take(Set<String> all) {
        List<String> some = all.stream().limit(CALL).toList();
        some.forEach(all::remove);
        return some;
    }

    private static void addTo(List<String> args, Decided decided) {
        Repair repair = decided.repair();
        args.add(repair.damage() == null ? "" : repair.damage().name());
        args.add(repair.act().name().toLowerCase(Locale.ROOT));
        args.add(repair.place() == null ? "-" : repair.place().key());
        args.add(repair.id());
        args.add(repair.state());
        args.add(decided.suspicion());
        args.add(Integer.toString(repair.fields().size()));
        args.addAll(repair.fields());
    }

    /** The events of what was repaired. */
    List<JobEvent> events(String queue) {
        Events events = new Events(queue);
        repaired.forEach(events::repaired);
        events.deadLettersDropped(dropped);
        return events.all();
    }

    /** Whether there was anything to repair, so that there may be more. */
    boolean foundDamage() {
        return damage;
    }

    /** One call of the script. */
    final class Call {

        private final List<String> args;
        private final List<Decided> carried;

        private Call(List<String> args, List<Decided> carried) {
            this.args = args;
            this.carried = carried;
        }

        List<String> args() {
            return args;
        }

        /**
         * Hears how the call ended.
         *
         * @param letters a letter for each repair
         * @param deadLetters how many dead letters were deleted
         */
        void ended(String letters, long deadLetters) {
            dropped += deadLetters;
            for (int i = 0; i < carried.size(); i++) {
                Decided decided = carried.get(i);
                if (letters.charAt(i) == 'L') {
                    repairs.add(decided);
                } else if (letters.charAt(i) == 'D') {
                    damage = true;
                    if (decided.repair().damage() != null) {
                        repaired.computeIfAbsent(decided.repair().damage(), any -> new ArrayList<>())
                                .add(decided.repair().id());
                    }
                }
            }
        }
    }
}
