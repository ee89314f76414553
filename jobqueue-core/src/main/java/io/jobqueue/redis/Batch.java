package io.jobqueue.redis;

import java.util.ArrayList;
import java.util.List;

/**
 * The items of one call, limited by count and by bytes. An empty batch accepts an item of any size, so that every item is
 * sent in the end.
 */
final class Batch<T> {

    /** How many jobs one call makes at most. */
    static final int MOST_JOBS = 200;

    /** About how many bytes of payload and headers one call that makes jobs carries. */
    static final int MOST_JOB_BYTES = 1024 * 1024;

    private final int mostItems;
    private final int mostBytes;
    private final List<T> items = new ArrayList<>();
    private int count;
    private long bytes;

    Batch(int mostItems, int mostBytes) {
        this.mostItems = mostItems;
        this.mostBytes = mostBytes;
    }

    /** A batch for one call that makes jobs. */
    static <T> Batch<T> ofJobs() {
        return new Batch<>(MOST_JOBS, MOST_JOB_BYTES);
    }

    /**
     * Puts an item into the batch, if it fits.
     *
     * @param size how many items it counts for
     * @return whether it fitted
     */
    boolean add(T item, int size, int itemBytes) {
        boolean fits = count + size <= mostItems && bytes + itemBytes <= mostBytes;
        if (!fits && !items.isEmpty()) {
            return false;
        }
        items.add(item);
        count += size;
        bytes += itemBytes;
        return true;
    }

    /** Whether the batch holds as many items as it may. */
    boolean isFull() {
        return count >= mostItems;
    }

    boolean isEmpty() {
        return items.isEmpty();
    }

    List<T> items() {
        return items;
    }
}
