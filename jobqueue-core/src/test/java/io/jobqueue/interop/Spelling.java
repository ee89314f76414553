package io.jobqueue.interop;

import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/** The JSON formats of the ports. All of them have the same meaning. */
enum Spelling {
    /** Separators with spaces, everything beyond ASCII escaped. */
    PYTHON(", ", ": ", false, "", "%04x", true),
    COMPACT(",", ":", false, "", "%04x", false),
    SORTED(",", ":", true, "", "%04x", false),
    /** Keys sorted; what is special in HTML and JavaScript escaped. */
    GO(",", ":", true, "<>&\u2028\u2029", "%04x", false),
    /** Everything beyond ASCII escaped, slashes left alone. */
    PHP(",", ":", false, "", "%04x", true),
    /** Everything beyond ASCII escaped, in upper case, and what is special in HTML. */
    DOTNET(",", ":", false, "\"&'+<>`", "%04X", true);

    private final String comma;
    private final String colon;
    private final boolean sorted;
    private final String escaped;
    private final String hex;
    private final boolean ascii;

    Spelling(String comma, String colon, boolean sorted, String escaped, String hex, boolean ascii) {
        this.comma = comma;
        this.colon = colon;
        this.sorted = sorted;
        this.escaped = escaped;
        this.hex = hex;
        this.ascii = ascii;
    }

    String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private void write(Object value, StringBuilder out) {
        if (value instanceof Map<?, ?> map) {
            Iterator<? extends Map.Entry<?, ?>> fields =
                    (sorted ? new TreeMap<>(map) : map).entrySet().iterator();
            out.append('{');
            while (fields.hasNext()) {
                Map.Entry<?, ?> field = fields.next();
                text(String.valueOf(field.getKey()), out);
                out.append(colon);
                write(field.getValue(), out);
                out.append(fields.hasNext() ? comma : "");
            }
            out.append('}');
        } else if (value instanceof Collection<?> items) {
            Iterator<?> each = items.iterator();
            out.append('[');
            while (each.hasNext()) {
                write(each.next(), out);
                out.append(each.hasNext() ? comma : "");
            }
            out.append(']');
        } else if (value instanceof String text) {
            text(text, out);
        } else {
            out.append(value);
        }
    }

    private void text(String text, StringBuilder out) {
        out.append('"');
        for (char c : text.toCharArray()) {
            if (c < ' ' || (ascii && c > '~') || escaped.indexOf(c) >= 0) {
                out.append("\\u").append(hex.formatted((int) c));
            } else if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
