/** What Spring Boot's production features see of the queue. */
@NullMarked
package io.jobqueue.spring.actuate;

import org.jspecify.annotations.NullMarked;
