package io.jobqueue.embedded;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.concurrent.TimeUnit;

/**
 * A certificate for servers on the loopback interface, made on the spot by the keytool of the JDK. It is its own CA.
 *
 * @param pem the certificate as PEM text: what a client has to trust
 * @param certificate the file that holds it
 * @param key the file that holds its private key
 */
public record SelfSignedCertificate(String pem, Path certificate, Path key) {

    private static final String STORE_PASSWORD = "changeit";

    /**
     * Makes one for {@code localhost}, {@code 127.0.0.1} and {@code ::1}.
     *
     * @param folder where its files go
     */
    public static SelfSignedCertificate in(Path folder) {
        Path store = folder.resolve("server.p12");
        try {
            keytool(store);
            KeyStore keys = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(store)) {
                keys.load(in, STORE_PASSWORD.toCharArray());
            }
            String pem = pem("CERTIFICATE", keys.getCertificate("server").getEncoded());
            String key = pem(
                    "PRIVATE KEY",
                    keys.getKey("server", STORE_PASSWORD.toCharArray()).getEncoded());
            return new SelfSignedCertificate(
                    pem,
                    Files.writeString(folder.resolve("server.crt"), pem),
                    Files.writeString(folder.resolve("server.key"), key));
        } catch (IOException ex) {
            throw new UncheckedIOException("no certificate could be made in " + folder, ex);
        } catch (GeneralSecurityException ex) {
            throw new IllegalStateException("no certificate could be made in " + folder, ex);
        }
    }

    /** The flags that let a redis-server speak TLS on a port, ask for this password, and nothing else. */
    public String[] flags(int port, String password) {
        return new String[] {
            "--port", "0",
            "--tls-port", String.valueOf(port),
            "--tls-cert-file", certificate.toString(),
            "--tls-key-file", key.toString(),
            "--tls-ca-cert-file", certificate.toString(),
            "--tls-auth-clients", "no",
            "--requirepass", password
        };
    }

    private static void keytool(Path store) throws IOException {
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "server",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=jobqueue test",
                        "-ext",
                        "san=dns:localhost,ip:127.0.0.1,ip:0:0:0:0:0:0:0:1",
                        "-validity",
                        "3650",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        STORE_PASSWORD)
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!keytool.waitFor(60, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
                throw new IOException("keytool failed: " + said);
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while keytool ran", ex);
        }
    }

    private static String pem(String type, byte[] bytes) {
        return "-----BEGIN %s-----%n%s%n-----END %s-----%n"
                .formatted(type, Base64.getMimeEncoder().encodeToString(bytes), type)
                .replace("\r", "");
    }
}
