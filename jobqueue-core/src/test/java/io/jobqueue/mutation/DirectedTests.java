package io.jobqueue.mutation;

import static org.junit.platform.engine.discovery.ClassNameFilter.excludeClassNamePatterns;
import static org.junit.platform.engine.discovery.ClassNameFilter.includeClassNamePatterns;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectUniqueId;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.UniqueId;
import org.junit.platform.engine.reporting.ReportEntry;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs single test methods in this JVM, on a redis-server that they share. A script that never ends blocks that server; then
 * the server is killed, the test fails, and the next test gets another server.
 */
final class DirectedTests implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor();
    private LauncherSession session;
    private Map<String, String> server;
    private RedisClient client;

    DirectedTests() {
        open();
    }

    /** From now on a script that runs for more than a second costs its server its life. */
    void expectScriptsThatNeverEnd() {
        limitScripts();
        watch.scheduleWithFixedDelay(this::killServerThatIsStuck, 1, 1, TimeUnit.SECONDS);
    }

    private void limitScripts() {
        try (var connection = client.connect()) {
            connection.sync().configSet("lua-time-limit", "1000");
        }
    }

    private synchronized void open() {
        session = LauncherFactory.openSession(LauncherConfig.builder()
                .enableTestExecutionListenerAutoRegistration(false)
                .enableLauncherSessionListenerAutoRegistration(false)
                .build());
        Map<String, String> reported = new HashMap<>();
        session.getLauncher().execute(request(selectClass(ServerProbe.class)), new TestExecutionListener() {
            @Override
            public void reportingEntryPublished(TestIdentifier test, ReportEntry entry) {
                reported.putAll(entry.getKeyValuePairs());
            }
        });
        server = reported;
        client = RedisClient.create(uri(PATIENCE));
    }

    RedisURI uri(Duration timeout) {
        RedisURI uri = RedisURI.create(server.get("uri"));
        uri.setTimeout(timeout);
        return uri;
    }

    /** All methods of the directed tests. */
    List<UniqueId> find(String packageName, String classes, String exceptClasses, List<String> furtherClasses) {
        List<DiscoverySelector> selectors = new ArrayList<>();
        selectors.add(selectPackage(packageName));
        furtherClasses.forEach(each -> selectors.add(selectClass(each)));
        TestPlan plan = session.getLauncher()
                .discover(builder()
                        .selectors(selectors)
                        .filters(
                                includeClassNamePatterns(classes),
                                excludeClassNamePatterns(exceptClasses),
                                TagFilter.excludeTags("story", "soak"))
                        .build());
        return plan.getRoots().stream()
                .flatMap(root -> plan.getDescendants(root).stream())
                .filter(test ->
                        test.getSource().filter(MethodSource.class::isInstance).isPresent())
                .map(TestIdentifier::getUniqueIdObject)
                .toList();
    }

    /** Runs a test; returns what failed first. */
    Optional<Throwable> run(UniqueId test) {
        List<Throwable> failures = new ArrayList<>();
        session.getLauncher().execute(request(selectUniqueId(test)), new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier finished, TestExecutionResult result) {
                if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                    failures.add(result.getThrowable().orElseThrow());
                }
            }
        });
        if (!failures.isEmpty() && !answers()) {
            reopen();
        }
        return failures.stream().findFirst();
    }

    private static LauncherDiscoveryRequest request(DiscoverySelector selector) {
        return builder().selectors(selector).build();
    }

    private static LauncherDiscoveryRequestBuilder builder() {
        return LauncherDiscoveryRequestBuilder.request()
                .configurationParameter("junit.jupiter.execution.timeout.default", "15 s")
                .configurationParameter("junit.jupiter.execution.timeout.thread.mode.default", "SEPARATE_THREAD");
    }

    private synchronized boolean answers() {
        try (var connection = client.connect()) {
            return connection.sync().ping().equals("PONG");
        } catch (RedisException ex) {
            return false; // it is busy with a script, or gone
        }
    }

    private synchronized void killServerThatIsStuck() {
        if (!answers()) {
            killServer();
        }
    }

    private void killServer() {
        ProcessHandle.of(Long.parseLong(server.get("pid"))).ifPresent(ProcessHandle::destroyForcibly);
    }

    private synchronized void reopen() {
        killServer();
        client.shutdown();
        session.close();
        open();
        limitScripts();
    }

    @Override
    public void close() {
        watch.shutdownNow();
        client.shutdown();
        session.close();
    }
}
