package io.jobqueue.spring;

import io.jobqueue.Enqueuer;
import io.jobqueue.Enqueuer.Outgoing;
import io.jobqueue.redis.JobRelay;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.springframework.jdbc.CannotGetJdbcConnectionException;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Writes the jobs of a transaction to the outbox within the transaction, on its connection and thread. A rollback, also to a
 * savepoint, removes them as it removes all else. A commit wakes the relay of this instance.
 */
final class OutboxStep implements CommitStep {

    private final OutboxTable table;
    private final Semaphore commits = new Semaphore(0);

    OutboxStep(OutboxTable table) {
        this.table = table;
    }

    @Override
    public void keep(List<Outgoing> jobs) {
        requireTransactionOfTable(jobs.get(0));
        table.insert(jobs.stream().map(JobRelay::store).toList());
    }

    /** A connection that commits each statement does not belong to the transaction that Spring runs. */
    private void requireTransactionOfTable(Outgoing job) {
        Connection connection = DataSourceUtils.getConnection(table.dataSource());
        try {
            if (connection.getAutoCommit()) {
                throw new IllegalStateException(
                        "a job of kind '%s' was enqueued inside transaction '%s', which does not span the DataSource of the outbox, so the job cannot be kept with it; use the transaction manager of that DataSource, or send the job at once with JobRequest.afterCommit(false)"
                                .formatted(
                                        job.request().kind(),
                                        TransactionSynchronizationManager.getCurrentTransactionName()));
            }
        } catch (SQLException ex) {
            throw new CannotGetJdbcConnectionException("the connection of the outbox does not answer", ex);
        } finally {
            DataSourceUtils.releaseConnection(connection, table.dataSource());
        }
    }

    @Override
    public void committed(Enqueuer next, List<Outgoing> jobs) {
        wake();
    }

    @Override
    public void takeBack(List<Outgoing> jobs) {
        jobs.stream()
                .collect(Collectors.groupingBy(Outgoing::queue, Collectors.mapping(Outgoing::id, Collectors.toList())))
                .forEach(table::delete);
    }

    /** The database knows whether it committed. */
    @Override
    public void unknown(List<Outgoing> jobs) {
        wake();
    }

    @Override
    public void refuseRun(String runId) {
        throw new IllegalStateException(
                "run '%s' would be changed at once inside transaction '%s', whatever becomes of the transaction: runs do not pass the outbox; enqueue a job whose handler starts the run, or call JobRuns outside of transactions"
                        .formatted(runId, TransactionSynchronizationManager.getCurrentTransactionName()));
    }

    /** Ends a wait for a commit. */
    void wake() {
        commits.release();
    }

    /** Waits until a transaction has committed since the last call, or somebody called {@link #wake}, or a time is over. */
    void awaitCommit(Duration most) throws InterruptedException {
        if (commits.tryAcquire(most.toNanos(), TimeUnit.NANOSECONDS)) {
            commits.drainPermits();
        }
    }
}
