package io.jobqueue.redis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One Lua file, parsed as far as the tests of the sources need: its tokens, the local names that it declares at its top
 * level, and the names that it uses without declaring them.
 */
final class LuaFile {

    private static final Pattern TOKEN =
            Pattern.compile("--[^\n]*|'(?:[^'\\\\]|\\\\.)*'|\"(?:[^\"\\\\]|\\\\.)*\"|[A-Za-z_]\\w*"
                    + "|\\d[\\w.]*(?:(?<=[eE])[+-]\\d+)?|\\.\\.\\.|\\.\\.|[=~<>]=|\\S");

    private static final Set<String> KEYWORDS = Set.of(
            "and",
            "break",
            "do",
            "else",
            "elseif",
            "end",
            "false",
            "for",
            "function",
            "if",
            "in",
            "local",
            "nil",
            "not",
            "or",
            "repeat",
            "return",
            "then",
            "true",
            "until",
            "while");

    private final String name;
    private final String source;
    private final List<String> tokens = new ArrayList<>();
    private final List<String> declared = new ArrayList<>();
    private final Set<String> undeclared = new LinkedHashSet<>();

    // while names are looked for
    private final Deque<Set<String>> scopes = new ArrayDeque<>();
    private int at;

    LuaFile(String name, String source) {
        this.name = name;
        this.source = source;
        Matcher matcher = TOKEN.matcher(source);
        while (matcher.find()) {
            if (!matcher.group().startsWith("--")) {
                tokens.add(matcher.group());
            }
        }
        findNames();
    }

    /** All files of the scripts, by their names. */
    static Map<String, LuaFile> all() {
        // not the class path, where files of an earlier build may be left
        Path folder = Path.of("src/main/resources/io/jobqueue/redis");
        Map<String, LuaFile> files = new TreeMap<>();
        try (Stream<Path> found = Files.walk(folder)) {
            for (Path path :
                    found.filter(file -> file.toString().endsWith(".lua")).toList()) {
                String name =
                        folder.relativize(path).toString().replace(".lua", "").replace('\\', '/');
                files.put(name, new LuaFile(name, Files.readString(path)));
            }
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        return files;
    }

    String name() {
        return name;
    }

    String source() {
        return source;
    }

    /** The words and signs, without comments; texts keep their quotes. */
    List<String> tokens() {
        return tokens;
    }

    /** Local names of the top level, as often as they are declared. */
    List<String> declared() {
        return declared;
    }

    /** Names that are used and not declared here. */
    Set<String> undeclared() {
        return undeclared;
    }

    private void findNames() {
        scopes.push(new HashSet<>());
        Deque<String> brackets = new ArrayDeque<>();
        for (at = 0; at < tokens.size(); at++) {
            String token = tokens.get(at);
            switch (token) {
                case "{", "(", "[" -> brackets.push(token);
                case "}", ")", "]" -> brackets.pop();
                case "local" -> local();
                case "function" -> parameters();
                case "for" -> loop();
                case "do", "then", "repeat" -> scopes.push(new HashSet<>());
                case "else" -> {
                    scopes.pop();
                    scopes.push(new HashSet<>());
                }
                case "elseif", "end", "until" -> scopes.pop();
                default -> {
                    if (isName(token)
                            && !isField(brackets.peek())
                            && scopes.stream().noneMatch(s -> s.contains(token))) {
                        undeclared.add(token);
                    }
                }
            }
        }
        if (scopes.size() != 1) {
            throw new IllegalStateException(name + ": this test cannot read its blocks");
        }
    }

    private void local() {
        at++;
        if (tokens.get(at).equals("function")) {
            at++;
            declare(tokens.get(at));
            parameters();
            return;
        }
        declare(tokens.get(at));
        while (token(at + 1).equals(",")) {
            at += 2;
            declare(tokens.get(at));
        }
    }

    private void parameters() {
        while (!tokens.get(at).equals("(")) {
            at++;
        }
        scopes.push(new HashSet<>());
        for (at++; !tokens.get(at).equals(")"); at++) {
            if (isName(tokens.get(at))) {
                declare(tokens.get(at));
            }
        }
    }

    /** The scope that is opened here is the one of the block behind {@code do}, which is passed over. */
    private void loop() {
        Set<String> names = new HashSet<>();
        for (at++; !tokens.get(at).equals("in") && !tokens.get(at).equals("="); at++) {
            if (isName(tokens.get(at))) {
                names.add(tokens.get(at));
            }
        }
        int block = at;
        while (!tokens.get(block).equals("do")) {
            if (isName(tokens.get(block)) && !token(block - 1).equals(".") && isUnknown(tokens.get(block))) {
                undeclared.add(tokens.get(block));
            }
            block++;
        }
        at = block;
        scopes.push(names);
    }

    private boolean isUnknown(String token) {
        return scopes.stream().noneMatch(scope -> scope.contains(token));
    }

    private void declare(String token) {
        scopes.element().add(token);
        if (scopes.size() == 1) {
            declared.add(token);
        }
    }

    private boolean isField(String bracket) {
        String before = token(at - 1);
        return before.equals(".")
                || before.equals(":")
                || "{".equals(bracket)
                        && (before.equals("{") || before.equals(","))
                        && token(at + 1).equals("=");
    }

    private String token(int index) {
        return index >= 0 && index < tokens.size() ? tokens.get(index) : "";
    }

    private static boolean isName(String token) {
        return Character.isJavaIdentifierStart(token.charAt(0)) && !KEYWORDS.contains(token);
    }
}
