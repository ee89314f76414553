package io.jobqueue.spring.binding;

import io.jobqueue.spring.JobQueueStartException;
import io.jobqueue.spring.binding.BoundService.Credential;
import io.jobqueue.spring.binding.BoundService.Credentials;
import io.jobqueue.spring.binding.RedisUri.HostAndPort;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Translates the credentials of a bound Redis into properties of Spring Boot. It sets all of them or none, so that they
 * never mix with the properties of another source.
 *
 * <p>Brokers use different keys and pass different values. The rules: an empty value counts as absent; a key and the
 * same part of the URI must agree; TLS is used whenever the service offers it.
 */
final class BoundRedis {

    /** Name of the SSL bundle that holds the credentials' CA. */
    static final String BUNDLE = "jobqueue-service-binding";

    /** The property that names the bundle. */
    static final String BUNDLE_KEY = "spring.data.redis.ssl.bundle";

    private static final String PREFIX = "spring.data.redis.";
    private static final String DEFAULT_PORT = "6379";
    private static final String DEFAULT_SENTINEL_PORT = "26379";

    private static final String[] HOST = {"host", "hostname"};
    private static final String[] TLS_PORT = {"tls_port", "ssl_port"};
    private static final String[] TLS = {"tls", "ssl", "tls_enabled", "ssl_enabled", "use_tls", "use_ssl"};
    private static final String[] USERNAME = {"username", "user"};
    private static final String[] PASSWORD = {"password", "pass", "primary_key", "access_key"};
    private static final String[] DATABASE = {"database", "db"};
    private static final String[] CA = {
        "ca", "ca_cert", "cacrt", "ca_certificate", "ca_certificates", "certificates", "certificate", "ca.crt",
                "ca.pem",
        "cert_ca", "tls_ca", "tls.ca", "tls_ca_cert", "ssl_ca", "ssl_ca_cert", "root_ca", "server_ca", "tls_certificate"
    };
    private static final String[] SENTINEL_MASTER = {
        "sentinel.master", "sentinel_master", "master_name", "sentinel_master_name", "sentinel.master_name"
    };
    private static final String[] SENTINEL_NODES = {
        "sentinel.nodes", "sentinel_nodes", "sentinels", "sentinel_addrs", "sentinel_hosts", "sentinel.hosts"
    };
    private static final String[] SENTINEL_USERNAME = {"sentinel.username", "sentinel_username"};
    private static final String[] SENTINEL_PASSWORD = {"sentinel.password", "sentinel_password"};
    private static final String[] CLUSTER_NODES = {"cluster.nodes", "cluster_nodes"};
    private static final String[] CLUSTER_MODE = {"cluster_mode", "cluster_enabled", "cluster.enabled"};

    private static final Set<String> YES = Set.of("true", "yes", "on", "1", "enabled", "required");
    private static final Set<String> NO = Set.of("false", "no", "off", "0", "disabled", "none");

    private final BoundService service;
    private final Credentials credentials;

    private BoundRedis(BoundService service) {
        this.service = service;
        this.credentials = service.credentials();
    }

    /**
     * The properties that make the application use a service.
     *
     * @throws JobQueueStartException when the credentials are incomplete, contradict each other or make no sense; it
     *     names their keys, never their values
     */
    static Map<String, String> properties(BoundService service) {
        return new BoundRedis(service).properties();
    }

