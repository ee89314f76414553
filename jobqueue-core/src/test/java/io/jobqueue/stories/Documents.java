package io.jobqueue.stories;

import java.math.BigInteger;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Payloads of kind {@code parcel} as other producers may write them, each with its meaning according to RFC 8259. The
 * meanings are written by hand, so that no parser checks itself.
 */
final class Documents {

    /** What comes of a document. */
    enum End {
        /** A parcel whose {@code value} is the one that is meant. */
        READ,
        /** A dead letter with a reason. */
        REFUSED,
        /** One of both: it is JSON, and larger or deeper than a reader has to put up with. */
        EITHER
    }

    /** A document, and the {@code value} that a reader of its parcel has to see. */
    record Document(String name, byte[] bytes, End end, Object value) {

        @Override
        public String toString() {
            String text = new String(bytes, StandardCharsets.UTF_8);
            return "%s: %s".formatted(name, text.length() > 200 ? text.substring(0, 200) + "…" : text);
        }
    }

    /** Stands for JSON's null, which a list without nulls cannot hold. */
    static final Object NOTHING = "nothing";

    private final List<Document> all = new ArrayList<>();

    private Documents() {
        values();
        frames();
        encodings();
    }

    static List<Document> all() {
        return List.copyOf(new Documents().all);
    }

    // ---- one value, in three places of a document

    private void read(String json, Object value) {
        place(json, End.READ, value);
    }

    private void refused(String json) {
        place(json, End.REFUSED, NOTHING);
    }

    private void either(String json) {
        place(json, End.EITHER, NOTHING);
    }

    private void place(String json, End end, Object value) {
        document("kind first", "{\"kind\":\"parcel\",\"value\":%s}".replace("%s", json), end, value);
        document("kind last", "{\"value\":%s,\"kind\":\"parcel\"}".replace("%s", json), end, value);
        document(
                "in a field that nobody reads",
                "{\"kind\":\"parcel\",\"new\":[{\"deep\":%s}],\"value\":7}".replace("%s", json),
                end,
                7);
    }

    private void document(String name, String text, End end, Object value) {
        all.add(new Document(name, text.getBytes(StandardCharsets.UTF_8), end, value));
    }

    private void values() {
        numbers();
        texts();
        nesting();
        Stream.of(
                        "",
                        "TRUE",
                        "nul",
                        "undefined",
                        "None",
                        "trueish",
                        "#",
                        "<xml/>",
                        "1 2",
                        "\u0000",
                        "\u00a01",
                        "\ufeff1")
                .forEach(this::refused);
        Stream.of("/* why */ 1", "// why\n1", "`1`", "() => 1", "{{1}}", "${1}", "1;", "@1")
                .forEach(this::refused);
        read("null", NOTHING);
        read("true", true);
        read("false", false);
        read(" \t\r\n 1 \t\r\n ", 1);
    }

    private void numbers() {
        read("0", 0);
        read("-0", 0);
        read("-1", -1);
        read("2147483647", Integer.MAX_VALUE);
        read("2147483648", 2147483648L);
        read("9007199254740993", 9007199254740993L);
        read("-9223372036854775808", Long.MIN_VALUE);
        read("9223372036854775808", new BigInteger("9223372036854775808"));
        read("1".repeat(1000), new BigInteger("1".repeat(1000)));
        read("1.0", 1.0);
        read("-0.0", -0.0);
        read("1e3", 1000.0);
        read("1E+2", 100.0);
        read("25e-1", 2.5);
        read("0.1", 0.1);
        read("1e-400", 0.0);
        read("1e400", Double.POSITIVE_INFINITY);
        read("5e-324", Double.MIN_VALUE);
        Stream.of(
                        "01", "-01", "+1", ".5", "1.", "1e", "1e+", "--1", "-", "0x10", "1_000", "1,000", "1.2.3",
                        "1e2e3", "٣")
                .forEach(this::refused);
        Stream.of("NaN", "Infinity", "-Infinity", "nan", "1f", "1L", "1n", "½").forEach(this::refused);
        either("1".repeat(1001));
        either("0." + "1".repeat(100_000));
        either("1e999999999");
        either("1e-9999999999");
    }

    private void texts() {
        for (String text : List.of(
                "", " ", "a", "ä", "日本", "😀", "</script>", "${jndi:ldap://x}", "%s%n%1$s", "\u2028", "\u007f")) {
            read('"' + text + '"', text);
        }
        for (String text : List.of("\ufeff", "\uffff", "\u202e", "e\u0301", "'", "null", "{}", "@class")) {
            read('"' + text + '"', text);
        }
        read("\"\\u0000\"", "\u0000");
        read("\"\\ud83d\\ude00\"", "😀");
        read("\"\\uD83D\"", "\ud83d");
        read("\"\\ude00\\ud83d\"", "\ude00\ud83d");
        read("\"\\ud83dx\"", "\ud83dx");
        read("\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"", "/\b\f\n\r\t\"\\");
        read('"' + "long ".repeat(20_000) + '"', "long ".repeat(20_000));
        Stream.of("'a'", "\"a", "a\"", "\"\\x41\"", "\"\\u12\"", "\"\\u{41}\"", "\"\\\"", "\"\\u00g0\"", "\"a\" \"b\"")
                .forEach(this::refused);
        Stream.of("\"a\nb\"", "\"a\tb\"", "\"a\u0000b\"", "\"a\u001fb\"", "“a”").forEach(this::refused);
    }

