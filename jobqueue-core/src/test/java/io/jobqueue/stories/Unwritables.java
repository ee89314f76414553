package io.jobqueue.stories;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Values that cannot be written as JSON, and some that only look so; each is inside an object, so that it can be a
 * payload.
 */
final class Unwritables {

    /**
     * A value.
     *
     * @param json what is written, or {@code null} when it is refused
     */
    record Value(Object value, @Nullable String json) {}

    private final Map<String, Value> all = new LinkedHashMap<>();

    private Unwritables() {
        circles();
        getters();
        sizes();
        odd();
    }

    static Map<String, Value> all() {
        return new Unwritables().all;
    }

    private void refused(String name, Object value) {
        all.put(name, new Value(Map.of("v", value), null));
    }

    private void written(String name, Object value, String json) {
        all.put(name, new Value(Collections.singletonMap("v", value), "{\"v\":" + json + "}"));
    }

    private void circles() {
        Map<String, Object> map = new HashMap<>();
        map.put("self", map);
        all.put("a map in itself", new Value(map, null));
        List<Object> list = new ArrayList<>();
        list.add(list);
        list.add(list);
        all.put("a list in itself", new Value(Collections.singletonMap("list", list), null));
        all.put("an object in itself", new Value(new Node(), null));
        all.put("a circle of two", new Value(Map.of("a", Map.of("b", new Node())), null));
    }

    /** Something that knows its neighbours. */
    public static final class Node {
        public Node getNext() {
            return this;
        }

        public List<Node> getAll() {
            return List.of(this, this);
        }
    }

    private void getters() {
        refused("a getter that throws", new Getter(new IllegalStateException("no value today")));
        refused("a getter that throws without message", new Getter(new IllegalArgumentException()));
        refused("a getter that throws an error", new Getter(new NoClassDefFoundError("gone/Away")));
        refused("a getter that has no stack", new Getter(new StackOverflowError()));
        refused("a getter that throws what is checked", new Getter(new InterruptedException("checked")));
        refused("a getter that throws what throws", new Getter(new IllegalArgumentException() {
            @Override
            public String getMessage() {
                throw new IllegalArgumentException() {
                    @Override
                    public String getMessage() {
                        throw new IllegalStateException("again");
                    }
                };
            }
        }));
        refused("an iterator that breaks off", (Iterable<String>) Broken::new);
    }

    /** Throws when it is written. */
    public static final class Getter {
        private final Throwable thrown;

        Getter(Throwable thrown) {
            this.thrown = thrown;
        }

        public String getValue() {
            throw Throwables.sneaky(thrown);
        }
    }

    private static final class Broken implements Iterator<String> {
        @Override
        public boolean hasNext() {
            return true;
        }

        @Override
        public String next() {
            throw new NoSuchElementException("broken off");
        }
    }

    private void sizes() {
        refused("too large a text", "x".repeat(300_000));
        refused("too large in bytes", "ä".repeat(150_000));
        refused("too many", Collections.nCopies(200_000, 1));
        refused("too deep", nested(5_000));
        refused("far too deep", nested(100_000));
        written("as deep as can be read", nested(400), "[".repeat(400) + "]".repeat(400));
    }

    private static Object nested(int depth) {
        Object nested = new ArrayList<>();
        for (int i = 1; i < depth; i++) {
            nested = new ArrayList<>(Collections.singletonList(nested));
        }
        return nested;
    }

    private void odd() {
        refused("a null as key", Collections.singletonMap(null, 1));
        refused("an object that has no properties", new Object());
        refused("a stream", new java.io.ByteArrayInputStream(new byte[] {1}));
        written("no number", Double.NaN, "\"NaN\"");
        written("no end", Float.NEGATIVE_INFINITY, "\"-Infinity\"");
        written("less than nothing", -0.0, "-0.0");
        written("a large number", new BigInteger("1".repeat(500)), "1".repeat(500));
        written("a larger number", new BigDecimal("1E+100000"), "1E+100000");
        written("nothing", null, "null");
        written("perhaps", Optional.empty(), "null");
        written("bytes", new byte[] {0, -1}, "\"AP8=\"");
        written("a text of controls", "\u0000\n\u001b", "\"\\u0000\\n\\u001B\"");
        written("a pair", "😀", "\"😀\"");
        written("half of a pair", "\ud83d", "\"\\uD83D\"");
        written(
                "the key of a foreign type",
                Map.of("@class", "java.lang.Runtime"),
                "{\"@class\":\"java.lang.Runtime\"}");
    }
}
