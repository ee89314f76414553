package io.jobqueue.spring.binding;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a Redis URI. Parses more leniently than {@link java.net.URI}: brokers generate passwords that should
 * have been percent-encoded, and hosts with underscores.
 *
 * @param tls whether the scheme asks for TLS
 * @param username decoded, {@code null} without one
 * @param password decoded, {@code null} without one
 * @param rawPassword as in the URI, not decoded
 * @param host without the brackets of an IPv6 address, {@code null} without one
 * @param port as written, {@code null} without one
 * @param database the path, {@code null} without one
 */
record RedisUri(
        boolean tls,
        @Nullable String username,
        @Nullable String password,
        @Nullable String rawPassword,
        @Nullable String host,
        @Nullable String port,
        @Nullable String database) {

    private static final Pattern SCHEME = Pattern.compile("(?i)(redis|valkey)(s?)://(.*)", Pattern.DOTALL);
    private static final Pattern ENCODED = Pattern.compile("(?:%[0-9a-fA-F]{2})+");

    /** Whether a text is the URI of a Redis, be it a usable one or not. */
    static boolean isOne(String text) {
        return SCHEME.matcher(text.strip()).matches();
    }

    /**
     * Reads a URI.
     *
     * @throws IllegalArgumentException when it is none of a single Redis; the message holds nothing of the URI
     */
    static RedisUri parse(String text) {
        Matcher matcher = SCHEME.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException("has a scheme other than redis and rediss");
        }
        String rest = matcher.group(3);
        // the last one, because a password may hold what it should have encoded
        int at = rest.lastIndexOf('@');
        String user = at < 0 ? "" : rest.substring(0, at);
        int colon = user.indexOf(':');
        // like Spring Boot and Lettuce: a single word is the password
        String rawPassword = user.substring(colon + 1);
        String server = rest.substring(at + 1);
        int end = end(server, "/?#");
        String path = end < server.length() && server.charAt(end) == '/' ? server.substring(end + 1) : "";
        HostAndPort address = HostAndPort.parse(server.substring(0, end));
        return new RedisUri(
                matcher.group(2).toLowerCase(Locale.ROOT).equals("s"),
                textOrNull(decode(user.substring(0, Math.max(colon, 0)))),
                textOrNull(decode(rawPassword)),
                textOrNull(rawPassword),
                address.host(),
                address.port(),
                textOrNull(path.substring(0, end(path, "/?#"))));
    }

    private static int end(String text, String stops) {
        int end = 0;
        while (end < text.length() && stops.indexOf(text.charAt(end)) < 0) {
            end++;
        }
        return end;
    }

    /** Unlike {@link java.net.URLDecoder} it keeps a plus, and a percent sign that encodes nothing. */
    private static String decode(String text) {
        return ENCODED.matcher(text)
                .replaceAll(match -> Matcher.quoteReplacement(
                        new String(HexFormat.of().parseHex(match.group().replace("%", "")), StandardCharsets.UTF_8)));
    }

    private static @Nullable String textOrNull(String text) {
        return text.isEmpty() ? null : text;
    }

    /** Never the password. */
    @Override
    public String toString() {
        return "RedisUri[" + host + ":" + port + "]";
    }

    /**
     * An address as people write it: {@code host}, {@code host:port}, {@code [::1]:port}, {@code ::1}.
     *
     * @param host without brackets, {@code null} when it is left out
     * @param port as written, {@code null} when it is left out
     */
    record HostAndPort(@Nullable String host, @Nullable String port) {

        private static final Pattern BRACKETED = Pattern.compile("\\[([0-9a-fA-F:.]+(?:%[\\w.-]+)?)](?::(\\d*))?");
        private static final Pattern BARE_IPV6 = Pattern.compile("[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
        private static final Pattern NAMED = Pattern.compile("([\\p{L}\\p{N}._-]*)(?::(\\d*))?");

        /**
         * Reads an address.
         *
         * @throws IllegalArgumentException when it is none; the message holds nothing of the text
         */
        static HostAndPort parse(String text) {
            if (BARE_IPV6.matcher(text).matches()) {
                return new HostAndPort(text, null);
            }
            Matcher matcher = BRACKETED.matcher(text);
            if (!matcher.matches()) {
                matcher = NAMED.matcher(text);
            }
            if (!matcher.matches()) {
                throw new IllegalArgumentException(
                        text.indexOf(',') >= 0
                                ? "names several servers, which only the nodes of a Sentinel or a cluster may"
                                : "names no host, or one with characters that no host has");
            }
            String port = matcher.group(2);
            return new HostAndPort(textOrNull(matcher.group(1)), port == null ? null : textOrNull(port));
        }

        /** With brackets around an IPv6 address. */
        static String join(String host, Object port) {
            return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
        }
    }
}
