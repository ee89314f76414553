/**
 * The engine: it claims jobs, runs their handlers and settles the attempts. It has threads but does not know Redis,
 * which it reaches through {@link io.jobqueue.worker.JobStore}.
 */
@NullMarked
package io.jobqueue.worker;

import org.jspecify.annotations.NullMarked;
