package io.jobqueue.embedded;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Resolves {@link EmbeddedRedis} parameters from the {@link RedisServer} annotation of the test class. All test classes of
 * a JVM that ask for the same flags share one server, which is emptied before each test.
 */
final class RedisServerExtension implements ParameterResolver, BeforeEachCallback {

    private static final ExtensionContext.Namespace SERVERS =
            ExtensionContext.Namespace.create(RedisServerExtension.class);

    @Override
    public void beforeEach(ExtensionContext context) {
        flush(server(context));
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == EmbeddedRedis.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return server(context);
    }

    private static EmbeddedRedis server(ExtensionContext context) {
        Class<?> test = context.getRequiredTestClass();
        RedisServer annotation = test.getAnnotation(RedisServer.class);
        while (annotation == null && test.getEnclosingClass() != null) {
            test = test.getEnclosingClass();
            annotation = test.getAnnotation(RedisServer.class);
        }
        String[] flags = annotation == null ? new String[0] : annotation.value();
        // Surefire runs each class as a launch of its own, so the root context lives only as long as one class
        return context.getStore(ExtensionContext.StoreScope.LAUNCHER_SESSION, SERVERS)
                .computeIfAbsent(Arrays.toString(flags), key -> EmbeddedRedis.start(flags), EmbeddedRedis.class);
    }

    /** Needs no client library: the module has none. */
    private static void flush(EmbeddedRedis redis) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), redis.port())) {
            socket.getOutputStream().write("FLUSHALL\r\n".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            String answer = new String(in.readNBytes(5), StandardCharsets.US_ASCII);
            if (!answer.equals("+OK\r\n")) {
                throw new IllegalStateException("FLUSHALL answered " + answer.strip());
            }
        } catch (IOException ex) {
            throw new UncheckedIOException("cannot empty the embedded redis-server at port " + redis.port(), ex);
        }
    }
}
