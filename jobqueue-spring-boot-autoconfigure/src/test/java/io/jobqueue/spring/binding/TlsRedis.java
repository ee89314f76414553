package io.jobqueue.spring.binding;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.SelfSignedCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;

/** A real server that wants TLS, by a certificate that nobody else trusts, and a password. */
final class TlsRedis implements AutoCloseable {

    static final String PASSWORD = "c4nary-${HOME}-p@ss/w#rd";

    private final EmbeddedRedis redis;
    private final SelfSignedCertificate certificate;

    private TlsRedis(EmbeddedRedis redis, SelfSignedCertificate certificate) {
        this.redis = redis;
        this.certificate = certificate;
    }

    static TlsRedis start(Path folder) throws IOException {
        SelfSignedCertificate certificate = SelfSignedCertificate.in(folder);
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        return new TlsRedis(EmbeddedRedis.startOn(port, certificate.flags(port, PASSWORD)), certificate);
    }

    int port() {
        return redis.port();
    }

    String pem() {
        return certificate.pem();
    }

    /** The credentials of a broker, as JSON. */
    String credentials() {
        return "{\"host\":\"127.0.0.1\",\"tls_port\":%d,\"password\":\"%s\",\"ca_certificate\":\"%s\"}"
                .formatted(port(), PASSWORD, pem().replace("\n", "\\n"));
    }

    /** VCAP_SERVICES with nothing but this server. */
    String vcapServices() {
        return "{\"p.redis\":[{\"name\":\"work\",\"label\":\"p.redis\",\"tags\":[\"pivotal\",\"redis\"],\"credentials\":%s}]}"
                .formatted(credentials());
    }

    @Override
    public void close() {
        redis.close();
    }
}
