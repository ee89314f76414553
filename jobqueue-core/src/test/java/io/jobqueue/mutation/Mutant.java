package io.jobqueue.mutation;

/**
 * A Lua file with one change.
 *
 * @param file the file without {@code .lua}, for example {@code road/claim}
 * @param line the line of the change, from 1 on
 * @param statement the line in which the smallest statement begins that holds the change
 * @param change what kind of change it is
 * @param before the statement or the condition that was changed, on one line
 * @param after the same with the change, empty when the statement was dropped
 * @param source the text of the whole file
 */
record Mutant(String file, int line, int statement, Change change, String before, String after, String source) {

    enum Change {
        DROP_STATEMENT("drop a statement"),
        NEGATE_CONDITION("negate a condition"),
        FORGET_OPERAND("forget one side of and/or, a token among them"),
        SWAP_NEIGHBOURS("swap neighbours"),
        OFF_BY_ONE("off by one"),
        WRONG_KEY("a wrong key, field or word");

        private final String words;

        Change(String words) {
            this.words = words;
        }

        String words() {
            return words;
        }
    }

    /** Tells the mutant from all others, also when lines move. */
    Survivors.Key key() {
        return new Survivors.Key(file, before, after);
    }

    @Override
    public String toString() {
        return "%s:%d %s: %s  ==>  %s".formatted(file, line, change.words(), before, after);
    }
}
