package io.jobqueue.mutation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The mutants that no directed test kills, and why. The file says for each
 *
 * <pre>
 * # road/claim
 * - if bytes &gt;= BYTES then
 * + if bytes &gt; BYTES then
 * = equivalent: nobody counts the last byte
 * </pre>
 *
 * <p>A reason stands for all pairs in front of it up to the reason before. It begins with {@code equivalent:} when no user and
 * no other script can tell the mutant from the original; any other survivor counts against the score of its file.
 */
final class Survivors {

    private static final String EQUIVALENT = "equivalent: ";

    private final Map<Key, String> reasons = new LinkedHashMap<>();

    /** A mutant by what it changes. */
    record Key(String file, String before, String after) {
        @Override
        public String toString() {
            return "- " + before + "\n+ " + after;
        }
    }

    static Survivors parse(String text) {
        Survivors survivors = new Survivors();
        List<Key> open = new ArrayList<>();
        String file = "";
        String before = "";
        for (String line : text.lines().filter(each -> !each.isBlank()).toList()) {
            String words = line.substring(1).strip();
            switch (line.charAt(0)) {
                case '#' -> file = words;
                case '-' -> before = words;
                case '+' -> open.add(new Key(file, before, words));
                case '=' -> {
                    open.forEach(key -> survivors.reasons.put(key, words));
                    open.clear();
                }
                case ';' -> {} // a comment
                default ->
                    throw new IllegalArgumentException(
                            "a line about survivors begins with one of # - + = ; but this is: " + line);
            }
        }
        if (!open.isEmpty()) {
            throw new IllegalArgumentException("no reason stands behind " + open);
        }
        return survivors;
    }

    /** Why a mutant survives; {@code null} when nobody said. */
    @Nullable
    String reason(Mutant mutant) {
        return reasons.get(mutant.key());
    }

    boolean isEquivalent(Mutant mutant) {
        String reason = reason(mutant);
        return reason != null && reason.startsWith(EQUIVALENT);
    }
}
