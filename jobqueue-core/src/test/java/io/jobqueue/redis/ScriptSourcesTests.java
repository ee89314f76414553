package io.jobqueue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What holds for the sources of all scripts, found by reading them. */
class ScriptSourcesTests {

    /** What Redis and Lua provide. */
    private static final Set<String> GLOBALS = Set.of(
            "redis",
            "cjson",
            "KEYS",
            "ARGV",
            "error",
            "ipairs",
            "math",
            "pairs",
            "pcall",
            "string",
            "table",
            "tonumber",
            "tostring",
            "type",
            "unpack");

    private static final String PRELUDE = "words/prelude";

    /** Lua's limit is 200 of a function, which a script is. */
    private static final int MOST_LOCALS = 180;

    private static final int MOST_LINES = 150;

    private static final Pattern USED_BY_JAVA =
            Pattern.compile("Script\\.of\\(\\s*ScriptOutputType\\.\\w+,\\s*\"([^\"]+)\"");

    private static final Map<String, LuaFile> FILES = LuaFile.all();

    private static LuaFile file(String name) {
        assertThat(FILES).containsKey(name);
        return FILES.get(name);
    }

    /** The files that the Java code calls. */
    private static Set<String> scripts() {
        Set<String> scripts = new TreeSet<>();
        try (Stream<Path> found = Files.walk(Path.of("src/main/java/io/jobqueue/redis"))) {
            for (Path path : found.filter(Files::isRegularFile).toList()) {
                USED_BY_JAVA
                        .matcher(Files.readString(path))
                        .results()
                        .map(MatchResult::group)
                        .forEach(call -> {
                            scripts.add(call.substring(call.indexOf('"') + 1, call.length() - 1));
                        });
            }
        } catch (IOException ex) {
            throw new IllegalStateException(ex);
        }
        return scripts;
    }

    @Test
    void eachFileUsesOnlyNamesThatItDeclaresOrSaysItNeeds() {
        List<String> troubles = new ArrayList<>();
        for (LuaFile file : FILES.values()) {
            Set<String> known = new TreeSet<>(GLOBALS);
            known.addAll(file(PRELUDE).declared());
            needs(file).forEach(need -> known.addAll(file(need).declared()));
            // what a file goes on in knows all that the file knew
            for (LuaFile before = before(file); before != null; before = before(before)) {
                known.addAll(before.declared());
                needs(before).forEach(need -> known.addAll(file(need).declared()));
            }
            file.undeclared().stream()
                    .filter(name -> !known.contains(name))
                    .forEach(name ->
                            troubles.add(file.name() + " uses " + name + ", which nothing that it needs declares"));
        }
        assertThat(troubles).isEmpty();
    }

    @Test
    void eachFileUsesTheFilesItNeeds() {
        List<String> troubles = new ArrayList<>();
        for (LuaFile file : FILES.values()) {
            for (String need : needs(file)) {
                if (file(need).declared().stream().noneMatch(file.undeclared()::contains)) {
                    troubles.add(file.name() + " uses nothing of " + need);
                }
            }
        }
        assertThat(troubles).isEmpty();
    }

    @Test
    void eachFileIsPartOfAScriptThatJavaCalls() {
        Set<String> used = scripts().stream()
                .flatMap(script -> forms(script).flatMap(files -> files.keySet().stream()))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(used).containsExactlyElementsOf(FILES.keySet());
    }

    @Test
    void noTwoFilesOfAScriptDeclareTheSameName() {
        List<String> troubles = new ArrayList<>();
        for (String script : scripts()) {
            forms(script).forEach(files -> {
                Map<String, String> owners = new TreeMap<>();
                files.keySet().forEach(name -> Set.copyOf(file(name).declared()).forEach(local -> {
                    String owner = owners.putIfAbsent(local, name);
                    if (owner != null) {
                        troubles.add("%s: %s of %s hides that of %s".formatted(script, local, name, owner));
                    }
                }));
            });
        }
        assertThat(troubles).isEmpty();
    }

    @Test
    void aScriptHasFewerLocalsThanLuaAllows() {
        for (String script : scripts()) {
            forms(script).forEach(files -> {
                int locals = files.keySet().stream()
                        .mapToInt(name -> file(name).declared().size())
                        .sum();
                assertThat(locals).as(script).isLessThanOrEqualTo(MOST_LOCALS);
            });
        }
    }

    @Test
    void noFileIsLongerThanOneCanReadAtOnce() {
        assertThat(FILES.values())
                .allSatisfy(file -> assertThat(file.source().lines().count())
                        .as(file.name())
                        .isLessThanOrEqualTo(MOST_LINES));
    }

    @Test
    void thePreludeComesFirstAndNeededFilesComeBeforeTheFilesThatNeedThem() {
        for (String script : scripts()) {
            List<String> order = List.copyOf(ScriptText.filesOf(script).keySet());
            assertThat(order.get(0)).isEqualTo(PRELUDE);
            for (String name : order) {
                assertThat(needs(file(name)))
                        .as("%s in %s", name, order)
                        .allMatch(need -> order.indexOf(need) < order.indexOf(name));
                assertThat(ScriptText.goesOnIn(file(name).source()))
                        .as("%s in %s", name, order)
                        .allMatch(next -> order.indexOf(next) > order.indexOf(name));
            }
        }
    }

    @Test
    void theReaderOfTheSourcesFindsUndeclaredNames() {
        LuaFile file = new LuaFile(
                "sample",
                """
                -- a comment that says nothing of note
                local one, two = 'three', { four = five, six }
                local function seven(eight, ...)
                  for nine, ten in pairs(eight.eleven) do
                    if nine == ten then
                      local twelve = nine
                    elseif one.. thirteen then
                      two = { [twelve] = 1e+3 }
                    end
                  end
                  return function() return eight end
                end
                for i = 1, #fourteen do
                  repeat seven(i) until i ~= two
                end
                eight()
                """);

        assertThat(file.declared()).containsExactly("one", "two", "seven");
        assertThat(file.undeclared())
                .containsExactlyInAnyOrder("five", "six", "pairs", "thirteen", "twelve", "fourteen", "eight");
    }

    private static List<String> needs(LuaFile file) {
        return ScriptText.needs(file.source());
    }

    /** The files of a script without and with a history stream. */
    private static Stream<Map<String, String>> forms(String script) {
        return Stream.of(ScriptText.filesOf(script), ScriptText.filesOfRecording(script));
    }

    /** The file that goes on in this one. */
    private static LuaFile before(LuaFile file) {
        return FILES.values().stream()
                .filter(other -> ScriptText.goesOnIn(other.source()).contains(file.name()))
                .findFirst()
                .orElse(null);
    }
}
