package io.jobqueue.redis;

import static org.awaitility.Awaitility.await;

import io.jobqueue.embedded.EmbeddedRedis;
import io.lettuce.core.MigrateArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A cluster of three masters on this machine. */
final class EmbeddedCluster implements AutoCloseable {

    private static final int[][] SLOTS = {{0, 5460}, {5461, 10922}, {10923, 16383}};

    /** How many keys {@code redis-cli --cluster reshard} moves with one command, unless it is told otherwise. */
    private static final int KEYS_A_MOVE = 10;

    private static final int MOVE_TIMEOUT_MS = 60_000;

    private final RedisClient client = RedisClient.create();
    private final List<Master> masters = new ArrayList<>();

    private record Master(EmbeddedRedis server, RedisCommands<String, String> commands) {

        String id() {
            return commands.clusterMyId();
        }
    }

    private EmbeddedCluster() {}

    /**
     * Starts the masters and waits until they know each other.
     *
     * @param folder for their files
     */
    static EmbeddedCluster start(Path folder) {
        EmbeddedCluster cluster = new EmbeddedCluster();
        for (int i = 0; i < SLOTS.length; i++) {
            cluster.add(folder.resolve("nodes-" + i + ".conf"), i);
        }
        cluster.meet();
        return cluster;
    }

    private void add(Path file, int number) {
        EmbeddedRedis server = EmbeddedRedis.start(
                "--cluster-enabled", "yes", "--cluster-config-file", file.toString(), "--cluster-node-timeout", "2000");
        RedisCommands<String, String> commands =
                client.connect(RedisURI.create("127.0.0.1", server.port())).sync();
        commands.clusterAddSlots(
                IntStream.rangeClosed(SLOTS[number][0], SLOTS[number][1]).toArray());
        commands.clusterSetConfigEpoch(number + 1);
        masters.add(new Master(server, commands));
    }

    private void meet() {
        Master first = masters.get(0);
        String bus = first.commands()
                .clusterNodes()
                .lines()
                .filter(line -> line.startsWith(first.id()))
                .map(line -> line.substring(line.indexOf('@') + 1).split("[ ,]")[0])
                .findFirst()
                .orElseThrow();
        for (Master other : masters.subList(1, masters.size())) {
            other.commands()
                    .dispatch(
                            CommandType.CLUSTER,
                            new StatusOutput<>(StringCodec.UTF8),
                            new CommandArgs<>(StringCodec.UTF8)
                                    .add("MEET")
                                    .add("127.0.0.1")
                                    .add(first.server().port())
                                    .add(bus));
        }
        String all = "cluster_known_nodes:" + masters.size();
        await().atMost(Duration.ofSeconds(20)).until(() -> masters.stream()
                .map(master -> master.commands().clusterInfo())
                .allMatch(info -> info.contains("cluster_state:ok") && info.contains(all)));
    }

    /** A link of a client that knows one of the masters. */
    RedisLink link() {
        return RedisLink.toCluster(List.of(uri()));
    }

    private RedisURI uri() {
        return RedisURI.create("127.0.0.1", masters.get(0).server().port());
    }

    /**
     * A link of a client whose user all masters know.
     *
     * @param line makes the user on a server, with the password {@code password}: {@code ACL SETUSER …}
     */
    RedisLink link(String user, String line) {
        for (Master master : masters) {
            CommandArgs<String, String> words = new CommandArgs<>(StringCodec.UTF8);
            Stream.of(line.split(" ")).skip(1).forEach(words::add);
            master.commands().dispatch(CommandType.ACL, new StatusOutput<>(StringCodec.UTF8), words);
        }
        RedisURI uri = RedisURI.builder(uri())
                .withAuthentication(user, "password".toCharArray())
                .build();
        return RedisLink.toCluster(List.of(uri));
    }

    /** Begins to move the slot of a key to another master, as {@code redis-cli --cluster reshard} does. */
    Move move(String key) {
        int slot = SlotHash.getSlot(key);
        int owner = IntStream.range(0, masters.size())
                .filter(i -> masters.get(i).commands().clusterNodes().lines().anyMatch(line -> has(line, slot)))
                .findFirst()
                .orElseThrow();
        Move move = new Move(slot, masters.get(owner), masters.get((owner + 1) % masters.size()));
        move.to.commands().clusterSetSlotImporting(slot, move.from.id());
        move.from.commands().clusterSetSlotMigrating(slot, move.to.id());
        return move;
    }

    /** Whether a line of CLUSTER NODES is the one of the asked server, and names the slot. */
    private static boolean has(String line, int slot) {
        return line.contains("myself")
                && List.of(line.split(" ")).stream().skip(8).anyMatch(range -> contains(range, slot));
    }

    private static boolean contains(String range, int slot) {
        if (range.startsWith("[")) {
            return false; // on its way
        }
        String[] ends = range.split("-");
        return Integer.parseInt(ends[0]) <= slot && slot <= Integer.parseInt(ends[ends.length - 1]);
    }

    /** A slot on its way from one master to another. */
    final class Move {

        private final int slot;
        private final Master from;
        private final Master to;

        private Move(int slot, Master from, Master to) {
            this.slot = slot;
            this.from = from;
            this.to = to;
        }

        /** How many keys have not been moved. */
        long left() {
            return from.commands().clusterCountKeysInSlot(slot);
        }

        /** The keys that have not been moved. */
        Set<String> keysLeft() {
            return keysOf(from);
        }

        /** The keys that the other master has, whether they were moved or made there. */
        Set<String> keysArrived() {
            return keysOf(to);
        }

        private Set<String> keysOf(Master master) {
            return Set.copyOf(master.commands().clusterGetKeysInSlot(slot, Integer.MAX_VALUE));
        }

        /** How many commands the other master has refused because it lacked some of their keys. */
        long refusals() {
            return to.commands()
                    .info("errorstats")
                    .lines()
                    .filter(line -> line.startsWith("errorstat_TRYAGAIN:"))
                    .mapToLong(line -> Long.parseLong(line.substring(line.indexOf('=') + 1)))
                    .sum();
        }

        /** Moves keys until no more than some are left. Fails when the other master has a key already. */
        void keysUntilLeft(long left) {
            while (left() > left) {
                List<String> keys = from.commands().clusterGetKeysInSlot(slot, KEYS_A_MOVE);
                from.commands()
                        .migrate("127.0.0.1", to.server().port(), 0, MOVE_TIMEOUT_MS, MigrateArgs.Builder.keys(keys));
            }
        }

        /** Moves the rest, and says to all masters where the slot is. */
        void finish() {
            keysUntilLeft(0);
            to.commands().clusterSetSlotNode(slot, to.id());
            from.commands().clusterSetSlotNode(slot, to.id());
            masters.stream().filter(master -> master != to && master != from).forEach(master -> master.commands()
                    .clusterSetSlotNode(slot, to.id()));
        }
    }

    @Override
    public void close() {
        client.shutdown();
        masters.forEach(master -> master.server().close());
    }
}
