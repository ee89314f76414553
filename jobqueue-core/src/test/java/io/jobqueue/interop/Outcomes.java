package io.jobqueue.interop;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/** Collects the result of each row in each dialect, as a table in Markdown. */
final class Outcomes implements InvocationInterceptor {

    private static final ExtensionContext.Namespace SPACE = ExtensionContext.Namespace.create(Outcomes.class);
    private static final String BEGIN = "<!-- table: begin; written by InteropTests -->\n";
    private static final String END = "<!-- table: end -->\n";

    /** Whether each row held, by dialect. */
    static final class Table {

        /** Sorted as people count: Q2 comes before Q18. */
        private final Map<String, Map<Dialect, Boolean>> rows =
                new TreeMap<>(Comparator.comparing(row -> row.replaceFirst("^Q(\\d) ", "Q0$1 ")));

        synchronized void note(String row, Dialect dialect, boolean held) {
            rows.computeIfAbsent(row, any -> new EnumMap<>(Dialect.class)).merge(dialect, held, Boolean::logicalAnd);
        }

        synchronized boolean hasAll(long expected) {
            return rows.size() == expected
                    && rows.values().stream().allMatch(cells -> cells.size() == Dialect.values().length);
        }

        synchronized String markdown() {
            StringBuilder out = new StringBuilder("| what works | ")
                    .append(Stream.of(Dialect.values()).map(Dialect::toString).collect(Collectors.joining(" | ")))
                    .append(" |\n|---|")
                    .append(":-:|".repeat(Dialect.values().length))
                    .append('\n');
            rows.forEach((row, cells) -> out.append("| ")
                    .append(row)
                    .append(" | ")
                    .append(cells.values().stream()
                            .map(held -> held ? "yes" : "**no**")
                            .collect(Collectors.joining(" | ")))
                    .append(" |\n"));
            return out.toString();
        }
    }

    static Table table(ExtensionContext context) {
        return context.getRoot().getStore(SPACE).computeIfAbsent(Table.class, any -> new Table(), Table.class);
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> test, ExtensionContext context)
            throws Throwable {
        note(invocation, test, context, List.of((Dialect) test.getArguments().get(0)));
    }

    /** A test without a parameter is about all dialects at once. */
    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> test, ExtensionContext context)
            throws Throwable {
        note(invocation, test, context, List.of(Dialect.values()));
    }

    private static void note(
            Invocation<Void> invocation,
            ReflectiveInvocationContext<Method> test,
            ExtensionContext context,
            List<Dialect> dialects)
            throws Throwable {
        String row = test.getExecutable().getAnnotation(Story.Row.class).value();
        boolean held = false;
        try {
            invocation.proceed();
            held = true;
        } finally {
            for (Dialect dialect : dialects) {
                table(context).note(row, dialect, held);
            }
        }
    }

    /** The table as the document has it. */
    static String read(Path document) {
        String text = text(document);
        return text.substring(text.indexOf(BEGIN) + BEGIN.length(), text.indexOf(END));
    }

    static void write(Path document, String table) {
        String text = text(document);
        try {
            Files.writeString(
                    document,
                    text.substring(0, text.indexOf(BEGIN) + BEGIN.length())
                            + table
                            + text.substring(text.indexOf(END)));
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static String text(Path document) {
        try {
            String text = Files.readString(document);
            if (!text.contains(BEGIN) || !text.contains(END)) {
                throw new IllegalStateException(document + " has lost the marks around its table");
            }
            return text;
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
