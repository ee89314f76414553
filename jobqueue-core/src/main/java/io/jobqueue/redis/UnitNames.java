package io.jobqueue.redis;

import java.util.Locale;

/**
 * Remembers the units of one {@code start} or {@code add}, to find units with the same name but different payloads. A
 * unit needs 16 bytes here, so that a run of a million units needs 32 MB at most while it is started.
 *
 * <p>An open-addressing hash table with linear probing: the slot of a name is the first one after its hash that holds
 * the name or is empty. Not thread-safe.
 */
final class UnitNames {

    private static final int FIRST_CAPACITY = 64;

    // the three arrays belong together, slot by slot; a place of 0 marks an empty slot
    private long[] names = new long[FIRST_CAPACITY];
    private int[] payloads = new int[FIRST_CAPACITY];
    private int[] places = new int[FIRST_CAPACITY];

    private int size;
    private int place;

    /**
     * Adds the next unit.
     *
     * @throws IllegalArgumentException when an earlier unit has the same name and another payload
     */
    void add(String runId, String unitId, WrittenJob job) {
        place++;
        int earlier = earlierUnlike(nameOf(job), hash(job.payload()));
        if (earlier > 0) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "run '%s' has two units named '%s' with different payloads: the units %,d and %,d of this call; name units by something that no two of them share, for example the whole path of a file",
                    runId,
                    unitId,
                    earlier,
                    place));
        }
    }

    /** The first 64 bits of the job's id, which is a SHA-256 of the unit's name. */
    private static long nameOf(WrittenJob job) {
        return Long.parseUnsignedLong(job.id(), 0, 16, 16);
    }

    private int earlierUnlike(long name, int payload) {
        int slot = slotOf(name);
        if (places[slot] != 0) {
            return payloads[slot] == payload ? 0 : places[slot];
        }
        put(slot, name, payload, place);
        if (++size * 4L > names.length * 3L) {
            grow();
        }
        return 0;
    }

    private int slotOf(long name) {
        int slot = (int) name & names.length - 1;
        while (places[slot] != 0 && names[slot] != name) {
            slot = slot + 1 & names.length - 1;
        }
        return slot;
    }

    private void put(int slot, long name, int payload, int at) {
        names[slot] = name;
        payloads[slot] = payload;
        places[slot] = at;
    }

    private void grow() {
        long[] oldNames = names;
        int[] oldPayloads = payloads;
        int[] oldPlaces = places;
        names = new long[oldNames.length * 2];
        payloads = new int[names.length];
        places = new int[names.length];
        for (int i = 0; i < oldNames.length; i++) {
            if (oldPlaces[i] != 0) {
                put(slotOf(oldNames[i]), oldNames[i], oldPayloads[i], oldPlaces[i]);
            }
        }
    }

    /**
     * FNV-1a with 64 bits, folded. {@link String#hashCode()} is the same for texts that differ as {@code Aa} and
     * {@code BB}.
     */
    private static int hash(String text) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        }
        return (int) (hash ^ hash >>> 32);
    }
}
