package io.jobqueue.redis;

/** The part of a list that a caller asks for, limited to the largest page. */
record Page(long offset, int limit) {

    private static final int LARGEST = 200;

    Page {
        if (offset < 0) {
            throw new IllegalArgumentException("offset must not be negative, was " + offset);
        }
        if (limit < 1 || limit > LARGEST) {
            throw new IllegalArgumentException("limit must be from 1 to %s, was %s".formatted(LARGEST, limit));
        }
    }

    /** The index of the last entry. */
    long last() {
        return offset + limit - 1;
    }
}
