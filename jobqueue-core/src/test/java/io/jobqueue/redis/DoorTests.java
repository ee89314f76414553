package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Jobs move only through the files in {@code doors}. So a feature that must run whenever a job is created, waits,
 * leaves or ends has one place.
 */
class DoorTests {

    private static final Set<String> PLACES = Set.of("PENDING", "PROCESSING", "DELAYED");

    /** Commands that may name a place anywhere. */
    private static final Set<String> LOOKS = Set.of(
            "'LLEN'",
            "'LINDEX'",
            "'LRANGE'",
            "'LPOS'",
            "'ZCARD'",
            "'ZCOUNT'",
            "'ZRANK'",
            "'ZRANGE'",
            "'ZRANGEBYSCORE'");

    private static final Set<String> READS_OF_FIELDS = Set.of("'HGET'", "'HMGET'");

    private static final Map<String, String> EXCEPTIONS = Map.of(
            "words/prelude", "it makes the names",
            "road/claim", "it is the door by which a job is taken; a call for each job would cost too much there",
            "words/look", "it finds the places by their names, and only looks",
            "words/places", "it takes ids out of places where they should never have been",
            "upkeep/repair", "it makes a status agree with the place where the job stands");

    @Test
    void jobsAreMovedAndTheirStatusIsWrittenInTheDoorsOnly() {
        List<String> troubles = new ArrayList<>();
        for (LuaFile file : LuaFile.all().values()) {
            if (!file.name().startsWith("doors/") && !EXCEPTIONS.containsKey(file.name())) {
                troubles.addAll(writes(file));
            }
        }
        assertThat(troubles).isEmpty();
    }

    @Test
    void eachExceptionIsNeeded() {
        Map<String, LuaFile> files = LuaFile.all();

        assertThat(EXCEPTIONS.keySet())
                .allSatisfy(name -> assertThat(writes(files.get(name))).as(name).isNotEmpty());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "call('LPUSH', PENDING, id)",
                "local list = PROCESSING",
                "try('ZREM', DELAYED, unpack(ids))",
                "call('HSET', JOB .. id, 'attempts', '0', 'status', 'pending')",
                "local name = 'status'"
            })
    void aWriteBesideTheDoorsIsFound(String lua) {
        assertThat(writes(new LuaFile("sample", lua))).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"read('LLEN', PENDING)", "local f = try('HMGET', JOB .. id, 'claim_token', 'status')"})
    void aLookIsNoWrite(String lua) {
        assertThat(writes(new LuaFile("sample", lua))).isEmpty();
    }

    private static List<String> writes(LuaFile file) {
        List<String> found = new ArrayList<>();
        List<String> tokens = file.tokens();
        for (int i = 0; i < tokens.size(); i++) {
            if (PLACES.contains(tokens.get(i)) && (i < 2 || !LOOKS.contains(tokens.get(i - 2)))) {
                found.add(file.name() + " does more than look at " + tokens.get(i));
            } else if (tokens.get(i).equals("'status'") && !READS_OF_FIELDS.contains(commandAround(tokens, i))) {
                found.add(file.name() + " does more than read a status");
            }
        }
        return found;
    }

    /** The first argument of the call in whose arguments a token stands. */
    private static String commandAround(List<String> tokens, int at) {
        int depth = 0;
        for (int i = at; i > 0; i--) {
            switch (tokens.get(i)) {
                case ")" -> depth++;
                case "(" -> {
                    if (depth == 0) {
                        return tokens.get(i + 1);
                    }
                    depth--;
                }
                default -> {}
            }
        }
        return "";
    }
}
