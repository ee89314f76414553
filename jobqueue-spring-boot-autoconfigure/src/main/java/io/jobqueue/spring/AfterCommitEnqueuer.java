package io.jobqueue.spring;

import io.jobqueue.Enqueuer;
import io.jobqueue.JobRef;
import io.jobqueue.redis.RedisQueues;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Keeps the jobs that are enqueued inside a Spring transaction until the transaction ends: a commit sends them in their
 * order, a rollback drops them. Jobs outside of a transaction are sent at once. Thread-safe, because Spring binds a
 * transaction to one thread.
 */
final class AfterCommitEnqueuer implements Enqueuer {

    private static final Logger log = LoggerFactory.getLogger(AfterCommitEnqueuer.class);

    private final Enqueuer next;
    private final CommitStep step;
    private final DeferredJobs deferred;
    private final boolean byDefault;

    /**
     * Makes the enqueuer.
     *
     * @param step keeps the jobs until their transaction ends
     * @param deferred sends jobs that were enqueued when the transaction had already committed
     * @param byDefault whether jobs wait for the commit whose requests do not choose
     */
    AfterCommitEnqueuer(Enqueuer next, CommitStep step, DeferredJobs deferred, boolean byDefault) {
        this.next = next;
        this.step = step;
        this.deferred = deferred;
        this.byDefault = byDefault;
    }

    /** The step that puts this enqueuer in front of Redis. */
    static RedisQueues.Sending sending(CommitStep step, DeferredJobs deferred, boolean byDefault) {
        return new RedisQueues.Sending() {

            @Override
            public Enqueuer apply(Enqueuer next) {
                return new AfterCommitEnqueuer(next, step, deferred, byDefault);
            }

            @Override
            public void refuseToAwait(String queue, String id) {
                if (TransactionSynchronizationManager.isSynchronizationActive()
                        && TransactionSynchronizationManager.getSynchronizations().stream()
                                .anyMatch(each -> each instanceof JobsOfTransaction jobs && jobs.hold(queue, id))) {
                    throw inVain("job '%s'".formatted(id));
                }
            }

            @Override
            public void refuseRun(String runId) {
                if (byDefault && isInTransaction()) {
                    step.refuseRun(runId);
                }
            }
        };
    }

    private static IllegalStateException inVain(String job) {
        return new IllegalStateException(
                "%s is sent after the commit of transaction '%s', so waiting for its end inside of the transaction is in vain; wait after the commit, or send the job at once with JobRequest.afterCommit(false)"
                        .formatted(job, TransactionSynchronizationManager.getCurrentTransactionName()));
    }

    @Override
    public CompletableFuture<List<JobRef>> enqueue(List<Outgoing> jobs) {
        if (!isInTransaction()) {
            return next.enqueue(jobs);
        }
        List<Outgoing> later = jobs.stream().filter(this::waits).toList();
        if (later.isEmpty()) {
            return next.enqueue(jobs);
        }
        if (TransactionSynchronizationManager.isCurrentTransactionReadOnly()) {
            return CompletableFuture.failedFuture(readOnly(later.get(0)));
        }
        Optional<Outgoing> awaited = later.stream().filter(Outgoing::isAwaited).findFirst();
        if (awaited.isPresent()) {
            String kind = awaited.get().request().kind();
            return CompletableFuture.failedFuture(inVain("an awaited job of kind '%s'".formatted(kind)));
        }
        try {
            ofThisTransaction().add(later);
        } catch (RuntimeException ex) {
            return CompletableFuture.failedFuture(ex);
        }
        List<Outgoing> now = jobs.stream().filter(job -> !waits(job)).toList();
        if (now.isEmpty()) {
            return CompletableFuture.completedFuture(answers(jobs, List.of()));
        }
        return next.enqueue(now).thenApply(sent -> answers(jobs, sent));
    }

    private static boolean isInTransaction() {
        return TransactionSynchronizationManager.isActualTransactionActive()
                && TransactionSynchronizationManager.isSynchronizationActive();
    }

