package io.jobqueue.spring;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Prints a {@link JobQueueStartException} instead of its stack trace. */
final class JobQueueStartFailureAnalyzer extends AbstractFailureAnalyzer<JobQueueStartException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, JobQueueStartException cause) {
        return new FailureAnalysis(cause.getMessage(), cause.action(), cause);
    }
}