    private void nesting() {
        read("[]", List.of());
        read("[[]]", List.of(List.of()));
        read("[1,\"a\",true,{},2.5]", List.of(1, "a", true, Map.of(), 2.5));
        read("[" + "0,".repeat(9_999) + "0]", Collections.nCopies(10_000, 0));
        read("[".repeat(400) + "]".repeat(400), lists(400));
        read("{}", Map.of());
        read("{\"\":1}", Map.of("", 1));
        read("{\"\\u0000\":{\"b\":{}}}", Map.of("\u0000", Map.of("b", Map.of())));
        read("{\"a\":1,\"a\":2}", Map.of("a", 2));
        read("{\"kind\":\"other\",\"value\":3}", Map.of("kind", "other", "value", 3));
        read("{\"@class\":\"java.lang.Runtime\",\"@type\":1}", Map.of("@class", "java.lang.Runtime", "@type", 1));
        read("{\"__proto__\":{}}", Map.of("__proto__", Map.of()));
        Stream.of(
                        "[1,]",
                        "[,1]",
                        "[1 2]",
                        "[",
                        "]",
                        "{",
                        "}",
                        "[}",
                        "{]",
                        "[1",
                        "{\"a\":1,}",
                        "{a:1}",
                        "{\"a\"}",
                        "{\"a\":}")
                .forEach(this::refused);
        Stream.of("{1:2}", "{,}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1,,\"b\":2}", "{null:1}", "[1]]")
                .forEach(this::refused);
        either("[".repeat(600) + "]".repeat(600));
        either("[".repeat(100_000) + "]".repeat(100_000));
        either("{\"a\":".repeat(5_000) + "1" + "}".repeat(5_000));
        either("{\"" + "k".repeat(60_000) + "\":1}");
        refused("[".repeat(100_000));
    }

    private static List<?> lists(int depth) {
        List<?> lists = List.of();
        for (int i = 1; i < depth; i++) {
            lists = List.of(lists);
        }
        return lists;
    }

    // ---- the document around the value

    private void frames() {
        String good = "{\"kind\":\"parcel\",\"value\":1}";
        document("white space around it", " \r\n\t" + good + "\n\n", End.READ, 1);
        document(
                "the kind twice, the last one counts",
                "{\"kind\":\"other\",\"kind\":\"parcel\",\"value\":1}",
                End.READ,
                1);
        document("a value twice, the last one counts", "{\"kind\":\"parcel\",\"value\":1,\"value\":2}", End.READ, 2);
        document("the kind in escapes", "{\"\\u006bind\":\"p\\u0061rcel\",\"value\":1}", End.READ, 1);
        document("no value", "{\"kind\":\"parcel\"}", End.READ, NOTHING);
        document(
                "larger than a payload of ours",
                good.replace("1", '"' + "x".repeat(2_000_000) + '"'),
                End.READ,
                "x".repeat(2_000_000));
        document("many fields", good.replace("}", fields(5_000) + "}"), End.READ, 1);
        List<String> refused = new ArrayList<>(Arrays.asList(
                "",
                " ",
                "{}",
                "[]",
                "null",
                "7",
                "\"parcel\"",
                "parcel",
                "not json",
                "{\"kind\":\"other\",\"value\":1}"));
        refused.addAll(
                List.of("[" + good + "]", "\"" + good + "\"", good + good, good + "x", good + "}", good + "\u0000"));
        refused.addAll(List.of(
                "\u0000" + good, "\ufeff" + good, "\ufeff", "data=" + good, ")]}'\n" + good, "\u001f\u008b" + good));
        refused.addAll(List.of(
                "{\"Kind\":\"parcel\"}", "{\"kind\":null}", "{\"kind\":[\"parcel\"]}", "{\"kind\":{\"parcel\":1}}"));
        refused.addAll(List.of("{\"kind\":\"parcel\",\"kind\":7}", "{\"kind\":\"parcel\",\"kind\":[\"parcel\"]}"));
        refused.addAll(List.of(
                "{\"kind\":\"\"}", "{\"kind\":\" parcel\"}", "{\"kind\":\"parcel\\u0000\"}", "{\"kind\":\"\\ud83d\"}"));
        refused.addAll(List.of("{\"kind\":\"parcel\",\"run_id\":\"r\"}", "{\"kind\":\"parcel\",\"unit_id\":\"u\"}"));
        refused.addAll(List.of(
                "{\"kind\":\"parcel\",\"run_id\":\"a b\",\"unit_id\":\"u\"}",
                "{\"kind\":\"parcel\",\"run_id\":\"{r}\",\"unit_id\":\"u\"}",
                "{\"kind\":\"parcel\",\"run_id\":\"r\",\"unit_id\":\"\\u0000\"}",
                "{\"kind\":\"parcel\",\"run_id\":\"r\",\"unit_id\":\"\\ud83d\"}",
                "{\"kind\":\"" + "k".repeat(1_000_000) + "\"}",
                "{\"kind\":\"a\\nb\\u001b[31m\"}"));
        refused.forEach(text -> document("the whole document", text, End.REFUSED, NOTHING));
        for (int end = 1; end < good.length(); end++) {
            document("cut off", good.substring(0, end), End.REFUSED, NOTHING);
        }
    }

    private static String fields(int count) {
        StringBuilder fields = new StringBuilder();
        for (int i = 0; i < count; i++) {
            fields.append(",\"field-").append(i).append("\":").append(i);
        }
        return fields.toString();
    }

    private void encodings() {
        String good = "{\"kind\":\"parcel\",\"value\":\"ä\"}";
        for (String charset : List.of("UTF-16", "UTF-16LE", "UTF-32BE", "IBM500")) {
            all.add(new Document(charset, good.getBytes(Charset.forName(charset)), End.REFUSED, NOTHING));
        }
        // what is not UTF-8 inside of a text is shown as such, as everywhere in Java
        all.add(new Document("latin 1", good.getBytes(StandardCharsets.ISO_8859_1), End.READ, "\ufffd"));
    }
}
