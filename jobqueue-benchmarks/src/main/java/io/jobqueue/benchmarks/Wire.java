package io.jobqueue.benchmarks;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One blocking connection to Redis with as little between the caller and the socket as Java allows: requests are bytes
 * made beforehand, and replies are compared with the bytes they must be. For one thread.
 */
final class Wire implements AutoCloseable {

    private static final int TIMEOUT_MS = 20_000;
    private static final int BUFFER = 64 * 1024;

    private final Socket socket;
    private final OutputStream out;
    private final InputStream in;
    private byte[] reply = new byte[BUFFER];

    /** Connects to a server on the loopback interface. */
    Wire(int port) {
        try {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(TIMEOUT_MS);
            out = socket.getOutputStream();
            in = new BufferedInputStream(socket.getInputStream(), BUFFER);
        } catch (IOException ex) {
            throw new UncheckedIOException("no connection to port " + port, ex);
        }
    }

    /**
     * A request and the only reply that is right.
     *
     * @param request one or more commands as they go over the wire
     * @param reply what must come back
     */
    record Exchange(byte[] request, byte[] reply) {}

    /** A command as it goes over the wire. */
    static byte[] request(String... words) {
        StringBuilder text =
                new StringBuilder().append('*').append(words.length).append("\r\n");
        for (String word : words) {
            bulk(text, word);
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Adds a string as it goes over the wire. */
    static void bulk(StringBuilder text, String word) {
        text.append('$').append(word.getBytes(StandardCharsets.UTF_8).length).append("\r\n");
        text.append(word).append("\r\n");
    }

    /**
     * Plays exchanges in their order, with some of them on their way at the same time.
     *
     * @param window how many are on their way at the most; small enough that both sides' socket buffers hold them
     * @throws IllegalStateException when a reply is not what it must be
     */
    void play(List<Exchange> exchanges, int window) {
        try {
            int sent = 0;
            for (int answered = 0; answered < exchanges.size(); answered++) {
                while (sent < exchanges.size() && sent - answered < window) {
                    out.write(exchanges.get(sent++).request());
                }
                expect(exchanges.get(answered).reply());
            }
        } catch (IOException ex) {
            throw new UncheckedIOException("the connection to Redis failed", ex);
        }
    }

    /** Plays one exchange. */
    void play(Exchange exchange) {
        play(List.of(exchange), 1);
    }

    private void expect(byte[] expected) throws IOException {
        if (reply.length < expected.length) {
            reply = new byte[expected.length];
        }
        in.mark(1);
        if (in.read() == '-' && expected[0] != '-') {
            throw new IllegalStateException("Redis answered -" + line());
        }
        in.reset();
        int length = in.readNBytes(reply, 0, expected.length);
        if (!Arrays.equals(reply, 0, length, expected, 0, expected.length)) {
            int at = Arrays.mismatch(reply, 0, length, expected, 0, expected.length);
            throw new IllegalStateException("Redis answered otherwise from byte %s of %s: %s"
                    .formatted(at, expected.length, excerpt(reply, at, length).strip()));
        }
    }

    private static String excerpt(byte[] text, int from, int length) {
        int begin = Math.max(0, from - 20);
        return new String(text, begin, Math.min(length - begin, 80), StandardCharsets.UTF_8);
    }

    /** Sends a command whose reply is a string or a number, and reads it; what is not there reads as an empty string. */
    String ask(String... words) {
        return (String) exchange(words);
    }

    /** Sends a command whose reply is a list, and reads it: strings, numbers as strings, and further lists. */
    List<?> askList(String... words) {
        return (List<?>) exchange(words);
    }

    /** Passes over whatever comes, until the connection is closed. */
    void skipAll() {
        try {
            socket.setSoTimeout(0);
            in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException ex) {
            // closed, perhaps by this side
        }
    }

    private Object exchange(String... words) {
        try {
            out.write(request(words));
            return read(words[0]);
        } catch (IOException ex) {
            throw new UncheckedIOException("the connection to Redis failed", ex);
        }
    }

    private Object read(String command) throws IOException {
        int type = in.read();
        String head = line();
        switch (type) {
            case '+', ':':
                return head;
            case '$':
                return bulk(Integer.parseInt(head));
            case '*':
                List<Object> all = new ArrayList<>();
                for (int left = Integer.parseInt(head); left > 0; left--) {
                    all.add(read(command));
                }
                return all;
            default:
                throw new IllegalStateException(command + " answered " + (char) type + head);
        }
    }

    private String bulk(int length) throws IOException {
        if (length < 0) {
            return "";
        }
        byte[] text = in.readNBytes(length);
        in.skipNBytes(2);
        return new String(text, StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new IOException("Redis closed the connection");
            }
            text.write(c);
        }
        return text.toString(StandardCharsets.UTF_8).strip();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException ex) {
            throw new UncheckedIOException("a connection to Redis could not be closed", ex);
        }
    }
}
