package io.jobqueue.guarantees;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.extension.BeforeTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestWatcher;

/** Writes a row for every test that {@linkplain Proves proves} something and succeeds. */
final class ProvesExtension implements ParameterResolver, BeforeTestExecutionCallback, TestWatcher {

    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(ProvesExtension.class);
    private static final Path ROWS = Path.of("target", "guarantees");

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Figures.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return figures(context);
    }

    private static Figures figures(ExtensionContext context) {
        return context.getStore(NAMESPACE).computeIfAbsent(Figures.class, type -> new Figures(), Figures.class);
    }

    @Override
    public void beforeTestExecution(ExtensionContext context) {
        figures(context); // here, because nothing can be put into the store any more once the test is through
        context.getStore(NAMESPACE).put("begin", System.nanoTime());
    }

    @Override
    public void testSuccessful(ExtensionContext context) {
        Proves proof = context.getRequiredTestMethod().getAnnotation(Proves.class);
        long begin = Objects.requireNonNull(context.getStore(NAMESPACE).get("begin", Long.class));
        Figures figures = figures(context);
        figures.put("took", Duration.ofNanos(System.nanoTime() - begin));
        String test = context.getRequiredTestClass().getSimpleName() + "."
                + context.getRequiredTestMethod().getName();
        // one row for all invocations of a parameterized test; the last one's figures
        write(test, "| %s | %s | `%s` | %s |%n".formatted(proof.fault(), proof.holds(), test, figures));
    }

    private static void write(String name, String row) {
        try {
            Files.writeString(Files.createDirectories(ROWS).resolve(name + ".md"), row);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
