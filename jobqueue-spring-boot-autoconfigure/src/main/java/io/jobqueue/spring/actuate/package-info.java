/** Integrates the queue into Spring Boot's production features: health and metrics. */
@NullMarked
package io.jobqueue.spring.actuate;

import org.jspecify.annotations.NullMarked;
