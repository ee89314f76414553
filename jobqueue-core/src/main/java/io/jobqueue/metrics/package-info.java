/** Counters, timers and gauges of the queue for Micrometer, which is an optional dependency. */
@NullMarked
package io.jobqueue.metrics;

import org.jspecify.annotations.NullMarked;