    private Map<String, String> properties() {
        if (credentials.isEmpty() && credentials.emptyPlace(HOST).isEmpty()) {
            throw problem(
                    "has no credentials",
                    "Give it %s or %s.".formatted(credentials.place("host"), credentials.place("uri")));
        }
        Optional<RedisUri> uri = uri();
        String host = host(uri);
        boolean tls = tls(uri);
        Map<String, String> properties = new LinkedHashMap<>();
        Optional<String> master = one(SENTINEL_MASTER);
        List<String> sentinels = nodes(SENTINEL_NODES, one("sentinel_port").orElse(DEFAULT_SENTINEL_PORT));
        List<String> cluster = nodes(CLUSTER_NODES, DEFAULT_PORT);
        if (master.isPresent() && !sentinels.isEmpty()) {
            properties.put(PREFIX + "sentinel.master", master.get());
            properties.put(PREFIX + "sentinel.nodes", String.join(",", sentinels));
            properties.put(PREFIX + "sentinel.username", one(SENTINEL_USERNAME).orElse(""));
            properties.put(PREFIX + "sentinel.password", one(SENTINEL_PASSWORD).orElse(""));
        } else if (!cluster.isEmpty()) {
            properties.put(PREFIX + "cluster.nodes", String.join(",", cluster));
        } else if (host == null) {
            throw noAddress(master, sentinels);
        } else if (first(CLUSTER_MODE).map(BoundRedis::isYes).orElse(false)) {
            properties.put(PREFIX + "cluster.nodes", HostAndPort.join(host, port(uri, tls)));
        } else {
            properties.put(PREFIX + "host", host);
            properties.put(PREFIX + "port", port(uri, tls));
        }
        // empty ones too: another source's must not be sent to this server
        properties.put(
                PREFIX + "username",
                agreed(USERNAME, uri.map(RedisUri::username)).orElse(""));
        properties.put(PREFIX + "password", password(uri).orElse(""));
        database(uri).ifPresent(database -> properties.put(PREFIX + "database", database));
        properties.put(PREFIX + "ssl.enabled", String.valueOf(tls));
        if (tls) {
            certificates().ifPresent(pem -> {
                properties.put("spring.ssl.bundle.pem." + BUNDLE + ".truststore.certificate", pem);
                properties.put(BUNDLE_KEY, BUNDLE);
            });
        }
        return properties;
    }

    private Optional<RedisUri> uri() {
        Optional<Credential> uri = service.uri();
        uri.ifPresent(this::resolved);
        try {
            return uri.map(Credential::value).map(RedisUri::parse);
        } catch (IllegalArgumentException ex) {
            throw problem(
                    "has a URI that cannot be used: %s %s"
                            .formatted(uri.map(Credential::place).orElse(""), ex.getMessage()),
                    "Write it as redis://user:password@host:port/database, or rediss:// for TLS, with what is neither "
                            + "letter nor digit percent-encoded, or leave it out and set %s."
                                    .formatted(credentials.place("host")));
        }
    }

    private @Nullable String host(Optional<RedisUri> uri) {
        // one() for its check: host and hostname may both be there
        Optional<Credential> host = one(HOST).flatMap(same -> first(HOST));
        if (host.isEmpty()) {
            return uri.map(RedisUri::host).orElse(null);
        }
        String text;
        try {
            HostAndPort address = HostAndPort.parse(host.get().value().strip());
            if (address.host() == null || address.port() != null) {
                throw new IllegalArgumentException("holds a port as well");
            }
            text = address.host();
        } catch (IllegalArgumentException ex) {
            throw problem(
                    "has a host that cannot be used: %s %s".formatted(host.get().place(), ex.getMessage()),
                    "Write a name or an IP address, and nothing else.");
        }
        uri.map(RedisUri::host).filter(other -> !other.equalsIgnoreCase(text)).ifPresent(other -> {
            throw disagree(host.get().place(), uriPlace());
        });
        return text;
    }

    private JobQueueStartException noAddress(Optional<String> master, List<String> sentinels) {
        if (master.isPresent() || !sentinels.isEmpty()) {
            return problem(
                    "names a Sentinel incompletely",
                    "Give it both %s and %s."
                            .formatted(credentials.place("sentinel.master"), credentials.place("sentinel.nodes")));
        }
        Optional<Credential> uri = service.uri();
        if (uri.isPresent()) {
            return problem(
                    "has no address: %s names no host".formatted(uri.get().place()),
                    "Complete it, or set %s.".formatted(credentials.place("host")));
        }
        Optional<Credential> other = service.otherUri();
        if (other.isPresent()) {
            return problem(
                    "has no address: %s has a scheme other than redis and rediss"
                            .formatted(other.get().place()),
                    "Give it a URI with one of them, or set %s.".formatted(credentials.place("host")));
        }
        Optional<String> empty = credentials.emptyPlace("host", "hostname", "uri", "url");
        return problem(
                empty.map(place -> "has no address: " + place + " is empty")
                        .orElseGet(() -> "has no address: neither %s nor %s is there"
                                .formatted(credentials.place("host"), credentials.place("uri"))),
                "Fill in %s, or give it %s."
                        .formatted(empty.orElse(credentials.place("host")), credentials.place("uri")));
    }

