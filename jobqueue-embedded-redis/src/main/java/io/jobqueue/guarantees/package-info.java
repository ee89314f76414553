/** The table of {@code docs/guarantees.md}: which test proves which promise. For tests only. */
@NullMarked
package io.jobqueue.guarantees;

import org.jspecify.annotations.NullMarked;
