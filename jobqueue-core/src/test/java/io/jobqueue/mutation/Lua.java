package io.jobqueue.mutation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a Lua 5.1 source as far as a mutator needs it: which statements, conditions, operands, calls and tokens there are, and
 * where each of them stands.
 */
final class Lua {

    private static final Pattern TOKEN =
            Pattern.compile("--[^\n]*|'(?:[^'\\\\]|\\\\.)*'|\"(?:[^\"\\\\]|\\\\.)*\"|[A-Za-z_]\\w*"
                    + "|\\d[\\w.]*(?:(?<=[eE])[+-]\\d+)?|\\.\\.\\.|\\.\\.|[=~<>]=|\\S");

    /** Binary operators and how tightly they bind; two of them bind to the right, which matters to nobody here. */
    private static final Map<String, Integer> BINARY = Map.ofEntries(
            Map.entry("or", 1),
            Map.entry("and", 2),
            Map.entry("<", 3),
            Map.entry(">", 3),
            Map.entry("<=", 3),
            Map.entry(">=", 3),
            Map.entry("~=", 3),
            Map.entry("==", 3),
            Map.entry("..", 4),
            Map.entry("+", 5),
            Map.entry("-", 5),
            Map.entry("*", 6),
            Map.entry("/", 6),
            Map.entry("%", 6),
            Map.entry("^", 8));

    private static final int UNARY = 7;
    private static final Set<String> BLOCK_ENDS = Set.of("end", "else", "elseif", "until", "");

    /** A part of the source: characters from {@code from} up to {@code to}, exclusive. */
    record Span(int from, int to) {
        String of(String source) {
            return source.substring(from, to);
        }
    }

    enum Kind {
        CALL,
        ASSIGNMENT,
        LOCAL,
        RETURN,
        BREAK,
        BLOCK
    }

    /**
     * A statement.
     *
     * @param span all of it
     * @param block the number of the block that it stands in; neighbours have the same number
     * @param top whether it stands at the top level of the file
     */
    record Statement(Kind kind, Span span, int block, boolean top) {}

    /** Two operands and the {@code and} or {@code or} between them. */
    record Choice(Span left, Span right, String operator) {}

    /** A call with its function as it is written, and its arguments. */
    record Call(String function, List<Span> arguments) {}

    /** The condition of an {@code if}, {@code elseif}, {@code while} or {@code until}; {@code head} holds the keywords too. */
    record Condition(Span span, Span head) {}

    private record Token(String text, int from, int to) {}

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private final List<Statement> statements = new ArrayList<>();
    private final List<Condition> conditions = new ArrayList<>();
    private final List<Choice> choices = new ArrayList<>();
    private final List<Call> calls = new ArrayList<>();
    private int at;
    private int blocks;
    private int depth;

    private Lua(String source) {
        this.source = source;
        Matcher matcher = TOKEN.matcher(source);
        while (matcher.find()) {
            if (!matcher.group().startsWith("--")) {
                tokens.add(new Token(matcher.group(), matcher.start(), matcher.end()));
            }
        }
    }

    /**
     * Reads a source.
     *
     * @throws IllegalStateException when it is no Lua, or Lua that this class does not know
     */
    static Lua read(String source) {
        Lua lua = new Lua(source);
        lua.block();
        if (lua.at < lua.tokens.size()) {
            throw lua.unexpected();
        }
        return lua;
    }

    String source() {
        return source;
    }

    /** The line of a place, from 1 on. */
    int lineAt(int place) {
        return (int) source.substring(0, place).chars().filter(c -> c == '\n').count() + 1;
    }

    /** All statements; one that holds others comes behind them. */
    List<Statement> statements() {
        return statements;
    }

    List<Condition> conditions() {
        return conditions;
    }

    List<Choice> choices() {
        return choices;
    }

    List<Call> calls() {
        return calls;
    }

    /** The words and signs, without comments. */
    List<Span> tokens() {
        return tokens.stream().map(token -> new Span(token.from(), token.to())).toList();
    }

    private void block() {
        int block = blocks++;
        depth++;
        while (!BLOCK_ENDS.contains(peek())) {
            int from = tokens.get(at).from();
            Kind kind = statement();
            statements.add(new Statement(kind, new Span(from, tokens.get(at - 1).to()), block, depth == 1));
            if (peek().equals(";")) {
                at++;
            }
        }
        depth--;
    }

