package io.jobqueue.spring;

import io.jobqueue.redis.JobRelay;
import io.jobqueue.redis.JobRelay.StoredJob;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.BadSqlGrammarException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The two tables of the outbox. {@code JOBQUEUE_OUTBOX} holds the jobs that wait to be sent, in the order of {@code SEQ}.
 * {@code JOBQUEUE_OUTBOX_RELAY} has one row for each queue, which serializes the relays of all instances: a relay locks the row
 * while it forms the next batch.
 *
 * <p>The jobs of a batch carry its number until they are deleted, so that a relay that takes over sends the same batch again.
 * Redis refuses a batch that it has. {@code BUSY_UNTIL} only spares the other relays the work: two relays that send the same batch
 * do no harm.
 *
 * <p>All but {@link #insert} and {@link #delete} run in transactions of their own. Thread-safe.
 */
final class OutboxTable {

    private static final int LONGEST_REFUSAL = 1000;

    private final DataSource dataSource;
    private final JdbcTemplate jdbc;
    private final JdbcClient client;
    private final TransactionTemplate transaction;

    OutboxTable(DataSource dataSource) {
        this.dataSource = dataSource;
        this.jdbc = new JdbcTemplate(dataSource);
        this.client = JdbcClient.create(jdbc);
        this.transaction = new TransactionTemplate(new JdbcTransactionManager(dataSource));
        this.transaction.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    }

    /**
     * The jobs that one call sends.
     *
     * @param outbox the name under which Redis remembers the number
     */
    record Batch(String queue, String outbox, long number, List<StoredJob> jobs) {}

    /** A job that can never be sent as it is stored. It stays in the table. */
    record Refused(StoredJob job, String reason) {}

    /** What {@link #next} found: jobs that it marked as refused, and a batch to send, if there is one. */
    record Next(List<Refused> refused, @Nullable Batch batch) {}

    /** How many jobs wait to be sent, and how many were refused. */
    record Backlog(long pending, long refused) {}

    private record Row(long seq, StoredJob job) {}

    private record State(String outbox, long lastBatch, boolean busy) {}

    DataSource dataSource() {
        return dataSource;
    }

    /** Fails the start when the tables do not exist. */
    void requireTables() {
        try {
            backlog();
            client.sql("select count(*) from JOBQUEUE_OUTBOX_RELAY")
                    .query(Long.class)
                    .single();
        } catch (BadSqlGrammarException ex) {
            throw new JobQueueStartException(
                    "The outbox of the job queue is enabled, but its tables JOBQUEUE_OUTBOX and JOBQUEUE_OUTBOX_RELAY cannot be read: %s"
                            .formatted(ex.getMostSpecificCause().getMessage()),
                    "Set 'jobqueue.outbox.initialize-schema=always', or let your migration tool run the file io/jobqueue/spring/outbox/schema-postgresql.sql (or schema-h2.sql) of the jar jobqueue-spring-boot-autoconfigure.");
        }
    }

    // ---- inside the transaction of the application

    /** Writes jobs with the connection of the current transaction. */
    void insert(List<StoredJob> jobs) {
        jdbc.batchUpdate(
                "insert into JOBQUEUE_OUTBOX (QUEUE, ID, KIND, PAYLOAD, OPTIONS) values (?, ?, ?, ?, ?)",
                jobs.stream()
                        .map(job -> new Object[] {job.queue(), job.id(), job.kind(), job.payload(), job.options()})
                        .toList());
    }

    /** Deletes jobs with the connection of the current transaction. */
    void delete(String queue, Collection<String> ids) {
        client.sql("delete from JOBQUEUE_OUTBOX where QUEUE = :queue and ID in (:ids) and BATCH is null")
                .param("queue", queue)
                .param("ids", ids)
                .update();
    }

    // ---- relay

    /** The queue of the oldest job that waits, other than those of some queues. */
    Optional<String> oldestQueue(Collection<String> others) {
        List<String> left = new ArrayList<>(others);
        left.add(""); // no queue; an empty list would be no SQL
        return client.sql(
                        "select QUEUE from JOBQUEUE_OUTBOX where REFUSAL is null and QUEUE not in (:others) order by SEQ fetch first 1 rows only")
                .param("others", left)
                .query(String.class)
                .optional();
    }

    /**
     * The batch of a queue that is to be sent now: the last one, if it was not deleted, or a new one.
     *
     * @param relay the relay that asks
     * @param check throws an {@link IllegalArgumentException} for a job that can never be sent
     * @return empty when another relay is busy with the queue
     */
    Optional<Next> next(String queue, String relay, Consumer<StoredJob> check) {
        try {
            return lockedNext(queue, relay, check);
        } catch (DuplicateKeyException ex) {
            return Optional.empty(); // another relay made the row of the queue at the same time
        }
    }

    private Optional<Next> lockedNext(String queue, String relay, Consumer<StoredJob> check) {
        return Objects.requireNonNull(transaction.execute(status -> {
            State state = lock(queue, relay);
            if (state.busy()) {
                return Optional.empty();
            }
            List<StoredJob> marked = jobs(queue, state.lastBatch());
            if (!marked.isEmpty()) {
                occupy(queue, relay, state.lastBatch());
                return Optional.of(new Next(List.of(), new Batch(queue, state.outbox(), state.lastBatch(), marked)));
            }
            List<Row> rows = unmarked(queue);
            List<Refused> refused = refuse(rows, check);
            List<StoredJob> refusedJobs = refused.stream().map(Refused::job).toList();
            List<Row> good = rows.stream()
                    .filter(row -> !refusedJobs.contains(row.job()))
                    .toList();
            if (good.isEmpty()) {
                return Optional.of(new Next(refused, null));
            }
            long number = Math.max(state.lastBatch() + 1, millis());
            client.sql("update JOBQUEUE_OUTBOX set BATCH = :batch where SEQ in (:seqs)")
                    .param("batch", number)
                    .param("seqs", good.stream().map(Row::seq).toList())
                    .update();
            occupy(queue, relay, number);
            return Optional.of(new Next(
                    refused,
                    new Batch(
                            queue,
                            state.outbox(),
                            number,
                            good.stream().map(Row::job).toList())));
        }));
    }

    private State lock(String queue, String relay) {
        return client.sql(
                        """
                        select OUTBOX, BATCH, case when RELAY <> :relay and BUSY_UNTIL > CURRENT_TIMESTAMP then 1 else 0 end as BUSY
                        from JOBQUEUE_OUTBOX_RELAY where QUEUE = :queue for update""")
                .param("relay", relay)
                .param("queue", queue)
                .query((row, n) -> new State(row.getString(1), row.getLong(2), row.getInt(3) == 1))
                .optional()
                .orElseGet(() -> {
                    String outbox = UUID.randomUUID().toString().replace("-", "");
                    client.sql("insert into JOBQUEUE_OUTBOX_RELAY values (?, ?, 0, ?, CURRENT_TIMESTAMP)")
                            .params(queue, outbox, relay)
                            .update();
                    return new State(outbox, 0, false);
                });
    }

    private void occupy(String queue, String relay, long batch) {
        client.sql(
                        """
                        update JOBQUEUE_OUTBOX_RELAY set BATCH = ?, RELAY = ?, BUSY_UNTIL = CURRENT_TIMESTAMP + INTERVAL '5' SECOND
                        where QUEUE = ?""")
                .params(batch, relay, queue)
                .update();
    }

    /** The time of the database. Numbers that grow with it stay new when the database is restored from a backup. */
    private long millis() {
        return client.sql("select cast(extract(epoch from CURRENT_TIMESTAMP) * 1000 as bigint)")
                .query(Long.class)
                .single();
    }

    private List<StoredJob> jobs(String queue, long batch) {
        return client.sql(
                        "select QUEUE, ID, KIND, PAYLOAD, OPTIONS from JOBQUEUE_OUTBOX where QUEUE = ? and BATCH = ? order by SEQ")
                .params(queue, batch)
                .query(StoredJob.class)
                .list();
    }

    private record Size(long seq, long characters) {}

    /** The oldest jobs that fit into a batch. The sizes are read first, because payloads can be large. */
    private List<Row> unmarked(String queue) {
        List<Long> seqs = new ArrayList<>();
        long characters = 0;
        for (Size size : client.sql(
                        """
                        select SEQ, char_length(PAYLOAD) + char_length(OPTIONS) as CHARACTERS from JOBQUEUE_OUTBOX
                        where QUEUE = ? and BATCH is null and REFUSAL is null order by SEQ fetch first %s rows only"""
                                .formatted(JobRelay.MOST_JOBS))
                .params(queue)
                .query((row, n) -> new Size(row.getLong(1), row.getLong(2)))
                .list()) {
            characters += size.characters();
            if (!seqs.isEmpty() && characters > JobRelay.MOST_CHARACTERS) {
                break;
            }
            seqs.add(size.seq());
        }
        if (seqs.isEmpty()) {
            return List.of();
        }
        return client.sql(
                        "select SEQ, QUEUE, ID, KIND, PAYLOAD, OPTIONS from JOBQUEUE_OUTBOX where SEQ in (:seqs) order by SEQ")
                .param("seqs", seqs)
                .query((row, n) -> new Row(
                        row.getLong(1),
                        new StoredJob(
                                row.getString(2),
                                row.getString(3),
                                row.getString(4),
                                row.getString(5),
                                row.getString(6))))
                .list();
    }

    private List<Refused> refuse(List<Row> rows, Consumer<StoredJob> check) {
        List<Refused> refused = new ArrayList<>();
        for (Row row : rows) {
            try {
                check.accept(row.job());
            } catch (IllegalArgumentException ex) {
                String reason = String.valueOf(ex.getMessage());
                refused.add(new Refused(row.job(), reason));
                client.sql("update JOBQUEUE_OUTBOX set REFUSAL = ? where SEQ = ?")
                        .params(reason.substring(0, Math.min(reason.length(), LONGEST_REFUSAL)), row.seq())
                        .update();
            }
        }
        return refused;
    }

    /** Deletes the jobs of a batch that Redis has, and lets other relays go on. */
    void sent(Batch batch, String relay) {
        transaction.executeWithoutResult(status -> {
            client.sql("delete from JOBQUEUE_OUTBOX where QUEUE = ? and BATCH = ?")
                    .params(batch.queue(), batch.number())
                    .update();
            client.sql("update JOBQUEUE_OUTBOX_RELAY set BUSY_UNTIL = CURRENT_TIMESTAMP where QUEUE = ? and RELAY = ?")
                    .params(batch.queue(), relay)
                    .update();
        });
    }

    /**
     * Gives the jobs of a batch a higher number, if they are still there: Redis has batches that this database knows nothing of,
     * because the database was restored from a backup.
     *
     * @param last the number of the last batch that Redis has
     */
    void renumber(Batch batch, long last) {
        transaction.executeWithoutResult(status -> {
            int known = client.sql("update JOBQUEUE_OUTBOX_RELAY set BATCH = ? where QUEUE = ? and BATCH = ?")
                    .params(last + 1, batch.queue(), batch.number())
                    .update();
            if (known == 1) {
                client.sql("update JOBQUEUE_OUTBOX set BATCH = ? where QUEUE = ? and BATCH = ?")
                        .params(last + 1, batch.queue(), batch.number())
                        .update();
            }
        });
    }

    /** Counts the jobs. */
    Backlog backlog() {
        return client.sql("select count(*) - count(REFUSAL) as PENDING, count(REFUSAL) as REFUSED from JOBQUEUE_OUTBOX")
                .query((row, n) -> new Backlog(row.getLong(1), row.getLong(2)))
                .single();
    }
}
