package io.jobqueue.redis;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads a list from head to tail, a page at a time, while clients push and pop, and finds which of some ids it
 * contains. The walk meets every id that was in the list the whole time. So an id that the walk did not meet, and whose
 * job did not change meanwhile, is not in the list. The walk remembers only the ids that it looks for, never the list.
 *
 * <h2>Why the walk misses no id</h2>
 *
 * The order of the ids that stay never changes. So the walk only has to know that two pages join: each page must
 * contain the last two ids of the page before it, the <em>seam</em>. Pushes at the head move the seam away from the
 * head; the walk goes on until it meets it. Removals before the seam move it towards the head; pages overlap a little
 * for that. When the end of the list comes before the seam, an id may have been passed over and the walk
 * {@linkplain #isBroken() is broken}.
 */
final class ListWalk {

    private static final int PAGE = 1000;
    private static final int OVERLAP = 100;

    /** A list that grows faster than this walk reads it must not hold it up for ever. */
    private static final int MOST_PAGES = 50_000;

    private final Set<String> sought;
    private final Set<String> met = new HashSet<>();

    private List<String> seam = List.of();
    private long from;
    private int pages;
    private boolean over;
    private boolean broken;

    /** Makes a walk that looks for some ids. */
    ListWalk(Set<String> sought) {
        this.sought = sought;
    }

    /** The index of the first id of the next page, from the head. */
    long from() {
        return from;
    }

    /** The index of the last id of the next page. */
    long to() {
        return from + PAGE - 1;
    }

    /** Takes the ids at the indexes from {@link #from()} to {@link #to()}, fewer at the end of the list. */
    void read(List<String> page) {
        pages++;
        page.stream().filter(sought::contains).forEach(met::add);
        boolean joined = seam.isEmpty() || contains(page, seam);
        if (page.size() < PAGE) {
            over = true;
            broken = !joined;
        } else if (pages >= MOST_PAGES) {
            over = true;
            broken = true;
        } else if (joined) {
            seam = List.copyOf(page.subList(PAGE - 2, PAGE));
        }
        from += PAGE - OVERLAP;
    }

    private static boolean contains(List<String> page, List<String> seam) {
        for (int at = 1; at < page.size(); at++) {
            if (page.get(at).equals(seam.get(1)) && page.get(at - 1).equals(seam.get(0))) {
                return true;
            }
        }
        return false;
    }

    /** Whether there is no further page. */
    boolean isOver() {
        return over;
    }

    /** Whether ids may have been passed over, so that what was not met proves nothing. */
    boolean isBroken() {
        return broken;
    }

    /** The ids that were met so far. */
    Set<String> met() {
        return Set.copyOf(met);
    }
}
