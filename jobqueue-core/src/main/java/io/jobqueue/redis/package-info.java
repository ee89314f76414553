/** The only package that knows Lettuce, key names and Lua: the queue, its transitions and the output cache on Redis. */
@NullMarked
package io.jobqueue.redis;

import org.jspecify.annotations.NullMarked;
