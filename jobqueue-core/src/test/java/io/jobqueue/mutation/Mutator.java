package io.jobqueue.mutation;

import io.jobqueue.mutation.Lua.Call;
import io.jobqueue.mutation.Lua.Choice;
import io.jobqueue.mutation.Lua.Condition;
import io.jobqueue.mutation.Lua.Kind;
import io.jobqueue.mutation.Lua.Span;
import io.jobqueue.mutation.Lua.Statement;
import io.jobqueue.mutation.Mutant.Change;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Makes the mutants of a Lua file: each has one small mistake that a tired author might make. */
final class Mutator {

    /** What a comparison becomes whose limit is off by one. */
    private static final Map<String, String> LIMITS = Map.of("<", "<=", "<=", "<", ">", ">=", ">=", ">");

    /** Names of keys and prefixes of keys; each is taken for the next one of its line. */
    private static final List<List<String>> KEYS = List.of(
            List.of("PENDING", "PROCESSING", "COMPLETED", "FAILED", "DELAYED", "WAKE", "META"),
            List.of("RUNS", "AGENDA", "SUSPECTS", "SCHEDULES"),
            List.of("UNITS", "OUTPUTS", "FAILURES", "EARLY", "LATE"),
            List.of("EVENTS", "LIFECYCLE"));

    /** They take a Redis command, and its arguments, whose order is that of the protocol. */
    private static final Set<String> COMMANDS = Set.of("call", "try", "read", "redis.call", "redis.pcall");

    private static final Pattern WORD = Pattern.compile("['\"][A-Za-z_:|*-][\\w:|*-]*['\"]");
    private static final Pattern NUMBER = Pattern.compile("\\d+");
    private static final Pattern NAME = Pattern.compile("[A-Za-z_]\\w*");

    private final String file;
    private final Lua lua;
    private final Map<Survivors.Key, Mutant> mutants = new LinkedHashMap<>();

    private Mutator(String file, String source) {
        this.file = file;
        lua = Lua.read(source);
    }

    /**
     * The mutants of a file in the order of their lines. Two that read alike, because the file says the same twice, count as
     * one: the first.
     */
    static List<Mutant> mutantsOf(String file, String source) {
        Mutator mutator = new Mutator(file, source);
        mutator.dropStatements();
        mutator.negateConditions();
        mutator.forgetOperands();
        mutator.swapStatements();
        mutator.swapArguments();
        mutator.missLimits();
        mutator.takeWrongKeys();
        return mutator.mutants.values().stream()
                .sorted(Comparator.comparingInt(Mutant::line))
                .toList();
    }

    private void dropStatements() {
        for (Statement statement : lua.statements()) {
            boolean answer = statement.kind() == Kind.RETURN && statement.top();
            if (!answer && statement.kind() != Kind.LOCAL && statement.kind() != Kind.BLOCK) {
                add(Change.DROP_STATEMENT, statement.span(), "");
            }
        }
    }

    private void negateConditions() {
        for (Condition condition : lua.conditions()) {
            add(Change.NEGATE_CONDITION, condition.span(), "not (" + text(condition.span()) + ")");
        }
    }

    private void forgetOperands() {
        for (Choice choice : lua.choices()) {
            Span both = new Span(choice.left().from(), choice.right().to());
            add(Change.FORGET_OPERAND, both, text(choice.left()));
            add(Change.FORGET_OPERAND, both, text(choice.right()));
        }
    }

    /** Neighbours that share a name: others may stand in any order in a script, which nothing interrupts. */
    private void swapStatements() {
        List<Statement> statements = lua.statements().stream()
                .filter(each -> each.kind() != Kind.RETURN && each.kind() != Kind.BREAK)
                .sorted(Comparator.comparingInt(each -> each.span().from()))
                .toList();
        for (Statement first : statements) {
            statements.stream()
                    .filter(next -> next.block() == first.block()
                            && next.span().from() >= first.span().to())
                    .findFirst()
                    .filter(second -> isSimple(first) && isSimple(second) && depend(first, second))
                    .ifPresent(second -> add(
                            Change.SWAP_NEIGHBOURS,
                            new Span(first.span().from(), second.span().to()),
                            text(second.span()) + "\n" + text(first.span())));
        }
    }

    private static boolean isSimple(Statement statement) {
        return statement.kind() == Kind.CALL || statement.kind() == Kind.ASSIGNMENT;
    }

