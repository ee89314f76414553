/**
 * Redis services that the application is bound to. The binding is read before any bean exists and becomes
 * {@code spring.data.redis.*} properties. At the start, one log line names the Redis that the application uses. Nothing
 * in {@link io.jobqueue.spring} depends on this package.
 */
@NullMarked
package io.jobqueue.spring.binding;

import org.jspecify.annotations.NullMarked;
