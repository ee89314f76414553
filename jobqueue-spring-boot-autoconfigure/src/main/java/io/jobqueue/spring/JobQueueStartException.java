package io.jobqueue.spring;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The application cannot start with its handlers, properties or connection. The message describes the problem, and
 * {@link #action()} describes the remedy. Spring Boot prints both instead of the stack trace.
 *
 * @since 0.1.0
 */
public final class JobQueueStartException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String action;

    /**
     * Creates the exception.
     *
     * @param description the problem, in sentences
     * @param action the remedy, in sentences
     */
    public JobQueueStartException(String description, String action) {
        super(description);
        this.action = action;
    }

    /** Combines several problems into one exception. */
    static JobQueueStartException of(List<JobQueueStartException> problems) {
        if (problems.size() == 1) {
            return problems.get(0);
        }
        String newLine = System.lineSeparator();
        return new JobQueueStartException(
                problems.stream().map(Throwable::getMessage).collect(Collectors.joining(newLine + newLine)),
                problems.stream().map(JobQueueStartException::action).distinct().collect(Collectors.joining(newLine)));
    }

    /** The remedy, in sentences. */
    public String action() {
        return action;
    }
}
