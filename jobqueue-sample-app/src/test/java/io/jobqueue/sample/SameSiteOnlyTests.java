package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.sample.RunningSample.Answer;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which requests the sample refuses because another site may have sent them through somebody's browser. */
@Timeout(120)
class SameSiteOnlyTests {

    private static EmbeddedRedis redis;
    private static RunningSample sample;

    @BeforeAll
    static void start() {
        redis = RunningSample.redis();
        sample = RunningSample.on(redis, "--sample.allowed-hosts=Demo.example");
    }

    @AfterAll
    static void stop() {
        RunningSample.stop(redis, sample);
    }

    @BeforeEach
    void enqueueOneJob() {
        sample.post("/reset");
        sample.post("/enqueue");
    }

    /** DNS rebinding: the browser believes that the attacker's name belongs to this server, and sends that name. */
    @ParameterizedTest
    @CsvSource({
        "GET, /",
        "GET, /stats",
        "GET, /jobs",
        "GET, /census",
        "GET, /demo.js",
        "GET, /nothing",
        "POST, /reset",
        "POST, /enqueue",
        "POST, /census"
    })
    void refusesEveryRequestForAnotherHost(String method, String path) throws IOException {
        String answer = raw(method, path, "evil.example:" + port());

        assertThat(answer)
                .startsWith("HTTP/1.1 403")
                .contains("application/json")
                .endsWith("{\"error\":\"this server does not answer to the host 'evil.example'; to allow it, add it to"
                        + " 'sample.allowed-hosts'\"}");
        assertThat(sample.number("pending_depth")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "evil-localhost",
                "demo.example.evil.example",
                "sub.demo.example",
                "192.0.2.1",
                "[2001:db8::1]",
                "0.0.0.0"
            })
    void refusesHostsThatOnlyResembleItsOwn(String host) throws IOException {
        assertThat(raw("POST", "/reset", host + ":" + port())).startsWith("HTTP/1.1 403");
        assertThat(sample.number("pending_depth")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"localhost", "LOCALHOST", "localhost.", "app.localhost", "127.0.0.1", "[::1]", "demo.EXAMPLE"})
    void answersToItsOwnHostsWithAnyPort(String host) throws IOException {
        assertThat(raw("GET", "/stats", host)).startsWith("HTTP/1.1 200");
        assertThat(raw("GET", "/stats", host + ":" + port())).startsWith("HTTP/1.1 200");
        // a port that was mapped, as in a container
        assertThat(raw("POST", "/reclaim", host + ":18080")).startsWith("HTTP/1.1 200");
    }

    /** Browsers that send no Sec-Fetch-Site send an Origin. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://evil.example",
                "https://127.0.0.1",
                "http://localhost:1",
                "null",
                "",
                "not an origin",
                "http://evil.example:80/127.0.0.1"
            })
    void refusesAnotherOrigin(String origin) {
        for (String path : new String[] {"/reset", "/enqueue", "/workers/start", "/sweep", "/census"}) {
            Answer answer = RunningSample.send(request(path)
                    .header("Origin", origin)
                    .POST(HttpRequest.BodyPublishers.noBody())
                    .build());

            assertThat(answer.status()).as(path).isEqualTo(403);
            assertThat(answer.json().get("error").asString()).isEqualTo("a page of another site may not do that");
        }
        assertThat(sample.number("pending_depth")).isEqualTo(1);
        assertThat(sample.number("workers_running")).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"cross-site", "same-site"})
    void refusesCrossSiteRequestsWhateverTheOriginIs(String site) {
        HttpRequest request = request("/reset")
                .header("Sec-Fetch-Site", site)
                .header("Origin", sample.url())
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();

        assertThat(RunningSample.send(request).status()).isEqualTo(403);
        assertThat(sample.number("pending_depth")).isEqualTo(1);
    }

    @Test
    void servesItsOwnPagesAndClientsThatAreNoBrowsers() {
        HttpRequest page = request("/reset")
                .header("Sec-Fetch-Site", "same-origin")
                .header("Origin", sample.url())
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        HttpRequest oldPage = request("/reset")
                .header("Origin", sample.url().toUpperCase(java.util.Locale.ROOT))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();

        assertThat(RunningSample.send(page).status()).isEqualTo(200);
        assertThat(RunningSample.send(oldPage).status()).isEqualTo(200);
        assertThat(sample.post("/reset").status()).isEqualTo(200);
    }

    @Test
    void aLinkOnAnotherSiteMayOpenThePages() {
        HttpRequest link = request("/").header("Sec-Fetch-Site", "cross-site").build();

        assertThat(RunningSample.send(link).status()).isEqualTo(200);
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(sample.url() + path));
    }

    private static int port() {
        return URI.create(sample.url()).getPort();
    }

    /** The JDK's client does not let callers choose the Host header. */
    private static String raw(String method, String path, String host) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port())) {
            socket.getOutputStream()
                    .write("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                            .formatted(method, path, host)
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