    /** On where anything says so, and where a CA is handed over and nothing says that it is off. */
    private boolean tls(Optional<RedisUri> uri) {
        Optional<Credential> flag = first(TLS);
        Optional<Boolean> said = flag.map(this::yesOrNo);
        if (said.equals(Optional.of(false)) && uri.map(RedisUri::tls).orElse(false)) {
            throw disagree(flag.get().place(), uriPlace());
        }
        return said.orElseGet(() -> uri.map(RedisUri::tls).orElse(false)
                || tlsPort().isPresent()
                || (uri.isEmpty() && first(CA).isPresent()));
    }

    private String port(Optional<RedisUri> uri, boolean tls) {
        Optional<String> port = port("port");
        Optional<String> tlsPort = tls ? tlsPort() : Optional.empty();
        Optional<String> inUri = uri.map(RedisUri::port).map(text -> String.valueOf(port(uriPlace(), text)));
        boolean uriIsTls = uri.map(RedisUri::tls).orElse(false);
        Optional<String> same = uriIsTls ? tlsPort : port;
        if (inUri.isPresent() && same.isPresent() && !same.equals(inUri)) {
            throw disagree(
                    uriIsTls
                            ? first(TLS_PORT).orElseThrow().place()
                            : first("port").orElseThrow().place(),
                    uriPlace());
        }
        // a server with TLS often has a plain port as well, which then stands under "port"
        Optional<String> secure = tlsPort.or(() -> uriIsTls ? inUri : Optional.empty());
        return secure.or(() -> port).or(() -> inUri).orElse(DEFAULT_PORT);
    }

    /** Some brokers write 0 where TLS is not offered. */
    private Optional<String> tlsPort() {
        return first(TLS_PORT)
                .filter(port -> !port.value().strip().equals("0"))
                .map(port -> port(port.place(), port.value()));
    }

    private Optional<String> port(String key) {
        return first(key).map(port -> port(port.place(), port.value()));
    }

    private String port(String place, String text) {
        int port = number(text);
        if (port < 1 || port > 65535) {
            throw problem(
                    "has a port that cannot be used: %s is no number from 1 to 65535".formatted(place), "Correct it.");
        }
        return String.valueOf(port);
    }

    private Optional<String> database(Optional<RedisUri> uri) {
        Optional<String> own = first(DATABASE).map(number -> database(number.place(), number.value()));
        Optional<String> inUri = uri.map(RedisUri::database).map(number -> database(uriPlace(), number));
        if (own.isPresent() && inUri.isPresent() && !own.equals(inUri)) {
            throw disagree(first(DATABASE).orElseThrow().place(), uriPlace());
        }
        return own.or(() -> inUri);
    }

    private String database(String place, String text) {
        int database = number(text);
        if (database < 0) {
            throw problem("has a database that cannot be used: %s has no number".formatted(place), "Correct it.");
        }
        return String.valueOf(database);
    }

    /** -1 for what is none. */
    private static int number(String text) {
        try {
            return Integer.parseInt(text.strip());
        } catch (NumberFormatException ex) {
            return -1;
        }
    }

    private Optional<String> password(Optional<RedisUri> uri) {
        Optional<String> own = one(PASSWORD);
        // a password that stands in the URI as it is agrees as well
        boolean isSame = own.equals(uri.map(RedisUri::rawPassword));
        return isSame ? own : agreed(PASSWORD, uri.map(RedisUri::password));
    }

    private Optional<String> agreed(String[] keys, Optional<String> inUri) {
        Optional<String> own = one(keys);
        if (own.isPresent() && inUri.isPresent() && !own.equals(inUri)) {
            throw disagree(first(keys).orElseThrow().place(), uriPlace());
        }
        return own.or(() -> inUri);
    }

    private String uriPlace() {
        return service.uri().map(Credential::place).orElse("the URI");
    }

