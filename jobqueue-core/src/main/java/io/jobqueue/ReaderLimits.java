package io.jobqueue;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.StreamReadConstraints;

/**
 * The limits of JSON readers. Writers have no limits, so they can write numbers, names and nesting that no reader accepts.
 * Immutable.
 */
final class ReaderLimits {

    private final int number;
    private final int name;
    private final int depth;

    ReaderLimits(StreamReadConstraints limits) {
        this.number = limits.getMaxNumberLength();
        this.name = limits.getMaxNameLength();
        this.depth = limits.getMaxNestingDepth();
    }

    /**
     * Looks for a part of a document that no reader accepts. Costs nothing for documents that are shorter than the
     * limits.
     *
     * @param document well-formed JSON
     * @return what the document holds and the remedy, or {@code null} when it can be read
     */
    @Nullable
    String exceededBy(byte[] document) {
        if (document.length <= Math.min(number, depth)) {
            return null;
        }
        int digits = 0;
        int level = 0;
        for (int i = 0; i < document.length; i++) {
            switch (document[i]) {
                case '"' -> {
                    int end = endOfText(document, i);
                    if (isName(document, end) && characters(document, i + 1, end) > name) {
                        return "a field name of more than " + name
                                + " characters, which no JSON reader takes; shorten the name";
                    }
                    i = end;
                    digits = 0;
                }
                case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.', '-', '+', 'e', 'E' -> {
                    if (++digits > number) {
                        return "a number of more than " + number
                                + " characters, which no JSON reader takes; write it as a text";
                    }
                }
                case '[', '{' -> {
                    if (++level > depth) {
                        return "values nested deeper than " + depth
                                + " levels, which no JSON reader takes; make it flatter";
                    }
                    digits = 0;
                }
                case ']', '}' -> {
                    level--;
                    digits = 0;
                }
                default -> digits = 0;
            }
        }
        return null;
    }

    /** The place of the closing quote. */
    private static int endOfText(byte[] document, int start) {
        int i = start + 1;
        while (i < document.length && document[i] != '"') {
            i += document[i] == '\\' ? 2 : 1;
        }
        return i;
    }

    private static boolean isName(byte[] document, int end) {
        int i = end + 1;
        while (i < document.length && document[i] <= ' ' && document[i] >= 0) {
            i++;
        }
        return i < document.length && document[i] == ':';
    }

    /** The characters of a text as a reader counts them: an escape is one, a pair of surrogates is two. */
    private static int characters(byte[] document, int from, int to) {
        int characters = 0;
        for (int i = from; i < to; i++) {
            if (document[i] == '\\') {
                i += document[i + 1] == 'u' ? 5 : 1;
                characters++;
            } else if ((document[i] & 0xC0) != 0x80) {
                characters += (document[i] & 0xF8) == 0xF0 ? 2 : 1;
            }
        }
        return characters;
    }
}
