package io.jobqueue.spring;

import io.jobqueue.spring.JobQueueProperties.Group;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/**
 * Warns once at the start about keys below {@code jobqueue} that have no effect: keys that nothing reads, and settings
 * of kinds and queues without a handler. Spring Boot ignores both silently. Each warning names the nearest key or name.
 */
final class UnreadKeys {

    private static final Logger log = LoggerFactory.getLogger(UnreadKeys.class);

    private static final ConfigurationPropertyName ROOT = ConfigurationPropertyName.of("jobqueue");
    private static final ConfigurationPropertyName QUEUES = ROOT.append("queues");
    private static final ConfigurationPropertyName KINDS = ROOT.append("kinds");
    private static final ConfigurationPropertyName RECURRING = ROOT.append("recurring");
    private static final String NOT_FOR_VARIABLES = "The name of an environment variable cannot say it; set ";
    private static final int MOST_WARNINGS = 20;
    private static final int MOST_NAMES = 10;

    /** Kubernetes sets these in every pod, for a service whose name begins with jobqueue. */
    private static final Pattern OF_KUBERNETES = Pattern.compile(
            "JOBQUEUE(_.*)?_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT|PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");

    /** Read before there are beans, by the service bindings and by a condition. */
    private static final List<String> WITHOUT_BEANS =
            List.of("jobqueue.service-binding.enabled", "jobqueue.service-binding.name", "jobqueue.outbox.enabled");

    private final ConfigurableEnvironment environment;
    private final JobQueueProperties properties;
    private final Supplier<? extends Collection<ConfigurationPropertyName>> bound;

    /**
     * Creates the check.
     *
     * @param bound the names of all properties that became part of an object, those of other modules included
     */
    UnreadKeys(
            ConfigurableEnvironment environment,
            JobQueueProperties properties,
            Supplier<? extends Collection<ConfigurationPropertyName>> bound) {
        this.environment = environment;
        this.properties = properties;
        this.bound = bound;
    }

    /**
     * A key as it was written.
     *
     * @param text the key, or the name of the environment variable
     * @param name the property that Spring Boot makes of it
     */
    private record Key(String text, ConfigurationPropertyName name, boolean isVariable, String origin) {

        String words() {
            return (isVariable ? "The environment variable '%s'%s" : "'%s'%s").formatted(text, origin);
        }
    }

    /**
     * Warns of all keys without effect.
     *
     * @param kinds the kinds that have a handler
     * @param queues the queues that this application uses
     */
    void warn(Collection<String> kinds, Collection<String> queues) {
        Set<String> usedQueues = new TreeSet<>(queues);
        properties.queues().forEach((name, queue) -> {
            if (queue.worker().enabled() != null || queue.reclaimer().enabled() != null) {
                usedQueues.add(name);
            }
        });
        List<Key> keys = keys();
        List<String> warnings = new ArrayList<>(unread(keys, candidates(kinds, usedQueues)));
        if (!kinds.isEmpty()) {
            warnings.addAll(unknownKinds(keys, kinds));
            warnings.addAll(unknownQueues(keys, usedQueues));
        }
        warnings.stream().limit(MOST_WARNINGS).forEach(log::warn);
        if (warnings.size() > MOST_WARNINGS) {
            log.warn("{} more keys below 'jobqueue' have no effect", warnings.size() - MOST_WARNINGS);
        }
    }

    // ---- the keys that were written

    private List<Key> keys() {
        Map<String, Key> keys = new TreeMap<>();
        for (PropertySource<?> source : environment.getPropertySources()) {
            if (source instanceof EnumerablePropertySource<?> enumerable) {
                boolean ofVariables = source instanceof SystemEnvironmentPropertySource;
                for (String text : enumerable.getPropertyNames()) {
                    if (text.startsWith("j") || text.startsWith("J")) {
                        ConfigurationPropertyName name = ConfigurationPropertyName.adapt(
                                ofVariables ? lower(text) : text, ofVariables ? '_' : '.');
                        if (ROOT.isAncestorOf(name)
                                && !OF_KUBERNETES.matcher(text).matches()) {
                            keys.putIfAbsent(text, new Key(text, name, ofVariables, origin(source, text)));
                        }
                    }
                }
            }
        }
        return List.copyOf(keys.values());
    }

