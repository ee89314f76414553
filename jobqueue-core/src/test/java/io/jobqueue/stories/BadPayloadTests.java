package io.jobqueue.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jobqueue.QueueStats;
import io.jobqueue.Retention;
import io.jobqueue.RetryPolicy;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.stories.Documents.Document;
import io.jobqueue.stories.Documents.End;
import io.jobqueue.worker.Handler;
import io.lettuce.core.KeyValue;
import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * For every payload of another producer, the handler receives its meaning, or the job becomes a dead letter with the
 * reason; the workers continue. {@code -Dmutations.seed} repeats an earlier seed.
 */
@RedisServer
class BadPayloadTests {

    private static final int MUTATIONS = 10_000;
    private static final int BATCH = 1_000;
    private static final int SLOTS = 32;
    private static final Retention ALL = new Retention(Duration.ofHours(1), 2 * MUTATIONS);

    private static final JsonMapper READER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** What handlers of these tests want. */
    record Parcel(
            @Nullable Object value,
            @Nullable String text,
            @Nullable Long count,
            @Nullable BigDecimal exact,
            @Nullable List<String> tags) {}

    private final Map<String, Parcel> handled = new ConcurrentHashMap<>();
    private Stage stage;
    private RedisClient client;
    private StatefulRedisConnection<byte[], byte[]> wire;

    @BeforeEach
    void open(EmbeddedRedis server) {
        RetryPolicy once = new RetryPolicy(1, Duration.ZERO, 1, Duration.ZERO, 0);
        stage = new Stage(server.port(), Stage.settings().withRetry(once).withRetention(ALL, ALL));
        client = RedisClient.create(Stage.uri(server.port()));
        wire = client.connect(ByteArrayCodec.INSTANCE);
        stage.pool(
                Stage.workers(SLOTS).withUnknownFor(Duration.ZERO),
                new Handler("parcel", Parcel.class, once, Duration.ofMinutes(1), Set.of(), (job, context) -> {
                    handled.put(job.id(), (Parcel) job.payload());
                    return null;
                }));
    }

