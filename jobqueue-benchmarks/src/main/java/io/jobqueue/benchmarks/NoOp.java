package io.jobqueue.benchmarks;

import io.jobqueue.JobCodec;
import io.jobqueue.JobKind;

/**
 * The job that is measured: nothing to do, about 100 bytes as it stands in Redis.
 *
 * @param number tells the jobs of one measurement apart, from 0
 * @param text what makes it about 100 bytes
 */
@JobKind(NoOp.KIND)
record NoOp(int number, String text) {

    static final String KIND = "noop";

    private static final String TEXT = "the quick brown fox jumps over the lazy dog, again and again";
    private static final JobCodec CODEC = JobCodec.standard();

    /** The job of a number. */
    static NoOp of(int number) {
        return new NoOp(number, TEXT);
    }

    /** The payload as the queue stores it. */
    String json() {
        return CODEC.payload(KIND, this, 1024);
    }
}
