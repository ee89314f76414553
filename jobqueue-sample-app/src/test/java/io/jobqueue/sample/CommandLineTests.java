package io.jobqueue.sample;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTests {

    @ParameterizedTest
    @CsvSource({
        "--port, 0, --server.port=0",
        "--host, ::1, --server.address=::1",
        "--redis-host, redis.example, --spring.data.redis.host=redis.example",
        "--redis-port, 6380, --spring.data.redis.port=6380",
        "--visibility-ms, 1000, --sample.demo.visibility-ms=1000",
        "--workers, 3, --sample.demo.workers=3",
        "--queue-name, mail.bulk, --sample.demo.queue-name=mail.bulk"
    })
    void takesAValueBehindAnEqualsSignOrAsTheNextArgument(String name, String value, String property) {
        assertThat(CommandLine.parse(name + "=" + value).arguments()).containsExactly(property);
        assertThat(CommandLine.parse(name, value).arguments()).containsExactly(property);
    }

    @Test
    void keepsTheOrderAndWhatBelongsToSpringBoot() {
        CommandLine line = CommandLine.parse("--debug", "--port", "1", "--server.port=2", "--a=b=c", "--redis-port=3");

        assertThat(line.answer()).isNull();
        assertThat(line.arguments())
                .containsExactly(
                        "--debug", "--server.port=1", "--server.port=2", "--a=b=c", "--spring.data.redis.port=3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--port", "--port=", "--port= ", "--port --host=x"})
    void asksForAValueThatIsMissing(String arguments) {
        CommandLine line = CommandLine.parse(arguments.split(" (?=--)"));

        assertThat(line.isWrong()).isTrue();
        assertThat(line.answer()).isEqualTo("--port needs a value, as in --port 8080");
    }

    @ParameterizedTest
    @CsvSource({"--visibility-ms, 10, 604800000, 9, 604800001", "--workers, 0, 64, -1, 65"})
    void keepsTheRangesOfTheDemo(String name, String from, String to, String below, String above) {
        assertThat(CommandLine.parse(name, from).isWrong()).isFalse();
        assertThat(CommandLine.parse(name, to).isWrong()).isFalse();
        for (String bad : new String[] {below, above, "x", "1.5"}) {
            CommandLine line = CommandLine.parse(name + "=" + bad);
            assertThat(line.isWrong()).isTrue();
            assertThat(line.answer())
                    .isEqualTo("%s: must be a whole number from %s to %s, was '%s'".formatted(name, from, to, bad));
        }
    }

    @Test
    void refusesQueuesThatTheDemoCannotHave() {
        assertThat(CommandLine.parse("--queue-name", "a b").answer())
                .startsWith("--queue-name: queue name must be 1 to 64 characters")
                .endsWith("was 'a b'");
        assertThat(CommandLine.parse("--queue-name", "census").answer())
                .isEqualTo(
                        "--queue-name: queue name must not be 'census': simulated workers would take the jobs of the sample's handlers");
    }

    @ParameterizedTest
    @ValueSource(strings = {"8080", "start", "-port=1", "--port=1 more"})
    void refusesWrongArguments(String arguments) {
        CommandLine line = CommandLine.parse(arguments.split(" "));

        assertThat(line.isWrong()).isTrue();
        assertThat(line.answer()).contains("is no argument of the sample", "--help");
    }

    @Test
    void helps() {
        CommandLine line = CommandLine.parse("--port=1", "--help");

        assertThat(line.isWrong()).isFalse();
        assertThat(line.answer())
                .contains(
                        "--port",
                        "--host",
                        "--redis-host",
                        "--redis-port",
                        "--visibility-ms",
                        "--workers",
                        "--queue-name",
                        "QUEUE_NAME",
                        "spring.data.redis.url");
    }

    @Test
    void startsWithoutArguments() {
        assertThat(CommandLine.parse().arguments()).isEmpty();
        assertThat(CommandLine.parse().answer()).isNull();
    }
}