    @AfterEach
    void close() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        stage.close();
    }

    @Test
    void aDocumentIsReadCorrectlyOrTheJobIsADeadLetterWithTheReason() {
        List<Document> documents = Documents.all();
        Map<String, byte[]> payloads = new LinkedHashMap<>();
        for (int i = 0; i < documents.size(); i++) {
            payloads.put("document-" + i, documents.get(i).bytes());
        }
        assertThat(documents).hasSizeGreaterThanOrEqualTo(200);

        Map<String, Ended> ends = handledAll(payloads);

        for (int i = 0; i < documents.size(); i++) {
            Document document = documents.get(i);
            Ended end = ends.get("document-" + i);
            Parcel parcel = handled.get("document-" + i);
            if (document.end() == End.READ) {
                assertThat(end.status()).as("%s, which %s", document, end).isEqualTo("completed");
                Object value = parcel.value() == null ? Documents.NOTHING : parcel.value();
                assertThat(value).as("%s", document).isEqualTo(document.value());
            } else if (document.end() == End.REFUSED || parcel == null) {
                assertRefused(document.toString(), end, parcel);
                assertThat(end.error()).as("%s", document).doesNotContain("'null'");
            } else {
                assertThat(end.status()).as("%s, which %s", document, end).isEqualTo("completed");
            }
        }
        assertThatTheWorkersGoOn();
        System.out.printf("Bad input: %d documents, %d of them read%n", documents.size(), handled.size() - SLOTS - 1);
    }

    @Test
    void aMutatedDocumentIsReadCorrectlyOrTheJobIsADeadLetterWithTheReason() {
        long seed = Long.getLong("mutations.seed", System.nanoTime() % 1_000_000);
        System.out.printf("Bad input: %d mutated documents with seed %d%n", MUTATIONS, seed);
        Mutations mutations = new Mutations(seed);
        long begin = System.nanoTime();
        int read = 0;
        for (int from = 0; from < MUTATIONS; from += BATCH) {
            Map<String, byte[]> payloads = new LinkedHashMap<>();
            IntStream.range(from, from + BATCH).forEach(i -> payloads.put("case-" + i, mutations.document(i)));

            Map<String, Ended> ends = handledAll(payloads);

            for (Map.Entry<String, byte[]> payload : payloads.entrySet()) {
                String text = new String(payload.getValue(), StandardCharsets.UTF_8);
                String name = "seed %d, %s: %s".formatted(seed, payload.getKey(), text);
                Ended end = ends.get(payload.getKey());
                Parcel parcel = handled.remove(payload.getKey());
                Optional<Parcel> meant = meant(text);
                if (meant.isPresent()) {
                    assertThat(end.status()).as("%s, which %s", name, end).isEqualTo("completed");
                    assertThat(parcel).as(name).isEqualTo(meant.get());
                    read++;
                } else {
                    assertRefused(name, end, parcel);
                }
            }
        }
        assertThatTheWorkersGoOn();
        System.out.printf(
                "Bad input: %d mutated documents with seed %d, %d of them read, in %d ms%n",
                MUTATIONS, seed, read, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
        // a generator that only makes rubbish, or none, shows nothing
        assertThat(read).as("read with seed %d", seed).isBetween(MUTATIONS / 50, MUTATIONS * 9 / 10);
    }

    /** What a document means to a reader that knows nothing of the queue. */
    private static Optional<Parcel> meant(String text) {
        try {
            JsonNode kind = READER.readTree(text).path("kind");
            return kind.isString() && kind.stringValue().equals("parcel")
                    ? Optional.ofNullable(READER.readValue(text, Parcel.class))
                    : Optional.empty();
        } catch (JacksonException ex) {
            return Optional.empty();
        }
    }

    private static void assertRefused(String name, Ended end, @Nullable Parcel parcel) {
        assertThat(end.status()).as("%s, which %s", name, end).isEqualTo("failed");
        assertThat(end.error())
                .as(name)
                .matches("(?s)(bad-payload|unknown-kind): .{10,}")
                .hasSizeLessThanOrEqualTo(4096);
        assertThat(parcel).as("%s ran", name).isNull();
    }

    /** How a job ended, as it stands in Redis. */
    private record Ended(String status, String error) {}

    /** Enqueues payloads as the guide's clients do, and waits until each job has ended. */
    private Map<String, Ended> handledAll(Map<String, byte[]> payloads) {
        List<RedisFuture<?>> sent = new ArrayList<>();
        wire.setAutoFlushCommands(false);
        payloads.forEach((id, payload) -> {
            Map<byte[], byte[]> fields = new LinkedHashMap<>();
            fields.put(utf8("id"), utf8(id));
            fields.put(utf8("payload"), payload);
            fields.put(utf8("status"), utf8("pending"));
            fields.put(utf8("attempts"), utf8("0"));
            fields.put(utf8("enqueued_at_ms"), utf8("1700000000000"));
            fields.put(utf8("claim_token"), utf8(""));
            sent.add(wire.async().hset(utf8("queue:q:job:" + id), fields));
            sent.add(wire.async().lpush(utf8("queue:q:pending"), utf8(id)));
        });
        flush(sent);

        await().pollInterval(Duration.ofMillis(20))
                .atMost(Duration.ofSeconds(60))
                .until(() -> {
                    QueueStats stats = stage.queue.stats();
                    return stats.pendingDepth() + stats.processingDepth() + stats.delayedDepth() == 0;
                });

        Map<String, RedisFuture<List<KeyValue<byte[], byte[]>>>> read = new LinkedHashMap<>();
        wire.setAutoFlushCommands(false);
        payloads.keySet()
                .forEach(id -> read.put(
                        id, wire.async().hmget(utf8("queue:q:job:" + id), utf8("status"), utf8("last_error"))));
        flush(new ArrayList<>(read.values()));
        Map<String, Ended> ends = new LinkedHashMap<>();
        read.forEach((id, reply) -> {
            List<KeyValue<byte[], byte[]>> fields = reply.toCompletableFuture().join();
            ends.put(id, new Ended(text(fields.get(0)), text(fields.get(1))));
        });
        return ends;
    }

    private void flush(List<RedisFuture<?>> commands) {
        wire.flushCommands();
        wire.setAutoFlushCommands(true);
        assertThat(LettuceFutures.awaitAll(Duration.ofSeconds(30), commands.toArray(RedisFuture[]::new)))
                .isTrue();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Strictly: what stands in Redis must be well-formed. */
    private static String text(KeyValue<byte[], byte[]> field) {
        byte[] utf8 = field.getValueOrElse(new byte[0]);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
        } catch (CharacterCodingException ex) {
            throw new AssertionError("no UTF-8 in Redis", ex);
        }
    }

    private void assertThatTheWorkersGoOn() {
        Map<String, byte[]> good = new LinkedHashMap<>();
        IntStream.rangeClosed(0, SLOTS)
                .forEach(i -> good.put("good-" + i, utf8("{\"kind\":\"parcel\",\"count\":%d}".formatted(i))));
        assertThat(handledAll(good).values()).extracting(Ended::status).containsOnly("completed");
        good.keySet().forEach(id -> assertThat(handled).containsKey(id));
    }
}
