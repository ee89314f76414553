package io.jobqueue.spring;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The application cannot start with the handlers, properties or connection that it has. Its analyzer prints what is
 * wrong and what to do about it.
 */
final class JobQueueStartException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String action;

    /**
     * Makes the exception.
     *
     * @param description what is wrong, in sentences
     * @param action what to do about it, in sentences
     */
    JobQueueStartException(String description, String action) {
        super(description);
        this.action = action;
    }

    /** One exception that says what several say. */
    static JobQueueStartException of(List<JobQueueStartException> problems) {
        if (problems.size() == 1) {
            return problems.get(0);
        }
        String newLine = System.lineSeparator();
        return new JobQueueStartException(
                problems.stream().map(Throwable::getMessage).collect(Collectors.joining(newLine + newLine)),
                problems.stream().map(JobQueueStartException::action).distinct().collect(Collectors.joining(newLine)));
    }

    String action() {
        return action;
    }
}
