package io.jobqueue.spring.binding;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One service of any type that the application is bound to.
 *
 * @param source where the binding was found, in words
 * @param name the name of its instance
 * @param label the broker's product, or the type of a Kubernetes binding
 * @param tags further labels of the broker
 * @param isTyped whether only the label says what the service is, so that its name does not count
 * @param credentials the credentials of the service
 */
record BoundService(
        String source, String name, String label, List<String> tags, boolean isTyped, Credentials credentials) {

    /** Words that only services of this sort have in their label, tags or name. */
    private static final List<String> WORDS = List.of("redis", "valkey", "azure-cache", "azurecache");

    private static final String[] URI_KEYS = {"uri", "url", "redisuri", "redisurl", "connectionuri"};

    /** Whether this is a Redis, by its label, a tag, the scheme of its URI, or its name. */
    boolean isRedis() {
        if (isRedisByLabel(label, tags) || uri().isPresent()) {
            return true;
        }
        // somebody's redis-audit database is none
        return !isTyped && speaksOfRedis(name) && otherUri().isEmpty();
    }

    static boolean isRedisByLabel(String label, List<String> tags) {
        return Stream.concat(Stream.of(label), tags.stream()).anyMatch(BoundService::speaksOfRedis);
    }

    private static boolean speaksOfRedis(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        return WORDS.stream().anyMatch(lower::contains);
    }

    /** The URI of a Redis among the credentials. */
    Optional<Credential> uri() {
        return credentials
                .all(URI_KEYS)
                .filter(uri -> RedisUri.isOne(uri.value()))
                .findFirst();
    }

    /** A URI of something else, perhaps of a dashboard. */
    Optional<Credential> otherUri() {
        return credentials
                .all(URI_KEYS)
                .filter(uri -> uri.value().contains("://"))
                .findFirst();
    }

    /** Name, label and source: all that may be told of it. */
    String title() {
        return "'" + name + "' (" + label + ") of " + source;
    }

    /** Never the credentials. */
    @Override
    public String toString() {
        return title();
    }

    /**
     * One entry of the credentials.
     *
     * @param place its full key and source, for whoever has to correct it
     * @param value never empty
     * @param isUnresolved whether the value is a placeholder that nobody fills
     */
    record Credential(String place, String value, boolean isUnresolved) {

        /** Never the value. */
        @Override
        public String toString() {
            return place;
        }
    }

    /** The credentials of a service. Keys are equal when only case, dashes and underscores differ. */
    static final class Credentials {

        private final String place;
        private final Map<String, Credential> entries = new LinkedHashMap<>();
        private final Map<String, String> emptyEntries = new LinkedHashMap<>();

        /**
         * Makes empty ones.
         *
         * @param place what stands before a key in its place
         */
        Credentials(String place) {
            this.place = place;
        }

        /** Adds an entry; an empty value is an absent one. The first one of equal keys stays. */
        void add(String key, String value, boolean isUnresolved) {
            if (value.isBlank()) {
                emptyEntries.putIfAbsent(canonical(key), place(key));
            } else {
                entries.putIfAbsent(canonical(key), new Credential(place(key), value, isUnresolved));
            }
        }

        /** The full key of an entry, be it there or not. */
        String place(String key) {
            return "'" + place + key + "'";
        }

        boolean isEmpty() {
            return entries.isEmpty();
        }

        /** The entries of these keys that are there, in the order of the keys. */
        Stream<Credential> all(String... keys) {
            return Stream.of(keys).flatMap(key -> Stream.ofNullable(entries.get(canonical(key))));
        }

        /** The place of the first of these keys that is there without a value. */
        Optional<String> emptyPlace(String... keys) {
            return Stream.of(keys)
                    .flatMap(key -> Stream.ofNullable(emptyEntries.get(canonical(key))))
                    .findFirst();
        }

        private static String canonical(String key) {
            return key.replace("_", "").replace("-", "").toLowerCase(Locale.ROOT);
        }

        /** Never the values. */
        @Override
        public String toString() {
            return entries.values().toString();
        }
    }
}