    /** Whether one writes a variable that the other one reads, or both change the same key. */
    private boolean depend(Statement first, Statement second) {
        Set<String> shared = new HashSet<>(names(text(first.span())));
        shared.retainAll(names(text(second.span())));
        boolean writes = Stream.of(first, second)
                .filter(each -> each.kind() == Kind.ASSIGNMENT)
                .flatMap(each -> names(text(each.span()).split("=", 2)[0]).stream())
                .anyMatch(shared::contains);
        boolean sameKey = first.kind() == Kind.CALL
                && second.kind() == Kind.CALL
                && KEYS.stream().flatMap(List::stream).anyMatch(shared::contains);
        return writes || sameKey;
    }

    private static Set<String> names(String text) {
        Set<String> names = new HashSet<>();
        Pattern.compile("'[^']*'|" + NAME.pattern())
                .matcher(text)
                .results()
                .filter(found -> !found.group().startsWith("'"))
                .forEach(found -> names.add(found.group()));
        return names;
    }

    private void swapArguments() {
        for (Call call : lua.calls()) {
            for (int i = 1; i < call.arguments().size() && !COMMANDS.contains(call.function()); i++) {
                Span left = call.arguments().get(i - 1);
                Span right = call.arguments().get(i);
                String between = lua.source().substring(left.to(), right.from());
                if (!text(left).equals(text(right))) {
                    add(Change.SWAP_NEIGHBOURS, new Span(left.from(), right.to()), text(right) + between + text(left));
                }
            }
        }
    }

    private void missLimits() {
        for (Span token : lua.tokens()) {
            String limit = LIMITS.get(text(token));
            if (limit != null) {
                add(Change.OFF_BY_ONE, token, limit);
            } else if (NUMBER.matcher(text(token)).matches()) {
                add(Change.OFF_BY_ONE, token, String.valueOf(Long.parseLong(text(token)) + 1));
            }
        }
    }

    private void takeWrongKeys() {
        Set<Span> commands = new HashSet<>();
        lua.calls().stream()
                .filter(call -> COMMANDS.contains(call.function()))
                .forEach(call -> commands.add(call.arguments().get(0)));
        for (Span token : lua.tokens()) {
            String text = text(token);
            for (List<String> keys : KEYS) {
                int at = keys.indexOf(text);
                if (at >= 0) {
                    add(Change.WRONG_KEY, token, keys.get((at + 1) % keys.size()));
                }
            }
            if (WORD.matcher(text).matches() && !commands.contains(token)) {
                add(Change.WRONG_KEY, token, text.substring(0, text.length() - 1) + "x" + text.charAt(0));
            }
        }
    }

    private String text(Span span) {
        return span.of(lua.source());
    }

    private void add(Change change, Span span, String instead) {
        Span around = around(span);
        String source = lua.source();
        String before = source.substring(around.from(), span.from());
        String behind = source.substring(span.to(), around.to());
        String mutated = source.substring(0, span.from()) + instead + source.substring(span.to());
        Mutant mutant = new Mutant(
                file,
                lua.lineAt(span.from()),
                lua.lineAt(statementAt(span).from()),
                change,
                oneLine(text(around)),
                oneLine(before + instead + behind),
                mutated);
        if (!mutant.before().equals(mutant.after())) {
            mutants.putIfAbsent(mutant.key(), mutant);
        }
    }

    /** The smallest statement that holds a part. */
    private Span statementAt(Span span) {
        return lua.statements().stream()
                .map(Statement::span)
                .filter(each -> each.from() <= span.from() && each.to() >= span.to())
                .min(Comparator.comparingInt(each -> each.to() - each.from()))
                .orElse(span);
    }

    /** The smallest statement or head of a statement that holds a part, for readers. */
    private Span around(Span span) {
        Stream<Span> heads = lua.conditions().stream().map(Condition::head);
        Stream<Span> statements = lua.statements().stream().map(Statement::span);
        return Stream.concat(heads, statements)
                .filter(each -> each.from() <= span.from() && each.to() >= span.to())
                .min(Comparator.comparingInt(each -> each.to() - each.from()))
                .map(each -> isLong(each) ? lineOf(span) : each)
                .orElse(span);
    }

    /** Heads of loops and functions are not among the heads, so their smallest statement is the whole loop. */
    private boolean isLong(Span span) {
        return lua.statements().stream()
                .anyMatch(each -> each.kind() == Kind.BLOCK && each.span().equals(span));
    }

    private Span lineOf(Span span) {
        int from = lua.source().lastIndexOf('\n', span.from()) + 1;
        int to = lua.source().indexOf('\n', span.to() - 1);
        return new Span(from, to < 0 ? lua.source().length() : Math.max(to, span.to()));
    }

    private static String oneLine(String text) {
        return text.replaceAll("--[^\n]*", "").strip().replaceAll("\\s+", " ");
    }
}
