package io.jobqueue.spring.binding;

import io.jobqueue.spring.JobQueueStartException;
import io.jobqueue.spring.binding.BoundService.Credentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the services that an application is bound to.
 *
 * <p>This class reads {@code VCAP_SERVICES} itself. Spring Boot also turns it into properties, but only for one service
 * of each name, and only if it detects the platform.
 */
final class BoundServices {

    static final String VCAP = "VCAP_SERVICES";
    static final String VCAP_FILE = "VCAP_SERVICES_FILE_PATH";
    static final String ROOT = "SERVICE_BINDING_ROOT";

    /** The property source that Spring Boot fills from VCAP_SERVICES. */
    private static final String BOOTS_VCAP = "vcap";

    private static final long LARGEST_ENTRY = 1 << 20;

    private final ConfigurableEnvironment environment;

    BoundServices(ConfigurableEnvironment environment) {
        this.environment = environment;
    }

    /**
     * What the platform says: {@code VCAP_SERVICES}, or the file that replaces it, and the folders of
     * {@code SERVICE_BINDING_ROOT}.
     *
     * @throws JobQueueStartException when it cannot be read
     */
    List<BoundService> ofPlatform() {
        List<BoundService> services = new ArrayList<>();
        String json = raw(VCAP);
        String file = raw(VCAP_FILE);
        if (json != null) {
            services.addAll(vcap(json, VCAP));
        } else if (file != null) {
            services.addAll(vcap(read(file), VCAP_FILE));
        }
        String root = raw(ROOT);
        if (root != null) {
            services.addAll(folders(root));
        }
        return services;
    }

