package io.jobqueue.mutation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jobqueue.embedded.EmbeddedRedis;
import io.jobqueue.embedded.RedisServer;
import io.jobqueue.mutation.Mutant.Change;
import io.jobqueue.redis.ScriptSwap;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MutatorTests {

    private static List<String> mutants(Change change, String source) {
        return Mutator.mutantsOf("sample", source).stream()
                .filter(mutant -> mutant.change() == change)
                .map(mutant -> mutant.before() + " => " + mutant.after())
                .toList();
    }

    @Test
    void callsAssignmentsAndEarlyReturnsAreDropped() {
        assertThat(
                        mutants(
                                Change.DROP_STATEMENT,
                                """
                        local one = 1
                        if one then
                          call('DEL', one) -- a comment
                          return
                        end
                        one.two, three = 4,
                          5
                        return one
                        """))
                .containsExactly("call('DEL', one) => ", "return => ", "one.two, three = 4, 5 => ");
    }

    @Test
    void conditionsAreNegated() {
        assertThat(mutants(
                        Change.NEGATE_CONDITION,
                        "if a then b() elseif c == d then e() end while f do g() end repeat h() until i"))
                .containsExactly(
                        "if a then => if not (a) then",
                        "elseif c == d then => elseif not (c == d) then",
                        "while f do => while not (f) do",
                        "until i => until not (i)");
    }

    @Test
    void eachSideOfAndAndOrIsForgotten() {
        assertThat(mutants(Change.FORGET_OPERAND, "x = status == 'a' and owner == token or f(b)"))
                .containsExactly(
                        "x = status == 'a' and owner == token or f(b) => x = status == 'a' or f(b)",
                        "x = status == 'a' and owner == token or f(b) => x = owner == token or f(b)",
                        "x = status == 'a' and owner == token or f(b) => x = status == 'a' and owner == token",
                        "x = status == 'a' and owner == token or f(b) => x = f(b)");
    }

    @Test
    void neighboursThatDependOnEachOtherAreSwapped() {
        assertThat(
                        mutants(
                                Change.SWAP_NEIGHBOURS,
                                """
                        n = n + 1
                        ids[n] = id
                        other()
                        put(run, unit)
                        """))
                .containsExactly("n = n + 1 ids[n] = id => ids[n] = id n = n + 1", "put(run, unit) => put(unit, run)");
    }

    @Test
    void limitsAndNumbersAreOffByOne() {
        assertThat(mutants(Change.OFF_BY_ONE, "if a <= 20 and b > c then d = 1.5 end"))
                .containsExactly(
                        "if a <= 20 and b > c then => if a < 20 and b > c then",
                        "if a <= 20 and b > c then => if a <= 21 and b > c then",
                        "if a <= 20 and b > c then => if a <= 20 and b >= c then");
    }

    @Test
    void keysAndFieldsAreTakenForOthersAndCommandsAreNot() {
        assertThat(mutants(Change.WRONG_KEY, "call('HSET', META, 'cursor', '0')"))
                .containsExactly(
                        "call('HSET', META, 'cursor', '0') => call('HSET', PENDING, 'cursor', '0')",
                        "call('HSET', META, 'cursor', '0') => call('HSET', META, 'cursorx', '0')");
    }

    @Test
    void aMutantNamesTheStatementThatItChanges() {
        Mutant mutant = Mutator.mutantsOf("sample", "local a = 1\nlocal b = {\n  c = 'd' }\n").stream()
                .filter(each -> each.change() == Change.WRONG_KEY)
                .findFirst()
                .orElseThrow();

        assertThat(mutant.line()).isEqualTo(3);
        assertThat(mutant.statement()).isEqualTo(2);
        assertThat(mutant.source()).isEqualTo("local a = 1\nlocal b = {\n  c = 'dx' }\n");
    }

    @Test
    void whatIsNoLuaIsRefusedWithItsLine() {
        assertThatThrownBy(() -> Lua.read("local a = 1\nif a the b() end"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("unexpected 'the' in line 2 of the Lua source");
    }

    @Test
    void aReasonStandsForAllSurvivorsInFrontOfIt() {
        Survivors survivors = Survivors.parse(
                """
                # sample
                - a()
                +
                - b = 1
                + b = 2
                = equivalent: nobody looks
                - c()
                +
                = needs a second server
                """);

        assertThat(Mutator.mutantsOf("sample", "a() b = 1 c() d()"))
                .filteredOn(survivors::isEquivalent)
                .extracting(Mutant::before)
                .containsExactly("a()", "b = 1");
        assertThat(Mutator.mutantsOf("sample", "a() b = 1 c() d()"))
                .filteredOn(mutant -> survivors.reason(mutant) == null)
                .extracting(Mutant::before)
                .containsExactly("b = 1", "d()");
        assertThatThrownBy(() -> Survivors.parse("# sample\n- a()\n+\n"))
                .hasMessageStartingWith("no reason stands behind");
    }

    /** Instruments and mutants of the real files. */
    @RedisServer
    static class OfTheScriptsTests {

        @Test
        void everyMutantOfEveryFileIsValidLua(EmbeddedRedis server) {
            List<String> invalid = new ArrayList<>();
            RedisClient client = RedisClient.create(server.uri());
            try (ScriptSwap scripts = new ScriptSwap();
                    var connection = client.connect()) {
                ScriptSwap.sources().forEach((file, source) -> {
                    List<Mutant> mutants = Mutator.mutantsOf(file, source);
                    assertThat(mutants).as(file).isNotEmpty();
                    for (Mutant mutant : mutants) {
                        try {
                            connection
                                    .sync()
                                    .scriptLoad(scripts.textsWith(file, mutant.source())
                                            .get(0));
                        } catch (RedisException ex) {
                            invalid.add(mutant + ": " + ex.getMessage());
                        }
                    }
                });
            } finally {
                client.shutdown();
            }
            assertThat(invalid).isEmpty();
        }

        @Test
        void everyFileWithAnInstrumentIsValidLua(EmbeddedRedis server) {
            RedisClient client = RedisClient.create(server.uri());
            try (ScriptSwap scripts = new ScriptSwap();
                    var connection = client.connect()) {
                Set<String> texts = ScriptSwap.sources().entrySet().stream()
                        .map(each -> scripts.textsWith(
                                        each.getKey(), Instrument.instrument(each.getKey(), each.getValue()))
                                .get(0))
                        .collect(Collectors.toSet());
                assertThat(texts)
                        .allSatisfy(text ->
                                assertThat(connection.sync().scriptLoad(text)).isNotEmpty());
            } finally {
                client.shutdown();
            }
        }

        @Test
        void theReasonsForSurvivorsCanBeRead() throws IOException {
            assertThat(MutationSoakTests.survivors()).isNotNull();
        }
    }
}
