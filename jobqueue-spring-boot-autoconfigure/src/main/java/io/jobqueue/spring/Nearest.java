package io.jobqueue.spring;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/**
 * Finds the name that a mistyped name most likely means. Only letters and digits count, without case. Two names are
 * near when a few letters are missing, additional, different or swapped: one in short names, two in names of eight
 * letters and more.
 */
final class Nearest {

    private static final int LONG_NAME = 8;

    private Nearest() {}

    /** The nearest of some names, if one is near. */
    static Optional<String> of(String name, Collection<String> names) {
        return names.stream()
                .filter(candidate -> isNear(name, candidate))
                .min(Comparator.<String>comparingInt(candidate -> distance(name, candidate))
                        .thenComparing(Comparator.naturalOrder()));
    }

    private static boolean isNear(String name, String candidate) {
        return distance(name, candidate) <= (letters(candidate).length() < LONG_NAME ? 1 : 2);
    }

    /** The number of letters that were added, left out, replaced or swapped with their neighbour. */
    static int distance(String one, String other) {
        String a = letters(one);
        String b = letters(other);
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                } else {
                    int replaced = cost[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                    cost[i][j] = Math.min(replaced, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
                    boolean swapped =
                            i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                    cost[i][j] = swapped ? Math.min(cost[i][j], cost[i - 2][j - 2] + 1) : cost[i][j];
                }
            }
        }
        return cost[a.length()][b.length()];
    }

    private static String letters(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}]", "");
    }
}
