package io.jobqueue.redis;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Searches all lists of a queue for some ids. It reads {@code pending} before {@code processing}, because a guide
 * client moves a job in that direction without a change to the hash. Reads every list from head to tail, a page a
 * command.
 */
final class ListSearch {

    private static final List<Place> LISTS = List.of(Place.PENDING, Place.PROCESSING, Place.COMPLETED, Place.FAILED);

    /** How often a walk is repeated that {@linkplain ListWalk#isBroken() broke}. */
    private static final int TRIES = 3;

    private final QueueRedis redis;
    private final Set<String> sought;
    private final Map<Place, Set<String>> met = new EnumMap<>(Place.class);

    /** Makes a search that has not begun. */
    ListSearch(QueueRedis redis, Set<String> sought) {
        this.redis = redis;
        this.sought = Set.copyOf(sought);
    }

    /**
     * Searches.
     *
     * @return the ids that each list contains; empty when a list changed too much to be read as a whole
     */
    CompletableFuture<Optional<Map<Place, Set<String>>>> begin() {
        return search(0);
    }

    private CompletableFuture<Optional<Map<Place, Set<String>>>> search(int list) {
        if (list == LISTS.size()) {
            return CompletableFuture.completedFuture(Optional.of(met));
        }
        Place place = LISTS.get(list);
        return walk(place, new ListWalk(sought), 1).thenCompose(walk -> {
            if (walk.isBroken()) {
                return CompletableFuture.completedFuture(Optional.empty());
            }
            met.put(place, walk.met());
            return search(list + 1);
        });
    }

    private CompletableFuture<ListWalk> walk(Place place, ListWalk walk, int tries) {
        String key = redis.keys().of(place);
        return redis.<List<String>>read(key, commands -> commands.lrange(key, walk.from(), walk.to()))
                .thenCompose(page -> {
                    walk.read(page);
                    if (walk.isBroken() && tries < TRIES) {
                        return walk(place, new ListWalk(sought), tries + 1);
                    }
                    return walk.isOver() ? CompletableFuture.completedFuture(walk) : walk(place, walk, tries);
                });
    }
}