    private static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    private static String origin(PropertySource<?> source, String text) {
        Origin origin = OriginLookup.getOrigin(source, text);
        return origin == null || source instanceof SystemEnvironmentPropertySource ? "" : " (" + origin + ")";
    }

    // ---- keys that nothing reads

    private List<String> unread(List<Key> keys, List<String> candidates) {
        Set<ConfigurationPropertyName> read = new HashSet<>(bound.get());
        Stream.concat(leaves("jobqueue", JobQueueProperties.class), WITHOUT_BEANS.stream())
                .map(ConfigurationPropertyName::of)
                .forEach(read::add);
        Set<String> variables = new HashSet<>();
        read.forEach(name -> {
            variables.add(variable(name.toString()));
            variables.add(variable(name.toString().replace('-', '_')));
        });
        return keys.stream()
                .filter(key -> !read.contains(key.name()) && read.stream().noneMatch(key.name()::isAncestorOf))
                .filter(key -> !isEntry(key.name()))
                .filter(key ->
                        !key.isVariable() || !variables.contains(key.text().toUpperCase(Locale.ROOT)))
                .map(key -> key.words() + " is not read" + suggestion(key, candidates))
                .toList();
    }

    /** Whether a name is that of a map or of one of its entries, as written by an empty block of YAML. */
    private static boolean isEntry(ConfigurationPropertyName name) {
        return Stream.of(QUEUES, KINDS, RECURRING).anyMatch(map -> map.equals(name) || map.isParentOf(name));
    }

    private static String suggestion(Key key, List<String> candidates) {
        Optional<String> nearest =
                Nearest.of(key.name().toString(), candidates).or(() -> withTheSameEnd(key, candidates));
        if (nearest.isEmpty()) {
            return ", because jobqueue has no such property.";
        }
        String candidate = nearest.get();
        if (!key.isVariable()) {
            int bracket = candidate.indexOf('[');
            return ". Did you mean '%s'?".formatted(candidate)
                    + (bracket < 0
                            ? ""
                            : " In YAML, brackets need quotes: \"%s\"."
                                    .formatted(candidate.substring(bracket, candidate.indexOf(']') + 1)));
        }
        return isVariable(candidate)
                ? ". Did you mean '%s'?".formatted(variable(candidate))
                : ". Did you mean '%s'? %sit in a file or in SPRING_APPLICATION_JSON."
                        .formatted(candidate, NOT_FOR_VARIABLES);
    }

    /** Finds a property of another group, of the same queue or kind if there is one. */
    private static Optional<String> withTheSameEnd(Key key, List<String> candidates) {
        ConfigurationPropertyName name = key.name();
        String end = "." + name.getLastElement(Form.DASHED);
        String start = name.chop(Math.min(3, name.getNumberOfElements() - 1)) + ".";
        return candidates.stream()
                .filter(candidate -> candidate.endsWith(end))
                .min(Comparator.<String, Boolean>comparing(candidate -> !candidate.startsWith(start))
                        .thenComparingInt(candidate -> Nearest.distance(name.toString(), candidate)));
    }

    /** All keys that would have an effect. */
    private List<String> candidates(Collection<String> kinds, Collection<String> queues) {
        return Stream.of(
                        leaves("jobqueue", JobQueueProperties.class),
                        WITHOUT_BEANS.stream(),
                        queues.stream()
                                .flatMap(queue -> leaves(
                                        "jobqueue.queues" + PropertiesCheck.element(queue), QueueProperties.class)),
                        kinds.stream()
                                .flatMap(kind ->
                                        leaves("jobqueue.kinds" + PropertiesCheck.element(kind), KindProperties.class)),
                        properties.recurring().keySet().stream()
                                .flatMap(name -> leaves(
                                        "jobqueue.recurring" + PropertiesCheck.element(name),
                                        RecurringProperties.class)))
                .flatMap(names -> names)
                .toList();
    }

