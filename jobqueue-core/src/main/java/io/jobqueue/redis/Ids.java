package io.jobqueue.redis;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;

/** Makes ids and tokens: 32 lower-case hex characters. */
final class Ids {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final HexFormat HEX = HexFormat.of();

    private Ids() {}

    /** An id that sorts by the time of its making: 48 bits of milliseconds, 80 random bits. */
    static String ordered() {
        byte[] bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        long millis = System.currentTimeMillis();
        for (int i = 5; i >= 0; i--) {
            bytes[i] = (byte) millis;
            millis >>>= 8;
        }
        return HEX.formatHex(bytes);
    }

    /** A token that cannot be guessed. */
    static String token() {
        byte[] bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        return HEX.formatHex(bytes);
    }

    /** The id of a unit's job: the same for the same queue, run and unit. */
    static String ofUnit(String queue, String runId, String unitId) {
        return derived(queue, runId, unitId);
    }

    /** The id of a run's gather job. No unit's job has it, because units have names. */
    static String ofGather(String queue, String runId) {
        return derived(queue, runId, "");
    }

    private static String derived(String... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String part : parts) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                digest.update(Integer.toString(bytes.length).getBytes(StandardCharsets.US_ASCII));
                digest.update((byte) ':');
                digest.update(bytes);
            }
            return HEX.formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException("every JDK has SHA-256", ex);
        }
    }
}
