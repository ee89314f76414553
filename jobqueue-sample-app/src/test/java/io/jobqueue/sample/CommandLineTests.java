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
        "--redis-port, 6380, --spring.data.redis.port=6380"
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
    @ValueSource(strings = {"8080", "start", "-port=1", "--port=1 more"})
    void refusesWhatNobodyWouldRead(String arguments) {
        CommandLine line = CommandLine.parse(arguments.split(" "));

        assertThat(line.isWrong()).isTrue();
        assertThat(line.answer()).contains("is no argument of the census", "--help");
    }

    @Test
    void helps() {
        CommandLine line = CommandLine.parse("--port=1", "--help");

        assertThat(line.isWrong()).isFalse();
        assertThat(line.answer()).contains("--port", "--host", "--redis-host", "--redis-port", "spring.data.redis.url");
    }

    @Test
    void startsWithoutArguments() {
        assertThat(CommandLine.parse().arguments()).isEmpty();
        assertThat(CommandLine.parse().answer()).isNull();
    }
}