    private boolean waits(Outgoing job) {
        return Objects.requireNonNullElse(job.request().afterCommit(), byDefault);
    }

    private List<JobRef> answers(List<Outgoing> jobs, List<JobRef> sent) {
        Iterator<JobRef> answered = sent.iterator();
        return jobs.stream()
                .map(job -> waits(job) ? new JobRef(job.queue(), job.id(), JobRef.State.DEFERRED) : answered.next())
                .toList();
    }

    private static IllegalStateException readOnly(Outgoing job) {
        return new IllegalStateException(
                "a job of kind '%s' was enqueued inside the read-only transaction '%s', which is to change nothing; make the transaction writable, or send the job at once with JobRequest.afterCommit(false)"
                        .formatted(
                                job.request().kind(), TransactionSynchronizationManager.getCurrentTransactionName()));
    }

    /** Spring hides the synchronizations of a suspended transaction, so that each transaction finds its own jobs here. */
    private JobsOfTransaction ofThisTransaction() {
        for (TransactionSynchronization each : TransactionSynchronizationManager.getSynchronizations()) {
            if (each instanceof JobsOfTransaction found && found.owner() == this) {
                return found;
            }
        }
        JobsOfTransaction made = new JobsOfTransaction();
        TransactionSynchronizationManager.registerSynchronization(made);
        return made;
    }

    /** The jobs that wait for the end of one transaction. Used by the thread of the transaction alone. */
    private final class JobsOfTransaction implements TransactionSynchronization {

        private final List<Outgoing> jobs = new ArrayList<>();
        private final List<Outgoing> late = new ArrayList<>();
        private final Map<Object, Integer> jobsBeforeSavepoint = new IdentityHashMap<>();
        private boolean committed;

        AfterCommitEnqueuer owner() {
            return AfterCommitEnqueuer.this;
        }

        void add(List<Outgoing> more) {
            if (committed) {
                late.addAll(more);
            } else {
                step.keep(more);
                jobs.addAll(more);
            }
        }

        boolean hold(String queue, String id) {
            return Stream.concat(jobs.stream(), late.stream())
                    .anyMatch(job -> job.id().equals(id) && job.queue().equals(queue));
        }

        @Override
        public void savepoint(Object savepoint) {
            jobsBeforeSavepoint.put(savepoint, jobs.size());
        }

        /** A savepoint that is unknown here was made before the first job. */
        @Override
        public void savepointRollback(Object savepoint) {
            int kept = jobsBeforeSavepoint.getOrDefault(savepoint, 0);
            if (kept < jobs.size()) {
                jobs.subList(kept, jobs.size()).clear();
            }
        }

        /** Hears of the commit before the callbacks of the application do, whose jobs can no longer be part of it. */
        @Override
        public int getOrder() {
            return HIGHEST_PRECEDENCE;
        }

        @Override
        public void afterCommit() {
            committed = true;
        }

        /** Runs after all {@code afterCommit} callbacks, so that jobs which those enqueue are sent too. */
        @Override
        public void afterCompletion(int status) {
            if (status == STATUS_ROLLED_BACK) {
                return;
            }
            if (status == STATUS_COMMITTED && !committed) {
                // the first job came from a callback that ran after the commit
                late.addAll(0, jobs);
                takeBackJobs();
            }
            if (!jobs.isEmpty()) {
                if (status == STATUS_COMMITTED) {
                    step.committed(next, List.copyOf(jobs));
                } else {
                    step.unknown(List.copyOf(jobs));
                }
            }
            if (!late.isEmpty()) {
                deferred.send(next, List.copyOf(late));
            }
        }

        private void takeBackJobs() {
            try {
                step.takeBack(jobs);
            } catch (RuntimeException ex) {
                log.debug("Jobs that are sent now may be sent again from the outbox", ex);
            }
            jobs.clear();
        }
    }
}