    /** What is typed under {@code vcap.services} or {@code vcap:services} in any configuration. */
    List<BoundService> ofConfiguration() {
        List<BoundService> services = new ArrayList<>();
        Set<String> lists = new HashSet<>();
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            boolean isBoots = source.getUnderlyingSource() instanceof PropertySource<?> underlying
                    && underlying.getName().equals(BOOTS_VCAP);
            if (source instanceof IterableConfigurationPropertySource iterable && !isBoots) {
                Map<String, Typed> found = new LinkedHashMap<>();
                iterable.stream().forEach(name -> collect(iterable, name, found));
                // as everywhere in Spring Boot, a list comes from one source as a whole
                Set<String> hidden = Set.copyOf(lists);
                found.values().stream()
                        .filter(service -> !hidden.contains(service.list))
                        .forEach(service -> {
                            lists.add(service.list);
                            services.add(service.toService());
                        });
            }
        }
        return services;
    }

    /** Without the placeholders that a property would resolve: a password may look like one. */
    private @Nullable String raw(String variable) {
        for (PropertySource<?> source : environment.getPropertySources()) {
            Object value = ConfigurationPropertySources.isAttachedConfigurationPropertySource(source)
                    ? null
                    : source.getProperty(variable);
            if (value != null && !value.toString().isBlank()) {
                return value.toString();
            }
        }
        return null;
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException | InvalidPathException ex) {
            throw new JobQueueStartException(
                    "The file that %s names cannot be read.".formatted(VCAP_FILE),
                    "Correct the path, or remove the variable.");
        }
    }

    private static List<BoundService> vcap(String json, String source) {
        JsonNode root;
        try {
            root = JsonMapper.shared().readTree(json);
        } catch (JacksonException ex) {
            // neither its message nor its stack trace: they may quote what stands there
            TokenStreamLocation location = ex.getLocation();
            throw notReadable(
                    source,
                    location == null
                            ? "is no JSON"
                            : "is no JSON at line %s, column %s; it has %s characters"
                                    .formatted(location.getLineNr(), location.getColumnNr(), json.length()));
        }
        if (!root.isObject()) {
            throw notReadable(source, "is JSON, but no object with a list of services for each label");
        }
        List<BoundService> services = new ArrayList<>();
        root.properties().forEach(label -> {
            List<JsonNode> elements =
                    label.getValue().isArray() ? List.copyOf(label.getValue().values()) : List.of(label.getValue());
            for (int i = 0; i < elements.size(); i++) {
                if (elements.get(i).isObject()) {
                    services.add(vcapService(source, label.getKey(), i, elements.get(i)));
                }
            }
        });
        return services;
    }

    private static JobQueueStartException notReadable(String source, String why) {
        return new JobQueueStartException(
                "The services that the application is bound to cannot be read: %s %s.".formatted(source, why),
                "Correct it, or set 'jobqueue.service-binding.enabled' to false if it is not meant for this application.");
    }

    private static BoundService vcapService(String source, String key, int index, JsonNode node) {
        Credentials credentials = new Credentials(source + ": " + key + "[" + index + "].credentials.");
        flatten("", node.path("credentials"), credentials);
        String label = text(node.path("label"), key);
        List<String> tags =
                node.path("tags").values().stream().map(tag -> text(tag, "")).toList();
        return new BoundService(source, text(node.path("name"), label), label, tags, false, credentials);
    }

    private static void flatten(String key, JsonNode node, Credentials credentials) {
        if (node.isObject()) {
            String prefix = key.isEmpty() ? "" : key + ".";
            node.properties().forEach(entry -> flatten(prefix + entry.getKey(), entry.getValue(), credentials));
        } else if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                flatten(key + "[" + i + "]", node.path(i), credentials);
            }
        } else if (!key.isEmpty()) {
            credentials.add(key, text(node, ""), false);
        }
    }

    private static String text(JsonNode node, String otherwise) {
        String text = node.isValueNode() && !node.isNull() ? node.asString() : "";
        return text.isBlank() ? otherwise : text;
    }

    private void collect(
            IterableConfigurationPropertySource source, ConfigurationPropertyName name, Map<String, Typed> found) {
        int start = prefix(name);
        int credentials = start;
        while (credentials < name.getNumberOfElements()
                && !name.getElement(credentials, Form.UNIFORM).equals("credentials")
                && !name.isNumericIndex(credentials)) {
            credentials++;
        }
        if (start == 0 || credentials == start || credentials >= name.getNumberOfElements()) {
            return;
        }
        String list = path(name, start, credentials);
        boolean isListed = name.isNumericIndex(credentials);
        int attribute = isListed ? credentials + 1 : credentials;
        if (attribute >= name.getNumberOfElements()) {
            return;
        }
        String service = path(name, 0, attribute);
        Typed typed = found.computeIfAbsent(service, key -> new Typed(list, key));
        ConfigurationProperty property = source.getConfigurationProperty(name);
        if (property != null) {
            typed.add(path(name, attribute, name.getNumberOfElements()), property);
        }
    }

    /** How many elements come before the label: {@code vcap.services}, or {@code vcap:services}; else 0. */
    private static int prefix(ConfigurationPropertyName name) {
        int elements = name.getNumberOfElements();
        if (elements > 1 && name.getElement(0, Form.UNIFORM).equals("vcapservices")) {
            return 1;
        }
        boolean isVcap = elements > 2
                && name.getElement(0, Form.UNIFORM).equals("vcap")
                && name.getElement(1, Form.UNIFORM).equals("services");
        return isVcap ? 2 : 0;
    }

    private static String path(ConfigurationPropertyName name, int from, int to) {
        StringBuilder path = new StringBuilder();
        for (int i = from; i < to; i++) {
            String element = name.getElement(i, Form.ORIGINAL);
            if (name.isNumericIndex(i)) {
                path.append('[').append(element).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(element);
            }
        }
        return path.toString();
    }

    private static List<BoundService> folders(String root) {
        List<Path> folders;
        try (Stream<Path> children = Files.list(Path.of(root))) {
            // Kubernetes keeps the versions of a secret in folders that begin with two dots
            folders = children.filter(path -> Files.isDirectory(path)
                            && !path.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        } catch (InvalidPathException | IOException ex) {
            // the variable may be set where nothing is mounted
            return List.of();
        }
        return folders.stream().flatMap(BoundServices::folder).toList();
    }

    private static Stream<BoundService> folder(Path folder) {
        String type = entry(folder.resolve("type"), true);
        if (type.isBlank()) {
            return Stream.empty();
        }
        String name = folder.getFileName().toString();
        List<String> tags = List.of(entry(folder.resolve("provider"), true));
        // what is not meant for us may be unreadable
        boolean isOther = !BoundService.isRedisByLabel(type, tags);
        Credentials credentials = new Credentials(ROOT + ": " + name + "/");
        try (Stream<Path> entries = Files.list(folder)) {
            entries.filter(path -> Files.isRegularFile(path)
                            && !path.getFileName().toString().startsWith("."))
                    .sorted()
                    .forEach(path -> credentials.add(path.getFileName().toString(), entry(path, isOther), false));
        } catch (IOException ex) {
            if (!isOther) {
                throw unreadable(folder);
            }
        }
        return Stream.of(new BoundService(ROOT, name, type.strip(), tags, true, credentials));
    }

    /** The text of a file without the line breaks that editors and shells leave at its end. */
    private static String entry(Path file, boolean isOptional) {
        try {
            if (!Files.isRegularFile(file) || Files.size(file) > LARGEST_ENTRY) {
                return "";
            }
            String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
            int end = text.length();
            while (end > 0 && (text.charAt(end - 1) == '\n' || text.charAt(end - 1) == '\r')) {
                end--;
            }
            return text.substring(0, end);
        } catch (IOException ex) {
            if (isOptional) {
                return "";
            }
            throw unreadable(file);
        }
    }

    private static JobQueueStartException unreadable(Path path) {
        return new JobQueueStartException(
                "The service binding cannot be read: %s.".formatted(path),
                "Let the application's user read it, or set 'jobqueue.service-binding.enabled' to false.");
    }

    /** One service of the configuration, while its properties are collected. */
    private final class Typed {

        private final String list;
        private final Credentials credentials;
        private final Map<String, String> attributes = new LinkedHashMap<>();
        private String origin = "";

        Typed(String list, String key) {
            this.list = list;
            this.credentials = new Credentials(key + ".credentials.");
        }

        void add(String path, ConfigurationProperty property) {
            String text = String.valueOf(property.getValue());
            boolean isUnresolved = false;
            try {
                text = environment.resolveRequiredPlaceholders(text);
            } catch (IllegalArgumentException ex) {
                isUnresolved = true; // a failure only for the service that is used
            }
            if (path.startsWith("credentials.")) {
                credentials.add(path.substring("credentials.".length()), text, isUnresolved);
            } else {
                attributes.put(path, text);
            }
            if (origin.isEmpty() && property.getOrigin() != null) {
                origin = " (" + property.getOrigin() + ")";
            }
        }

        BoundService toService() {
            String label = attribute("label", list);
            List<String> tags = new ArrayList<>();
            attributes.forEach((path, text) -> {
                if (path.equals("tags") || path.startsWith("tags[")) {
                    tags.addAll(List.of(text.split("\\s*,\\s*")));
                }
            });
            return new BoundService(
                    "vcap.services" + origin, attribute("name", label), label, tags, false, credentials);
        }

        private String attribute(String name, String otherwise) {
            String text = attributes.getOrDefault(name, "");
            return text.isBlank() ? otherwise : text;
        }
    }
}
