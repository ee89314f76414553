package io.jobqueue.sample;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Keeps other sites away from this server, which has no login and often listens on the machine of a developer who is
 * browsing elsewhere.
 *
 * <ul>
 *   <li>The {@code Host} must be one of our own. A site that lets its name resolve to our address (DNS rebinding) would
 *       otherwise count as the same site to the browser, and could read and change everything.
 *   <li>{@code Origin} and {@code Sec-Fetch-Site}, where a browser sends them, must name our own pages.
 *   <li>Our pages load and call nothing but this server, and no other site may show or embed them.
 * </ul>
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
final class SameSiteOnly extends OncePerRequestFilter {

    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            + " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS");

    private final Set<String> allowedHosts = new HashSet<>();

    SameSiteOnly(SampleApplication.SampleProperties properties, Environment environment) {
        List<String> configured = properties.allowedHosts() == null ? List.of() : properties.allowedHosts();
        configured.forEach(host -> allowedHosts.add(normalized(host)));
        allowedHosts.add(normalized(environment.getProperty("server.address", "localhost")));
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        response.setHeader("Content-Security-Policy", POLICY);
        response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("Referrer-Policy", "same-origin");
        response.setHeader("Cache-Control", "no-cache");
        if (!isOwnHost(request)) {
            refuse(
                    response,
                    "this server does not answer to the host '%s'; to allow it, add it to 'sample.allowed-hosts'"
                            .formatted(request.getServerName()));
        } else if (isFromAnotherSite(request)) {
            refuse(response, "a page of another site may not do that");
        } else {
            chain.doFilter(request, response);
        }
    }

    private boolean isOwnHost(HttpServletRequest request) {
        String host = normalized(request.getServerName());
        InetAddress address = address(host);
        return address == null
                ? allowedHosts.contains(host) || host.equals("localhost") || host.endsWith(".localhost")
                : allowedHosts.contains(host)
                        || address.isLoopbackAddress()
                        || address.equals(address(normalized(request.getLocalAddr())));
    }

    private static String normalized(String host) {
        String name = host.strip().toLowerCase(Locale.ROOT);
        return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }

    /** The address that is written as a host, or {@code null} for a name. Names are never looked up. */
    private static @Nullable InetAddress address(String host) {
        boolean isLiteral = host.contains(":") || host.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
        try {
            return isLiteral ? InetAddress.getByName(host) : null;
        } catch (UnknownHostException ex) {
            return null;
        }
    }

    /** Clients that are no browsers send neither header. Links on other sites may open our pages. */
    private static boolean isFromAnotherSite(HttpServletRequest request) {
        String site = request.getHeader("Sec-Fetch-Site");
        boolean isForeignSite = site != null && !site.equals("same-origin") && !site.equals("none");
        String origin = request.getHeader("Origin");
        return (isForeignSite && !READING.contains(request.getMethod()))
                || (origin != null && !isOwnOrigin(origin, request.getHeader("Host")));
    }

    private static boolean isOwnOrigin(String origin, @Nullable String host) {
        try {
            URI uri = URI.create(origin);
            String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
            return host != null && scheme.matches("https?") && host.equalsIgnoreCase(uri.getRawAuthority());
        } catch (IllegalArgumentException ex) {
            return false;
        }
    }

    private static void refuse(HttpServletResponse response, String reason) throws IOException {
        response.setStatus(HttpServletResponse.SC_FORBIDDEN);
        response.setContentType(MediaType.APPLICATION_JSON_VALUE);
        response.getWriter()
                .write(JsonNodeFactory.instance
                        .objectNode()
                        .put("error", reason)
                        .toString());
    }
}
