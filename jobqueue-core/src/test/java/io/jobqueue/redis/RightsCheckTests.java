package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import io.jobqueue.CapturedLog;
import io.jobqueue.Claim;
import io.jobqueue.JobRequest;
import io.jobqueue.MissingRightsException;
import io.jobqueue.QueueSettings;
import io.jobqueue.RedisUnavailableException;
import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The check of the Redis user's rights, on a server whose users have exactly the rights that a test gives them. */
@RedisServer
class RightsCheckTests {

    private static final String USER = "app";

    private static final Pattern COMMAND = Pattern.compile("(?:call|try|read)\\('([A-Z]+)'");

    private EmbeddedRedis server;
    private RedisClient client;
    private RedisCommands<String, String> redis;
    private final List<RedisConnector> connectors = new ArrayList<>();

    @BeforeEach
    void open(EmbeddedRedis embedded) {
        server = embedded;
        client = RedisClient.create(server.uri());
        redis = client.connect().sync();
    }

    @AfterEach
    void close() {
        connectors.forEach(RedisConnector::stop);
        client.shutdown();
    }

    private void acl(String... words) {
        acl(redis, words);
    }

    private static void acl(RedisCommands<String, String> server, String... words) {
        CommandArgs<String, String> args = new CommandArgs<>(StringCodec.UTF8);
        Arrays.stream(words).forEach(args::add);
        server.dispatch(CommandType.ACL, new StatusOutput<>(StringCodec.UTF8), args);
    }

    private static String[] line(RedisAccess access) {
        return access.aclLine(USER, "queue").substring("ACL ".length()).split(" ");
    }

    private static RedisURI uri(int port) {
        return RedisURI.Builder.redis("127.0.0.1", port)
                .withAuthentication(USER, "password".toCharArray())
                .build();
    }

    private static RedisQueues.Routes routes(String... others) {
        return new RedisQueues.Routes("jobs", kind -> Optional.empty(), () -> List.of(others));
    }

    /** Makes the user by the line of the documentation, and then changes its rights. */
    private void user(RedisAccess access, String... changes) {
        acl(line(access));
        acl(Stream.concat(Stream.of("SETUSER", USER), Arrays.stream(changes)).toArray(String[]::new));
    }

    private RedisQueues queues(int port, String... others) {
        RedisConnector connector = new RedisConnector(() -> RedisLink.to(uri(port)));
        connectors.add(connector);
        return new RedisQueues(connector, RedisQueues.Options.defaults().withRoutes(routes(others)));
    }

    private void check(RedisAccess access, String... others) {
        Answers.waitFor(() -> queues(server.port(), others).checkRights(access));
    }

    private MissingRightsException refusal(RedisAccess access, String... others) {
        return catchThrowableOfType(MissingRightsException.class, () -> check(access, others));
    }

    /** Keys without a time to live, or with a long one. */
    private List<String> leftBehind() {
        return redis.keys("*").stream()
                .filter(key -> redis.pttl(key) == -1 || redis.pttl(key) > 5000)
                .toList();
    }

    @ParameterizedTest
    @EnumSource
    void theRightsOfTheDocumentedLineAreEnoughAndNothingIsLeftBehind(RedisAccess access) {
        user(access);
        acl("LOG", "RESET");

        check(access, "mail", "reports");

        assertThat(redis.aclLog())
                .as("what Redis refused, besides CLIENT SETINFO")
                .allMatch(entry -> String.valueOf(entry.get("object")).startsWith("client"));
        assertThat(redis.dbsize()).isZero();
    }

    static Stream<Arguments> eachCommand() {
        return Arrays.stream(RedisAccess.values())
                .flatMap(access -> access.commands().stream().map(command -> Arguments.of(access, command)));
    }

