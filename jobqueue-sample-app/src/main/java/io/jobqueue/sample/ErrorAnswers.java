package io.jobqueue.sample;

import io.jobqueue.AwaitTimeoutException;
import io.jobqueue.EnqueueRefusedException;
import io.jobqueue.EnqueueUncertainException;
import io.jobqueue.JobFailedException;
import io.jobqueue.RedisUnavailableException;
import io.lettuce.core.RedisException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.servlet.resource.NoResourceFoundException;

/** Answers every failure with {@code {"error": reason}}, on every route. */
@RestControllerAdvice
final class ErrorAnswers {

    private static final Logger log = LoggerFactory.getLogger(ErrorAnswers.class);

    record ErrorBody(@Nullable String error) {}

    static ResponseEntity<ErrorBody> error(HttpStatus status, @Nullable String reason) {
        return ResponseEntity.status(status).body(new ErrorBody(reason));
    }

    @ExceptionHandler
    ResponseEntity<ErrorBody> refused(RefusedException ex) {
        return error(HttpStatus.BAD_REQUEST, ex.getMessage());
    }

    @ExceptionHandler
    ResponseEntity<ErrorBody> unknown(NoResourceFoundException ex) {
        return error(HttpStatus.NOT_FOUND, "Not Found");
    }

    @ExceptionHandler
    ResponseEntity<ErrorBody> wrongMethod(HttpRequestMethodNotSupportedException ex) {
        HttpHeaders headers = ex.getHeaders();
        return ResponseEntity.status(HttpStatus.METHOD_NOT_ALLOWED)
                .headers(headers)
                .body(new ErrorBody("Method Not Allowed"));
    }

    @ExceptionHandler
    ResponseEntity<ErrorBody> notEnqueued(EnqueueRefusedException ex) {
        return error(HttpStatus.SERVICE_UNAVAILABLE, "Redis refused the jobs: none was enqueued");
    }

    @ExceptionHandler
    ResponseEntity<ErrorBody> jobFailed(JobFailedException ex) {
        return error(HttpStatus.UNPROCESSABLE_CONTENT, ex.reason().words());
    }

    @ExceptionHandler
    ResponseEntity<ErrorBody> jobNotEnded(AwaitTimeoutException ex) {
        return error(HttpStatus.GATEWAY_TIMEOUT, ex.getMessage());
    }

    @ExceptionHandler
    ResponseEntity<ErrorBody> perhapsEnqueued(EnqueueUncertainException ex) {
        return error(HttpStatus.SERVICE_UNAVAILABLE, "Redis did not answer: the jobs may have been enqueued or not");
    }

    @ExceptionHandler({RedisUnavailableException.class, RedisException.class})
    ResponseEntity<ErrorBody> away(RuntimeException ex) {
        log.debug("A request could not be served", ex);
        return error(HttpStatus.SERVICE_UNAVAILABLE, "Redis does not answer");
    }
}