    /** The keys of all values below a key. */
    private static Stream<String> leaves(String key, Class<?> record) {
        return Arrays.stream(record.getRecordComponents())
                .filter(component -> component.getType() != Map.class)
                .flatMap(component -> {
                    String name = key + "." + DataObjectPropertyName.toDashedForm(component.getName());
                    return isGroup(component) ? leaves(name, component.getType()) : Stream.of(name);
                });
    }

    private static boolean isGroup(RecordComponent component) {
        return Group.class.isAssignableFrom(component.getType());
    }

    private static String variable(String key) {
        return key.replace("-", "").replace('.', '_').toUpperCase(Locale.ROOT);
    }

    /** Whether an environment variable can name a property; the names of kinds and queues keep their letters. */
    private static boolean isVariable(String key) {
        ConfigurationPropertyName name = ConfigurationPropertyName.adapt(key, '.');
        boolean isInMap = Stream.of(QUEUES, KINDS, RECURRING).anyMatch(map -> map.isAncestorOf(name));
        return !isInMap || name.getElement(2, Form.ORIGINAL).matches("[a-z0-9]+");
    }

    // ---- settings of kinds and queues that no handler has

    private List<String> unknownKinds(List<Key> keys, Collection<String> kinds) {
        List<String> warnings = new ArrayList<>();
        for (Map.Entry<String, KindProperties> entry : new TreeMap<>(properties.kinds()).entrySet()) {
            String kind = entry.getKey();
            Optional<String> nearest = Nearest.of(kind, kinds);
            // an application may route a kind that others handle, and hand back jobs of a kind that a newer version
            // handles
            boolean needsNoHandler =
                    entry.getValue().queue() != null || entry.getValue().unknownFor() != null;
            if (!kinds.contains(kind) && !(needsNoHandler && nearest.isEmpty())) {
                warnings.add(unknown(
                        key(keys, KINDS, kind),
                        "has no effect: no handler of this application is for the kind '%s'.".formatted(kind),
                        nearest,
                        " Its handlers are for %s.".formatted(some(kinds))));
            }
        }
        return warnings;
    }

    private List<String> unknownQueues(List<Key> keys, Collection<String> queues) {
        List<String> warnings = new ArrayList<>();
        for (String queue : new TreeSet<>(properties.queues().keySet())) {
            if (!queues.contains(queue)) {
                warnings.add(unknown(
                        key(keys, QUEUES, queue),
                        "may have no effect: no handler of this application is on the queue '%s'.".formatted(queue),
                        Nearest.of(queue, queues),
                        " Its queues are %s. If it only enqueues there, set 'jobqueue.queues%s.worker.enabled' to false."
                                .formatted(some(queues), PropertiesCheck.element(queue))));
            }
        }
        return warnings;
    }

    private static String unknown(Key key, String why, Optional<String> nearest, String otherwise) {
        return key.words() + " " + why
                + nearest.map(name -> " Did you mean '%s'?".formatted(name) + hint(key, name))
                        .orElse(otherwise);
    }

    private static String hint(Key key, String name) {
        String nearest = key.name().chop(2) + PropertiesCheck.element(name) + "."
                + key.name().subName(3);
        return key.isVariable() && !isVariable(nearest)
                ? " %s'%s' in a file or in SPRING_APPLICATION_JSON.".formatted(NOT_FOR_VARIABLES, nearest)
                : "";
    }

    /** The first key that sets something of an entry of a map. */
    private static Key key(List<Key> keys, ConfigurationPropertyName map, String entry) {
        ConfigurationPropertyName name = ConfigurationPropertyName.adapt(map + PropertiesCheck.element(entry), '.');
        return keys.stream()
                .filter(key -> name.isAncestorOf(key.name()))
                .findFirst()
                .orElseGet(() -> new Key(name.toString(), name.append("*"), false, ""));
    }

    private static String some(Collection<String> names) {
        String some =
                String.join(", ", names.stream().sorted().limit(MOST_NAMES).toList());
        return names.size() > MOST_NAMES ? some + " and %s more".formatted(names.size() - MOST_NAMES) : some;
    }
}
