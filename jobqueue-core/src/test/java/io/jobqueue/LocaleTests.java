package io.jobqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Messages show Latin digits and stable letters, whatever the default locale of the JVM is. */
class LocaleTests {

    private static final Pattern TEXT = Pattern.compile("\"\"\"[\\s\\S]*?\"\"\"|\"(?:[^\"\\\\\\n]|\\\\.)*\"");
    private static final Pattern NUMBER = Pattern.compile("%(?:\\d+\\$)?[-+0-9,.#( ]*[dfeEgG]");
    private static final Pattern FORMATS = Pattern.compile("\\.formatted\\(|String\\.format\\(|\\.printf\\(");
    private static final Pattern CASE = Pattern.compile("\\.to(Upper|Lower)Case\\(\\)");

    @Test
    void figuresInMessagesAreLatinDigitsUnderAnArabicDefaultLocale() {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
        try {
            assertThat("%d".formatted(1)).as("the locale has other digits").isEqualTo("١");
            JobCodec codec = JobCodec.standard();
            assertThatThrownBy(() -> codec.json("{\"n\":").as(Map.class)).hasMessageContaining("line 1, column 6");
            assertThatThrownBy(() -> codec.payload("k", Map.of("x", "y"), 3))
                    .hasMessageContaining("has 20 bytes, the limit is 3");
            assertThatThrownBy(() -> JobRequest.of("k", null).header("name", "x".repeat(300)))
                    .hasMessageContaining("1 to 256 bytes together, 'name' has 304");
            assertThat(new Job<>("id", "k", "p", 3, 1, Map.of())).hasToString("Job[id, kind=k, attempt=3]");
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void noStatementOfMainCodeFormatsANumberOrALetterByTheDefaultLocale() throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> modules = Files.list(Path.of(".."))) {
            modules.map(module -> module.resolve("src/main/java"))
                    .filter(Files::isDirectory)
                    .forEach(sources -> statements(sources, found));
        }
        assertThat(found)
                .as("write %s instead of %d, or String.format(Locale.ROOT, …) and toLowerCase(Locale.ROOT)")
                .isEmpty();
    }

    private static void statements(Path sources, List<String> found) {
        try (Stream<Path> files = Files.walk(sources)) {
            files.filter(file -> file.toString().endsWith(".java")).forEach(file -> {
                for (String statement : statements(text(file))) {
                    if (!statement.contains("Locale.ROOT") && (formatsANumber(statement) || changesCase(statement))) {
                        found.add(file + ": " + statement.strip());
                    }
                }
            });
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static boolean formatsANumber(String statement) {
        return FORMATS.matcher(statement).find()
                && TEXT.matcher(statement).results().anyMatch(text -> NUMBER.matcher(text.group())
                        .find());
    }

    private static boolean changesCase(String statement) {
        return CASE.matcher(statement).find();
    }

    /** Splits at the semicolons outside of texts. */
    private static List<String> statements(String source) {
        String masked = TEXT.matcher(source)
                .replaceAll(text -> "\"" + "_".repeat(text.group().length() - 2) + "\"");
        List<String> statements = new ArrayList<>();
        int from = 0;
        for (int end = masked.indexOf(';'); end >= 0; end = masked.indexOf(';', from)) {
            statements.add(source.substring(from, end));
            from = end + 1;
        }
        return statements;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
