package io.jobqueue.sample;

import io.jobqueue.JobQueue;
import io.jobqueue.embedded.EmbeddedRedis;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.opentest4j.TestAbortedException;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The application as a command line starts it, asked over HTTP. */
record RunningSample(ConfigurableApplicationContext context, String url) implements AutoCloseable {

    private static final JsonMapper JSON = new JsonMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** One answer. */
    record Answer(int status, String type, String text) {

        JsonNode json() {
            return JSON.readTree(text);
        }
    }

    static EmbeddedRedis redis() {
        if (!EmbeddedRedis.isSupported()) {
            throw new TestAbortedException("skipped: no redis-server is carried for this platform");
        }
        return EmbeddedRedis.start();
    }

    static RunningSample on(EmbeddedRedis redis, String... more) {
        List<String> arguments = new ArrayList<>(
                List.of("--port=0", "--redis-host=127.0.0.1", "--redis-port", String.valueOf(redis.port())));
        arguments.addAll(List.of(more));
        CommandLine line = CommandLine.parse(arguments.toArray(String[]::new));
        if (line.answer() != null) {
            throw new AssertionError(line.answer());
        }
        ConfigurableApplicationContext context = SampleApplication.start(line);
        return new RunningSample(
                context, "http://127.0.0.1:" + context.getEnvironment().getProperty("local.server.port"));
    }

    /** Ends what a test class began, the server last; what did not come to be is {@code null}. */
    static void stop(EmbeddedRedis redis, RunningSample... samples) {
        for (RunningSample sample : samples) {
            if (sample != null) {
                sample.close();
            }
        }
        if (redis != null) {
            redis.close();
        }
    }

    @Override
    public void close() {
        context.close();
    }

    /** The queue of the demo, unless it has another name. */
    JobQueue queue() {
        return context.getBean(JobQueue.class).on("jobs");
    }

    JsonNode stats() {
        return get("/stats").json();
    }

    long number(String name) {
        return stats().get(name).asLong();
    }

    Answer get(String path) {
        return send("GET", path);
    }

    /** Posts a form of names and values in turn. */
    Answer post(String path, Object... fields) {
        return send("POST", path, fields);
    }

    Answer send(String method, String path, Object... fields) {
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < fields.length; i += 2) {
            body.append(i == 0 ? "" : "&")
                    .append(fields[i])
                    .append('=')
                    .append(URLEncoder.encode(String.valueOf(fields[i + 1]), StandardCharsets.UTF_8));
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path));
        if (method.equals("GET")) {
            request.GET();
        } else {
            request.header("Content-Type", "application/x-www-form-urlencoded")
                    .method(method, HttpRequest.BodyPublishers.ofString(body.toString()));
        }
        return send(request.build());
    }

    static Answer send(HttpRequest request) {
        try {
            HttpResponse<String> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            return new Answer(
                    response.statusCode(),
                    response.headers().firstValue("Content-Type").orElse(""),
                    response.body());
        } catch (IOException ex) {
            throw new AssertionError(ex);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(ex);
        }
    }
}