    private Kind statement() {
        switch (peek()) {
            case "if" -> {
                return branches();
            }
            case "while" -> {
                condition("do");
                block();
                expect("end");
                return Kind.BLOCK;
            }
            case "do" -> {
                at++;
                block();
                expect("end");
                return Kind.BLOCK;
            }
            case "for" -> {
                at++;
                while (!peek().equals("=") && !peek().equals("in")) {
                    at++;
                }
                at++;
                expressions();
                expect("do");
                block();
                expect("end");
                return Kind.BLOCK;
            }
            case "repeat" -> {
                at++;
                block();
                condition("");
                return Kind.BLOCK;
            }
            case "function" -> {
                at++;
                while (!peek().equals("(")) {
                    at++;
                }
                function();
                return Kind.BLOCK;
            }
            case "local" -> {
                return local();
            }
            case "return" -> {
                at++;
                if (!BLOCK_ENDS.contains(peek()) && !peek().equals(";")) {
                    expressions();
                }
                return Kind.RETURN;
            }
            case "break" -> {
                at++;
                return Kind.BREAK;
            }
            default -> {
                return callOrAssignment();
            }
        }
    }

    private Kind branches() {
        condition("then");
        block();
        while (peek().equals("elseif")) {
            condition("then");
            block();
        }
        if (peek().equals("else")) {
            at++;
            block();
        }
        expect("end");
        return Kind.BLOCK;
    }

    /** Reads a keyword, the condition behind it, and the keyword behind that, if there is one. */
    private void condition(String behind) {
        int head = tokens.get(at).from();
        at++;
        Span span = expression(0);
        if (!behind.isEmpty()) {
            expect(behind);
        }
        conditions.add(new Condition(span, new Span(head, tokens.get(at - 1).to())));
    }

    private Kind local() {
        at++;
        if (peek().equals("function")) {
            at += 2;
            function();
            return Kind.BLOCK;
        }
        at++;
        while (peek().equals(",")) {
            at += 2;
        }
        if (peek().equals("=")) {
            at++;
            expressions();
        }
        return Kind.LOCAL;
    }

    private Kind callOrAssignment() {
        expression(UNARY + 1);
        if (!peek().equals("=") && !peek().equals(",")) {
            return Kind.CALL;
        }
        while (peek().equals(",")) {
            at++;
            expression(UNARY + 1);
        }
        expect("=");
        expressions();
        return Kind.ASSIGNMENT;
    }

    private List<Span> expressions() {
        List<Span> found = new ArrayList<>();
        found.add(expression(0));
        while (peek().equals(",")) {
            at++;
            found.add(expression(0));
        }
        return found;
    }

    /** Reads an expression whose binary operators bind tighter than {@code limit}. */
    private Span expression(int limit) {
        Span left = operand();
        while (BINARY.getOrDefault(peek(), 0) > limit) {
            String operator = peek();
            at++;
            Span right = expression(BINARY.get(operator));
            if (operator.equals("and") || operator.equals("or")) {
                choices.add(new Choice(left, right, operator));
            }
            left = new Span(left.from(), right.to());
        }
        return left;
    }

    private Span operand() {
        int from = tokens.get(at).from();
        String first = peek();
        switch (first) {
            case "not", "-", "#" -> {
                at++;
                expression(UNARY);
            }
            case "function" -> {
                at++;
                function();
            }
            case "{" -> table();
            case "(" -> {
                at++;
                expression(0);
                expect(")");
                suffixes(from);
            }
            default -> {
                if (BLOCK_ENDS.contains(first) || BINARY.containsKey(first) || "),]}".contains(first)) {
                    throw unexpected();
                }
                at++;
                suffixes(from);
            }
        }
        return new Span(from, tokens.get(at - 1).to());
    }

    private void suffixes(int from) {
        while (true) {
            switch (peek()) {
                case "." -> at += 2;
                case "[" -> {
                    at++;
                    expression(0);
                    expect("]");
                }
                case "(" -> {
                    String function = source.substring(from, tokens.get(at - 1).to());
                    at++;
                    List<Span> arguments = peek().equals(")") ? List.of() : expressions();
                    expect(")");
                    calls.add(new Call(function, arguments));
                }
                default -> {
                    return;
                }
            }
        }
    }

    private void table() {
        expect("{");
        while (!peek().equals("}")) {
            if (peek().equals("[")) {
                at++;
                expression(0);
                expect("]");
                expect("=");
            } else if (at + 1 < tokens.size() && tokens.get(at + 1).text().equals("=")) {
                at += 2;
            }
            expression(0);
            if (peek().equals(",")) {
                at++;
            }
        }
        expect("}");
    }

    /** Reads parameters and body; the word {@code function} and the name are read. */
    private void function() {
        while (!peek().equals(")")) {
            at++;
        }
        at++;
        block();
        expect("end");
    }

    private String peek() {
        return at < tokens.size() ? tokens.get(at).text() : "";
    }

    private void expect(String text) {
        if (!peek().equals(text)) {
            throw unexpected();
        }
        at++;
    }

    private IllegalStateException unexpected() {
        int where = at < tokens.size() ? tokens.get(at).from() : source.length();
        return new IllegalStateException(
                "unexpected '%s' in line %d of the Lua source".formatted(peek(), lineAt(where)));
    }
}
