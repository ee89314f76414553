/** A census of jar files: distributed work on real input, driven through the starter only. */
@NullMarked
package io.jobqueue.sample;

import org.jspecify.annotations.NullMarked;
