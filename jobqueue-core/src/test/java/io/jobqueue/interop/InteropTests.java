package io.jobqueue.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.embedded.RedisServer;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Runs all stories in all dialects. Their results are the table in {@code docs/interop.md}. A test run with all stories
 * compares its results with the table; with {@code -Dinterop.table=write} it writes the table instead.
 */
@RedisServer
@ExtendWith({Outcomes.class, InteropTests.Root.class})
class InteropTests {

    private static final Path DOCUMENT = Path.of("..", "docs", "interop.md");

    private static Outcomes.Table table;

    /** Hands the table over to the class. */
    static final class Root implements BeforeAllCallback {
        @Override
        public void beforeAll(ExtensionContext context) {
            table = Outcomes.table(context);
        }
    }

    @Nested
    class Producers extends ProducerStory {}

    @Nested
    class Crashes extends CrashStory {}

    @Nested
    class Heartbeats extends HeartbeatStory {}

    @Nested
    class Quirks extends QuirkStory {}

    @Nested
    class Histories extends HistoryStory {}

    @Nested
    class Runs extends RunStory {}

    @Nested
    class Features extends FeatureStory {}

    private static long rows() {
        return Stream.of(
                        ProducerStory.class,
                        CrashStory.class,
                        HeartbeatStory.class,
                        QuirkStory.class,
                        HistoryStory.class,
                        RunStory.class,
                        FeatureStory.class)
                .flatMap(story -> Stream.of(story.getDeclaredMethods()))
                .filter(method -> method.isAnnotationPresent(Story.Row.class))
                .count();
    }

    @BeforeAll
    static void everyStoryIsHere() {
        assertThat(Stream.of(InteropTests.class.getDeclaredClasses())
                        .filter(story -> story.isAnnotationPresent(Nested.class)))
                .hasSize(7);
    }

    @AfterAll
    static void theDocumentSaysWhatWasSeen() {
        if (!table.hasAll(rows())) {
            return; // only some of the stories were run
        }
        if ("write".equals(System.getProperty("interop.table"))) {
            Outcomes.write(DOCUMENT, table.markdown());
        }
        assertThat(Outcomes.read(DOCUMENT))
                .as("the table in docs/interop.md; run with -Dinterop.table=write to write it anew")
                .isEqualTo(table.markdown());
    }
}
