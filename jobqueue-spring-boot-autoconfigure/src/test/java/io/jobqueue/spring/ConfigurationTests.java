package io.jobqueue.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.QueueSettings;
import io.jobqueue.spring.JobQueueProperties.Group;
import io.jobqueue.worker.WorkerSettings;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A setting stands in three places: the core's record, the metadata and {@code docs/configuration.md}. All three know
 * the same settings with the same defaults. {@code .ci/configuration} writes the table of the page.
 */
class ConfigurationTests {

    private static final Path PAGE = Path.of("..", "docs", "configuration.md");
    private static final Path TABLE = Path.of("target", "configuration", "table.md");

    /** The properties in the order of the page: those of the tree first, as the record declares them. */
    private static List<String> order;

    private static Map<String, JsonNode> metadata;

    @BeforeAll
    static void read() throws IOException {
        order = names("jobqueue", JobQueueProperties.class).toList();
        metadata = new TreeMap<>();
        for (JsonNode property : metadata().get("properties")) {
            metadata.put(property.get("name").stringValue(), property);
        }
    }

    /** The file of this module, not that of another jar. */
    private static JsonNode metadata() throws IOException {
        List<JsonNode> found = new ArrayList<>();
        Enumeration<URL> files =
                ConfigurationTests.class.getClassLoader().getResources("META-INF/spring-configuration-metadata.json");
        while (files.hasMoreElements()) {
            try (InputStream in = files.nextElement().openStream()) {
                JsonNode file = JsonMapper.shared().readTree(in);
                if (file.toString().contains("\"jobqueue.enabled\"")) {
                    found.add(file);
                }
            }
        }
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    /** The keys of all values below a key, without those of the maps. */
    private static Stream<String> names(String key, Class<?> record) {
        return Arrays.stream(record.getRecordComponents()).flatMap(component -> {
            String name = key + "." + DataObjectPropertyName.toDashedForm(component.getName());
            return component.getType().isRecord() ? names(name, component.getType()) : Stream.of(name);
        });
    }

    /** Without the switches of loops, which the core does not have: it starts what it is told to start. */
    private static List<String> withoutSwitches(Class<?> record) {
        return names("", record)
                .filter(name -> !Set.of(".worker.enabled", ".reclaimer.enabled").contains(name))
                .sorted()
                .toList();
    }

    @Test
    void everySettingOfTheCoreIsAPropertyAndTheOtherWayRound() {
        assertThat(Stream.concat(
                                names("", QueueSettings.class),
                                names(".worker", WorkerSettings.class)
                                        .map(name -> name.replace(".worker.drain", ".shutdown.drain")))
                        .sorted())
                .containsExactlyElementsOf(Stream.concat(
                                withoutSwitches(QueueProperties.class).stream(),
                                names(".shutdown", JobQueueProperties.Shutdown.class))
                        .sorted()
                        .toList());
    }

    @Test
    void allQueuesHaveTheGroupsOfOneQueue() {
        Map<String, Class<?>> groups = groups(JobQueueProperties.class);

        assertThat(groups).containsAllEntriesOf(groups(QueueProperties.class));
        groups.keySet().removeAll(groups(QueueProperties.class).keySet());
        assertThat(groups).containsOnlyKeys("shutdown");
    }

    private static Map<String, Class<?>> groups(Class<?> record) {
        return Arrays.stream(record.getRecordComponents())
                .filter(component -> Group.class.isAssignableFrom(component.getType()))
                .collect(Collectors.toMap(
                        RecordComponent::getName, RecordComponent::getType, (one, other) -> one, TreeMap::new));
    }

    @Test
    void everyPropertyIsDescribedForTheIde() {
        assertThat(metadata.keySet())
                .containsExactlyInAnyOrderElementsOf(Stream.concat(
                                order.stream(),
                                Stream.of(
                                        "jobqueue.health.max-wait",
                                        "jobqueue.outbox.continue-on-error",
                                        "jobqueue.outbox.enabled",
                                        "jobqueue.outbox.initialize-schema",
                                        "jobqueue.outbox.interval",
                                        "jobqueue.outbox.platform",
                                        "jobqueue.outbox.schema",
                                        "jobqueue.service-binding.enabled",
                                        "jobqueue.service-binding.name"))
                        .toList());
        assertThat(metadata).allSatisfy((name, property) -> assertThat(text(property, "description"))
                .as("description of " + name)
                .endsWith("."));
    }

    @Test
    void everyDefaultInTheMetadataIsTheDefaultOfTheCore() {
        Map<String, String> defaults = new TreeMap<>();
        metadata.forEach((name, property) -> {
            if (property.has("defaultValue")) {
                defaults.put(name, text(property, "defaultValue"));
            }
        });

        assertThat(metadata.keySet())
                .filteredOn(name -> !defaults.containsKey(name))
                .containsExactly(
                        "jobqueue.context-keys",
                        "jobqueue.health.max-wait",
                        "jobqueue.kinds",
                        "jobqueue.mdc-keys",
                        "jobqueue.outbox.platform",
                        "jobqueue.queues",
                        "jobqueue.recurring",
                        "jobqueue.service-binding.name");
        Applications.offline()
                .withPropertyValues(defaults.entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .toArray(String[]::new))
                .run(context -> {
                    JobQueueProperties set = context.getBean(JobQueueProperties.class);
                    assertThat(Arrays.stream(QueueProperties.class.getRecordComponents())
                                    .flatMap(group -> names("", group.getType())))
                            .as("all are set")
                            .hasSize((int) defaults.keySet().stream()
                                    .filter(name -> !name.startsWith("jobqueue.outbox.")
                                            && !List.of(
                                                            "jobqueue.enabled",
                                                            "jobqueue.key-prefix",
                                                            "jobqueue.default-queue",
                                                            "jobqueue.after-commit",
                                                            "jobqueue.check-rights",
                                                            "jobqueue.json.find-modules",
                                                            "jobqueue.shutdown.drain",
                                                            "jobqueue.service-binding.enabled")
                                                    .contains(name))
                                    .count());
                    Settings settings = context.getBean(Settings.class);
                    assertThat(set.keyPrefix()).isEqualTo(settings.keyPrefix()).isEqualTo("queue");
                    assertThat(set.defaultQueue())
                            .isEqualTo(settings.defaultQueue())
                            .isEqualTo("jobs");
                    assertThat(settings.queue("jobs")).isEqualTo(QueueSettings.defaults());
                    assertThat(settings.worker("jobs")).isEqualTo(WorkerSettings.defaults());
                    assertThat(settings.workersEnabled("jobs")).isTrue();
                    assertThat(settings.sweeps("jobs", true)).isTrue();
                });
    }

    @Test
    void thePageHasTheTableOfTheMetadata() throws IOException {
        String table = table();
        Files.createDirectories(TABLE.getParent());
        Files.writeString(TABLE, table);

        assertThat(Files.readString(PAGE))
                .as("docs/configuration.md has another table than the metadata; run .ci/configuration")
                .contains("<!-- table: begin -->\n" + table + "<!-- table: end -->\n");
    }

    /** The metadata does not reach into maps, so this table is written by hand. */
    @Test
    void thePageHasARowForEachPropertyOfAKind() throws IOException {
        assertThat(Files.readAllLines(PAGE))
                .filteredOn(line -> line.startsWith("| `jobqueue.kinds."))
                .extracting(line -> line.split("`")[1])
                .containsExactlyElementsOf(
                        names("jobqueue.kinds.<kind>", KindProperties.class).toList());
    }

    @Test
    void thePageHasARowForEachPropertyOfARecurringJob() throws IOException {
        assertThat(Files.readAllLines(PAGE))
                .filteredOn(line -> line.startsWith("| `jobqueue.recurring."))
                .extracting(line -> line.split("`")[1])
                .containsExactlyElementsOf(names("jobqueue.recurring.<name>", RecurringProperties.class)
                        .toList());
    }

    private static String table() {
        List<String> ofQueues = names("jobqueue", QueueProperties.class).toList();
        return Stream.concat(
                        Stream.of(
                                List.of("property", "default", "per queue", "meaning"),
                                List.of("---", "---", "---", "---")),
                        Stream.concat(order.stream(), metadata.keySet().stream().filter(name -> !order.contains(name)))
                                .map(name -> List.of(
                                        "`" + name + "`",
                                        metadata.get(name).has("defaultValue")
                                                ? "`" + text(metadata.get(name), "defaultValue") + "`"
                                                : "",
                                        ofQueues.contains(name) ? "yes" : "",
                                        text(metadata.get(name), "description"))))
                .map(row -> "| " + String.join(" | ", row) + " |\n")
                .collect(Collectors.joining());
    }

    private static String text(JsonNode property, String field) {
        JsonNode value = property.path(field);
        return value.isString() ? value.stringValue() : value.toString();
    }
}
