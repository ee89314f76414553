/**
 * The public API: a {@link io.jobqueue.JobQueue} of jobs, the {@link io.jobqueue.Claim} on one of them, and the
 * {@link io.jobqueue.WorkOutputCache} for their outputs.
 *
 * <p>Nothing in this package depends on Redis or on threads.
 */
@NullMarked
package io.jobqueue;

import org.jspecify.annotations.NullMarked;