    private List<String> nodes(String[] keys, String defaultPort) {
        List<Credential> texts = new ArrayList<>();
        for (String key : keys) {
            credentials.all(key).forEach(texts::add);
            for (int i = 0; hasElement(key, i); i++) {
                String element = key + "[" + i + "]";
                Optional<Credential> host = first(element + ".host", element + ".hostname");
                Optional<Credential> port = first(element + ".tls_port", element + ".port");
                credentials.all(element).forEach(texts::add);
                host.ifPresent(name -> texts.add(new Credential(
                        name.place(),
                        port.map(number -> HostAndPort.join(name.value(), number.value()))
                                .orElse(name.value()),
                        false)));
            }
            if (!texts.isEmpty()) {
                break;
            }
        }
        return texts.stream()
                .map(this::resolved)
                .flatMap(text -> Stream.of(text.value().split("[,\\s]+"))
                        .filter(node -> !node.isBlank())
                        .map(node -> node(text.place(), node, defaultPort)))
                .toList();
    }

    private boolean hasElement(String key, int index) {
        String element = key + "[" + index + "]";
        return credentials
                .all(element, element + ".host", element + ".hostname")
                .findFirst()
                .isPresent();
    }

    private String node(String place, String text, String defaultPort) {
        try {
            HostAndPort node = HostAndPort.parse(RedisUri.isOne(text) ? text.replaceFirst("^\\w+://", "") : text);
            if (node.host() == null) {
                throw new IllegalArgumentException("names no host");
            }
            return HostAndPort.join(node.host(), port(place, Objects.requireNonNullElse(node.port(), defaultPort)));
        } catch (IllegalArgumentException ex) {
            throw problem(
                    "has nodes that cannot be used: %s %s".formatted(place, ex.getMessage()),
                    "Write each of them as host:port.");
        }
    }

    /** PEM text, whatever the road here has made of its line breaks. */
    private Optional<String> certificates() {
        Optional<Credential> found = first(CA);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        String text = found.get().value();
        if (!text.contains("-----BEGIN")) {
            try {
                text = new String(Base64.getMimeDecoder().decode(text), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException ex) {
                text = "";
            }
        }
        if (!text.contains("-----BEGIN CERTIFICATE-----") && !text.contains("-----BEGIN TRUSTED CERTIFICATE-----")) {
            throw problem(
                    "has a certificate that cannot be used: %s is no PEM text"
                            .formatted(found.get().place()),
                    "Give the CA as text that begins with -----BEGIN CERTIFICATE-----.");
        }
        return Optional.of(text.replace("\\r", "").replace("\\n", "\n"));
    }

    private boolean yesOrNo(Credential flag) {
        if (!isYes(flag) && !NO.contains(flag.value().strip().toLowerCase(Locale.ROOT))) {
            throw problem("says neither yes nor no to TLS: %s".formatted(flag.place()), "Write true or false.");
        }
        return isYes(flag);
    }

    private static boolean isYes(Credential flag) {
        return YES.contains(flag.value().strip().toLowerCase(Locale.ROOT));
    }

    /** The value of whichever of these keys is there; all that are have to say the same. */
    private Optional<String> one(String... keys) {
        List<Credential> found = credentials.all(keys).map(this::resolved).collect(Collectors.toList());
        if (found.stream().map(Credential::value).distinct().count() > 1) {
            throw disagree(found.get(0).place(), found.get(1).place());
        }
        return found.stream().map(Credential::value).findFirst();
    }

    private Optional<Credential> first(String... keys) {
        return credentials.all(keys).findFirst().map(this::resolved);
    }

    private Credential resolved(Credential credential) {
        if (credential.isUnresolved()) {
            throw problem(
                    "has a placeholder that nothing resolves: %s".formatted(credential.place()),
                    "Set the property or the environment variable that it names, or give it a default as in "
                            + "${NAME:default}.");
        }
        return credential;
    }

    private JobQueueStartException disagree(String one, String other) {
        return problem(
                "contradicts itself: %s and %s do not agree".formatted(one, other),
                "Correct one of them, or leave one out.");
    }

    private JobQueueStartException problem(String what, String action) {
        return new JobQueueStartException(
                "The bound Redis service %s %s.".formatted(service.title(), what),
                action
                        + " Or set 'spring.data.redis.host' or '.url', which comes before the binding, or "
                        + "'jobqueue.service-binding.enabled' to false.");
    }
}
