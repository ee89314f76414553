/** How fast the queue is: measured beside the ceiling of Redis, and beside other queues, in one run. */
@NullMarked
package io.jobqueue.benchmarks;

import org.jspecify.annotations.NullMarked;
