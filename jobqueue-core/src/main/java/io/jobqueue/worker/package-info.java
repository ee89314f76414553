/**
 * The engine: it claims jobs, runs their handlers and settles what they did, for one queue at a time. It knows threads
 * and no Redis; the {@link io.jobqueue.worker.JobStore} is the seam.
 */
@NullMarked
package io.jobqueue.worker;

import org.jspecify.annotations.NullMarked;
