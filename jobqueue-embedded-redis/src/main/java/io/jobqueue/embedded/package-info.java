/** A real redis-server on a free loopback port, for the sample, the tests and the benchmarks. */
@NullMarked
package io.jobqueue.embedded;

import org.jspecify.annotations.NullMarked;
