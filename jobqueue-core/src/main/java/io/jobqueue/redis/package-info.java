/** The queue on Redis. Only this package knows Lettuce, the names of keys, and Lua. */
@NullMarked
package io.jobqueue.redis;

import org.jspecify.annotations.NullMarked;
