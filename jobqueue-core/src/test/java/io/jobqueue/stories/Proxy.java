package io.jobqueue.stories;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** A proxy between the queue and Redis on the loopback interface, which tests can interrupt at critical points. */
final class Proxy implements AutoCloseable {

    /** What is to happen to the next request that holds a text. */
    private record Fault(String text, boolean requestToo, boolean reset) {}

    private final ServerSocket door;
    private final int target;
    private final Set<Wire> wires = ConcurrentHashMap.newKeySet();
    private final AtomicReference<Fault> fault = new AtomicReference<>();
    private final AtomicInteger cuts = new AtomicInteger();

    private volatile CountDownLatch gate = new CountDownLatch(0);
    private final AtomicInteger heldScripts = new AtomicInteger();
    private volatile CountDownLatch cable = new CountDownLatch(0);

    Proxy(int target) {
        this.target = target;
        try {
            door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        thread("proxy", this::accept);
    }

    int port() {
        return door.getLocalPort();
    }

    /**
     * The next request that holds this text reaches Redis; its reply is thrown away and the connection closed. Lettuce
     * sends the request again.
     */
    void swallowTheReplyTo(String text) {
        fault.set(new Fault(text, false, false));
    }

    /** The same with a reset instead of a close, after which Lettuce gives the request up. */
    void swallowTheReplyAndReset(String text) {
        fault.set(new Fault(text, false, true));
    }

    /** The next request that holds this text is thrown away and the connection closed. */
    void swallowTheRequest(String text) {
        fault.set(new Fault(text, true, false));
    }

    /** How many connections were cut for a fault. */
    int cuts() {
        return cuts.get();
    }

    /** New connections wait at the door until {@link #open()}. */
    void shut() {
        gate = new CountDownLatch(1);
    }

    void open() {
        gate.countDown();
    }

    /** From now on nothing passes in either direction, and nothing is reset. */
    void breakCable() {
        cable = new CountDownLatch(1);
    }

    /** What was sent meanwhile arrives now, in its order: TCP repeats what a broken cable loses. */
    void mendCable() {
        cable.countDown();
    }

    /** How many requests with a script a broken cable has held up. */
    int heldScripts() {
        return heldScripts.get();
    }

    private void passCable(byte[] buffer, int length) throws InterruptedException {
        CountDownLatch now = cable;
        if (now.getCount() > 0) {
            if (new String(buffer, 0, length, StandardCharsets.ISO_8859_1).contains("EVALSHA")) {
                heldScripts.incrementAndGet();
            }
            now.await();
        }
    }

    /** What is connected now hears nothing any more, and is not told; whoever connects anew gets through. */
    void leaveHalfOpen() {
        wires.forEach(wire -> wire.lost = true);
    }

    void resetAll() {
        wires.forEach(Wire::reset);
    }

    private void accept() {
        while (!door.isClosed()) {
            try {
                Socket client = door.accept();
                thread("proxy-wire", () -> serve(client));
            } catch (IOException ex) {
                return; // closed
            }
        }
    }

    private void serve(Socket client) {
        try {
            gate.await();
            Wire wire = new Wire(client, new Socket(InetAddress.getLoopbackAddress(), target));
            wires.add(wire);
            thread("proxy-replies", wire::replies);
            wire.requests();
        } catch (IOException | InterruptedException ex) {
            closed(client);
        }
    }

    private static void thread(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void closed(Socket socket) {
        try {
            socket.close();
        } catch (IOException ex) {
            return; // gone is what it was to be
        }
    }

    @Override
    public void close() {
        open();
        mendCable();
        try {
            door.close();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        resetAll();
    }

    private final class Wire {

        private final Socket client;
        private final Socket server;
        private volatile boolean deaf;
        private volatile boolean lost;
        private volatile boolean resets = true;

        Wire(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void requests() {
            try {
                InputStream in = client.getInputStream();
                OutputStream out = server.getOutputStream();
                byte[] buffer = new byte[256 * 1024];
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    Fault next = fault.get();
                    if (next != null
                            && new String(buffer, 0, n, StandardCharsets.ISO_8859_1).contains(next.text())
                            && fault.compareAndSet(next, null)) {
                        resets = next.reset();
                        if (next.requestToo()) {
                            cut();
                            return;
                        }
                        deaf = true;
                    }
                    passCable(buffer, n);
                    if (!lost) {
                        out.write(buffer, 0, n);
                    }
                }
            } catch (IOException | InterruptedException ex) {
                return; // closed in finally
            } finally {
                close();
            }
        }

        void replies() {
            try {
                InputStream in = server.getInputStream();
                OutputStream out = client.getOutputStream();
                byte[] buffer = new byte[256 * 1024];
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    if (deaf) {
                        cut();
                        return;
                    }
                    passCable(buffer, n);
                    if (!lost) {
                        out.write(buffer, 0, n);
                    }
                }
            } catch (IOException | InterruptedException ex) {
                return; // closed in finally
            } finally {
                close();
            }
        }

        private void cut() {
            cuts.incrementAndGet();
            close();
        }

        void reset() {
            resets = true;
            close();
        }

        private void close() {
            wires.remove(this);
            for (Socket end : new Socket[] {client, server}) {
                if (resets) {
                    try {
                        end.setSoLinger(true, 0);
                    } catch (IOException ex) {
                        continue; // closed already
                    }
                }
                closed(end);
            }
        }
    }
}
