package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The walk over a list that others change meanwhile finds every id that stays in the list, or reports that it broke.
 */
class ListWalkTests {

    private static final int LENGTH = 20_000;

    /** From head to tail, as LRANGE returns it. */
    private final List<String> list = new ArrayList<>(ids("old", LENGTH));

    private int pushed;

    private static List<String> ids(String name, int count) {
        return IntStream.range(0, count).mapToObj(i -> name + "-" + i).toList();
    }

    private void walk(ListWalk walk, Runnable between) {
        while (!walk.isOver()) {
            int from = (int) Math.min(walk.from(), list.size());
            int to = (int) Math.min(walk.to() + 1, list.size());
            walk.read(List.copyOf(list.subList(from, to)));
            between.run();
        }
    }

    private void pushAtHead(int count) {
        list.addAll(0, ids("new" + pushed++, count));
    }

    private void pushAtTail(int count) {
        list.addAll(ids("back" + pushed++, count));
    }

    private void popAtTail(int count) {
        list.subList(Math.max(0, list.size() - count), list.size()).clear();
    }

    @Test
    void findsTheIdsItLooksForAndNoOthers() {
        ListWalk walk = new ListWalk(Set.of("old-0", "old-999", "old-1000", "old-19999", "gone"));

        walk(walk, () -> {});

        assertThat(walk.isBroken()).isFalse();
        assertThat(walk.met()).containsExactlyInAnyOrder("old-0", "old-999", "old-1000", "old-19999");
    }

    @Test
    void endsWithTheFirstPageOfAnEmptyList() {
        list.clear();
        ListWalk walk = new ListWalk(Set.of("one"));

        walk(walk, () -> {});

        assertThat(walk.isBroken()).isFalse();
        assertThat(walk.met()).isEmpty();
    }

    @Test
    void goesOnWhenProducersPushMoreThanAPageBetweenTwoPages() {
        ListWalk walk = new ListWalk(new HashSet<>(list));

        walk(walk, () -> pushAtHead(pushed < 10 ? 2500 : 0));

        assertThat(walk.isBroken()).isFalse();
        assertThat(walk.met()).hasSize(LENGTH);
    }

    @Test
    void goesOnWhenWorkersTakeFromTheTailAndGiveBackToIt() {
        ListWalk walk = new ListWalk(new HashSet<>(list.subList(0, LENGTH / 2)));

        walk(walk, () -> {
            popAtTail(pushed < 10 ? 300 : 0);
            pushAtTail(pushed < 10 ? 100 : 0);
        });

        assertThat(walk.isBroken()).isFalse();
        assertThat(walk.met()).hasSize(LENGTH / 2);
    }

    @Test
    void breaksWhenMoreIsRemovedBeforeItThanPagesOverlap() {
        ListWalk walk = new ListWalk(new HashSet<>(list));

        walk(walk, () -> {
            if (list.size() == LENGTH) {
                list.subList(0, 500).clear();
            }
        });

        assertThat(walk.isBroken()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 50, 200, 1000})
    void neverPassesOverAnIdThatStayed(int violence) {
        int whole = 0;
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            list.clear();
            list.addAll(ids("old", 4000));
            Set<String> stayed = new HashSet<>(list);
            ListWalk walk = new ListWalk(Set.copyOf(list));

            walk(walk, () -> {
                if (list.size() < 20_000) {
                    pushAtHead(random.nextInt(violence));
                }
                pushAtTail(random.nextInt(violence));
                popAtTail(random.nextInt(2 * violence));
                for (int i = random.nextInt(violence); i > 0 && !list.isEmpty(); i--) {
                    list.remove(random.nextInt(list.size()));
                }
                stayed.retainAll(new HashSet<>(list));
            });

            if (!walk.isBroken()) {
                whole++;
                assertThat(walk.met()).as("seed %d", seed).containsAll(stayed);
            }
        }
        assertThat(whole).isGreaterThan(violence <= 50 ? 30 : 0);
    }
}
