package io.jobqueue.stories;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Damaged documents: each is a valid one with one to three changes. A case depends only on the seed and its number, so
 * it can be repeated without the cases before it.
 */
final class Mutations {

    private static final List<byte[]> GOOD = bytes(
            "{\"kind\":\"parcel\",\"value\":1,\"text\":\"a\",\"count\":2,\"exact\":3.50,\"tags\":[\"x\",\"y\"]}",
            "{\"kind\":\"parcel\"}",
            "{\"text\":\"ä 日本 😀 \\ud83d\\ude00 \\u0000\",\"kind\":\"parcel\",\"value\":{\"a\":[1,{\"b\":null}]}}",
            "{\"kind\":\"parcel\",\"exact\":-1234567890.0987654321e-12,\"count\":9007199254740993}",
            "{ \"kind\" : \"parcel\" , \"tags\" : [ ] , \"value\" : [ [ [ [ true , false ] ] ] ] }\n",
            "{\"job\":\"old\",\"value\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"kind\":\"parcel\",\"new\":{\"kind\":\"other\"}}",
            "{\"kind\":\"parcel\",\"value\":\"" + "long ".repeat(200) + "\"}");

    private static final List<byte[]> PIECES = bytes(
            "\"",
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\\u",
            "\\ud83d",
            "\u0000",
            "\ufeff",
            "\n",
            "null",
            "NaN",
            "1e999",
            "-",
            "0",
            "\"kind\":\"parcel\",",
            "\"kind\":7,",
            "\"value\":",
            "\"tags\":[null],",
            "\"count\":1.5,",
            "\"exact\":\"x\",",
            "😀",
            "99999999999999999999",
            "/**/",
            "'",
            "{\"a\":",
            "[[[[[[[[",
            "\u2028");

    private final long seed;

    Mutations(long seed) {
        this.seed = seed;
    }

    byte[] document(int number) {
        Random dice = new Random(seed * 1_000_003 + number);
        dice.nextInt(); // the first ones of neighbouring seeds are alike
        byte[] document = one(GOOD, dice);
        for (int wounds = 1 + dice.nextInt(3); wounds > 0; wounds--) {
            document = wounded(document, dice);
        }
        return document;
    }

    private static byte[] wounded(byte[] document, Random dice) {
        int from = dice.nextInt(document.length + 1);
        int to = Math.min(document.length, from + dice.nextInt(8));
        return switch (dice.nextInt(8)) {
            case 0 -> flipped(document, dice);
            case 1 -> join(document, 0, from, new byte[0], document, to);
            case 2 -> join(document, 0, to, new byte[0], document, from);
            case 3 -> Arrays.copyOf(document, from);
            case 4 -> spliced(document, from, dice);
            case 5 -> join(document, 0, from, new byte[] {(byte) dice.nextInt(256)}, document, from);
            default -> join(document, 0, from, one(PIECES, dice), document, dice.nextBoolean() ? from : to);
        };
    }

    private static byte[] flipped(byte[] document, Random dice) {
        byte[] flipped = document.clone();
        if (flipped.length > 0) {
            flipped[dice.nextInt(flipped.length)] ^= (byte) (1 << dice.nextInt(8));
        }
        return flipped;
    }

    private static byte[] spliced(byte[] document, int from, Random dice) {
        byte[] other = one(GOOD, dice);
        return join(document, 0, from, new byte[0], other, dice.nextInt(other.length));
    }

    /** The begin of one document, a piece, and the rest of another. */
    private static byte[] join(byte[] first, int from, int to, byte[] piece, byte[] second, int rest) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        joined.write(first, from, to - from);
        joined.writeBytes(piece);
        joined.write(second, rest, second.length - rest);
        return joined.toByteArray();
    }

    private static byte[] one(List<byte[]> of, Random dice) {
        return of.get(dice.nextInt(of.size()));
    }

    private static List<byte[]> bytes(String... texts) {
        return Arrays.stream(texts)
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }
}