    @ParameterizedTest
    @MethodSource("eachCommand")
    void eachMissingCommandIsNamedWithItsRemedy(RedisAccess access, String command) {
        user(access, "-" + command);

        MissingRightsException refusal = refusal(access);

        assertThat(refusal.missing()).containsExactly("+" + command);
        assertThat(refusal).hasMessageContaining("+" + command).hasMessageContaining("ACL SETUSER");
        assertThat(refusal.remedy())
                .contains(" +" + command)
                .contains("reset resetchannels on >password ~queue:* &queue:* ");
        assertThat(leftBehind()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void missingKeysAreNamedByTheirPattern(RedisAccess access) {
        user(access, "resetkeys", "~other:*");

        assertThat(refusal(access).missing()).containsExactly("~queue:*");
        assertThat(redis.dbsize()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void theKeysOfEachQueueAreTried(RedisAccess access) {
        user(access, "resetkeys", "~queue:jobs:*");

        assertThat(refusal(access, "mail").missing()).containsExactly("~queue:*");
    }

    @Test
    void allThatIsMissingIsNamedAtOnce() {
        user(RedisAccess.WORKER, "-hset", "-zadd", "-blpop", "-eval");

        assertThat(refusal(RedisAccess.WORKER).missing())
                .containsExactlyInAnyOrder("+hset", "+zadd", "+blpop", "+eval");
    }

    @Test
    void aHistoryStreamNeedsTheCommandsThatWriteIt() {
        user(RedisAccess.WORKER);
        QueueSettings recording = QueueSettings.defaults()
                .withHistory(
                        new QueueSettings.History(new QueueSettings.History.Stream(true, 1000, Duration.ofDays(1))));
        RedisConnector connector = new RedisConnector(() -> RedisLink.to(uri(server.port())));
        connectors.add(connector);
        RedisQueues queues =
                new RedisQueues(connector, RedisQueues.Options.defaults().withSettings(recording));

        assertThatExceptionOfType(MissingRightsException.class)
                .isThrownBy(() -> Answers.waitFor(() -> queues.checkRights(RedisAccess.WORKER)))
                .satisfies(refusal -> {
                    assertThat(refusal.missing()).containsExactlyInAnyOrder("+xadd", "+xtrim");
                    assertThat(refusal.remedy()).contains(" +xadd").contains(" +xtrim");
                });
        acl("SETUSER", USER, "+xadd");
        Answers.waitFor(() -> queues.checkRights(RedisAccess.PRODUCER));
        acl("SETUSER", USER, "+xtrim");
        Answers.waitFor(() -> queues.checkRights(RedisAccess.WORKER));

        queues.queue().enqueue(JobRequest.of("work", null));
        Claim claim = queues.queue().worker().claim(Duration.ofSeconds(5)).orElseThrow();
        assertThat(queues.queue().worker().complete(claim, null)).isTrue();
        assertThat(redis.xlen("queue:jobs:history")).isEqualTo(1);
    }

    @Test
    void aProducersUserIsRefusedAsAWorker() {
        user(RedisAccess.PRODUCER);

        assertThat(refusal(RedisAccess.WORKER).missing()).contains("+blpop", "+rpop", "+lset");
    }

    @ParameterizedTest
    @MethodSource("withoutChannels")
    void missingChannelsAreAWarning(String change) {
        user(RedisAccess.WORKER, change);
        try (CapturedLog log = new CapturedLog("io.jobqueue")) {
            check(RedisAccess.WORKER, "mail");

            assertThat(log.lines(Level.WARN, "publish"))
                    .singleElement()
                    .asString()
                    .contains("queue:jobs:events")
                    .contains("&queue:*")
                    .contains("+publish");
        }
    }

    static Stream<String> withoutChannels() {
        return Stream.of("resetchannels", "-publish");
    }

    @Test
    void aRedisThatIsFullIsNotTakenForMissingRights() {
        user(RedisAccess.WORKER);
        redis.configSet("maxmemory", "1");
        try {
            check(RedisAccess.WORKER);
            assertThat(redis.dbsize()).isZero();
        } finally {
            redis.configSet("maxmemory", "0");
        }
    }

    @Test
    void aRedisThatIsAwayIsNotTakenForMissingRights() {
        EmbeddedRedis gone = EmbeddedRedis.start();
        gone.close();

        assertThatExceptionOfType(RedisUnavailableException.class)
                .isThrownBy(() -> Answers.waitFor(() -> queues(gone.port()).checkRights(RedisAccess.WORKER)));
    }

    @Test
    void aRenamedCommandIsNamed() {
        try (EmbeddedRedis renamed = EmbeddedRedis.start("--rename-command", "HSETNX", "")) {
            RedisConnector connector = new RedisConnector(() -> RedisLink.to(RedisURI.create(renamed.uri())));
            connectors.add(connector);
            RedisQueues queues = new RedisQueues(connector, RedisQueues.Options.defaults());

            assertThatExceptionOfType(MissingRightsException.class)
                    .isThrownBy(() -> Answers.waitFor(() -> queues.checkRights(RedisAccess.WORKER)))
                    .satisfies(refusal -> assertThat(refusal.missing()).containsExactly("+hsetnx"))
                    .withMessageContaining("nknown");
        }
    }

    @Test
    void aClusterAlsoNeedsTheCommandsForItsTopology() {
        try (EmbeddedRedis node = EmbeddedRedis.start("--cluster-enabled", "yes")) {
            RedisClient admin = RedisClient.create(node.uri());
            try (StatefulRedisConnection<String, String> connection = admin.connect()) {
                connection
                        .sync()
                        .clusterAddSlots(IntStream.rangeClosed(0, 16383).toArray());
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> connection.sync().clusterInfo().contains("cluster_state:ok"));
                acl(connection.sync(), line(RedisAccess.WORKER));
                acl(connection.sync(), "SETUSER", USER, "+cluster|nodes", "+info", "+asking");
                acl(connection.sync(), "LOG", "RESET");
                RedisConnector connector = new RedisConnector(() -> RedisLink.toCluster(List.of(uri(node.port()))));
                connectors.add(connector);
                RedisQueues queues = new RedisQueues(
                        connector, RedisQueues.Options.defaults().withRoutes(routes("mail", "reports")));

                await().ignoreException(RedisUnavailableException.class) // the cluster has just been formed
                        .atMost(Duration.ofSeconds(20))
                        .untilAsserted(() -> Answers.waitFor(() -> queues.checkRights(RedisAccess.WORKER)));
                queues.queue().enqueue(JobRequest.of("work", null));
                Claim claim =
                        queues.queue().worker().claim(Duration.ofSeconds(5)).orElseThrow();
                assertThat(queues.queue().worker().complete(claim, null)).isTrue();
                acl(connection.sync(), "SETUSER", USER, "-hset");
                assertThatExceptionOfType(MissingRightsException.class)
                        .isThrownBy(() -> Answers.waitFor(() -> queues.checkRights(RedisAccess.WORKER)))
                        .satisfies(refusal -> assertThat(refusal.missing()).containsExactly("+hset"));

                assertThat(connection.sync().keys("*self-test*")).isEmpty();
            } finally {
                admin.shutdown();
            }
        }
    }

    // ---- the lists of commands agree with the sources

    @ParameterizedTest
    @EnumSource
    void theDocumentationShowsTheLine(RedisAccess access) {
        assertThat(Path.of("../docs/redis-acl.md"))
                .content()
                .contains("\n" + access.aclLine(access.name().toLowerCase(Locale.ROOT), "queue") + "\n");
    }

    private static Set<String> commandsOf(Stream<String> scripts) {
        Set<String> commands = new TreeSet<>();
        scripts.flatMap(script -> ScriptText.filesOf(script).values().stream()).forEach(source -> {
            Matcher command = COMMAND.matcher(source);
            while (command.find()) {
                commands.add(command.group(1).toLowerCase(Locale.ROOT));
            }
        });
        commands.remove("publish");
        return commands;
    }

    @Test
    void aWorkerMayUseTheCommandsOfAllScriptsAndThoseThatJavaSends() {
        Set<String> expected = commandsOf(LuaFile.all().keySet().stream());
        expected.addAll(Set.of("eval", "evalsha", "blpop", "scan", "zrevrange"));
        Set<String> allowed = new TreeSet<>(RedisAccess.WORKER.commands());
        allowed.addAll(RedisAccess.WORKER.historyCommands());

        assertThat(allowed).containsExactlyElementsOf(expected);
        assertThat(RedisAccess.WORKER.commands()).doesNotContainAnyElementsOf(RedisAccess.WORKER.historyCommands());
    }

    @Test
    void aProducerMayUseTheCommandsOfItsScriptsAndThoseThatJavaSends() {
        Set<String> expected = commandsOf(Stream.of(
                "road/enqueue",
                "runs/open",
                "runs/add",
                "runs/seal",
                "runs/cancel",
                "runs/find",
                "runs/count-outputs",
                "runs/put-output",
                "runs/expect-units",
                "runs/evict",
                "admin/stats",
                "admin/explain",
                "admin/look-at-ends"));
        expected.addAll(Set.of("eval", "evalsha", "hgetall", "zrevrange"));

        assertThat(RedisAccess.PRODUCER.commands()).containsExactlyElementsOf(expected);
    }
}
