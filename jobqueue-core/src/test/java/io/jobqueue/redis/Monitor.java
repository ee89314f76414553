package io.jobqueue.redis;

import io.lettuce.core.api.sync.RedisCommands;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/** Hears of every command that a server executes, those inside scripts included, as MONITOR tells them. */
final class Monitor {

    private static final String OVER = "the monitor has heard all";

    private Monitor() {}

    /**
     * Returns the commands that a server executes during an action, each as its name in small letters and its arguments.
     *
     * @param redis a client of the same server
     */
    static List<List<String>> during(int port, RedisCommands<String, String> redis, Runnable action) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            socket.getOutputStream().write("MONITOR\r\n".getBytes(StandardCharsets.UTF_8));
            String reply = lines.readLine();
            if (!"+OK".equals(reply)) {
                throw new IllegalStateException("the server does not let itself be monitored: " + reply);
            }
            CompletableFuture<List<List<String>>> heard = CompletableFuture.supplyAsync(() -> read(lines));
            action.run();
            redis.echo(OVER);
            return heard.join();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static List<List<String>> read(BufferedReader lines) {
        List<List<String>> commands = new ArrayList<>();
        try {
            while (true) {
                String line = lines.readLine();
                if (line == null) {
                    throw new IllegalStateException("the server has closed the connection of the monitor");
                }
                if (line.endsWith('"' + OVER + '"')) {
                    return commands;
                }
                // +1700000000.000001 [0 lua] "HGET" "key" "field"
                String[] words = line.substring(line.indexOf("] \"") + 3, line.length() - 1)
                        .split("\" \"", -1);
                words[0] = words[0].toLowerCase(Locale.ROOT);
                commands.add(List.of(words));
            }
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
