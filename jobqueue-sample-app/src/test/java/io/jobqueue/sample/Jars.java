package io.jobqueue.sample;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Makes jars for tests. */
final class Jars {

    private Jars() {}

    /** Adds entries to a jar. */
    @FunctionalInterface
    interface Content {
        void addTo(ZipOutputStream zip) throws IOException;
    }

    static Path write(Path jar, Content content) throws IOException {
        Files.createDirectories(jar.getParent());
        try (ZipOutputStream zip = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(jar)))) {
            content.addTo(zip);
        }
        return jar;
    }

    static byte[] bytes(Content content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            content.addTo(zip);
        }
        return bytes.toByteArray();
    }

    /** Compressed, and with its sizes behind the data, in a data descriptor. */
    static void add(ZipOutputStream zip, String name, byte[] data) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(data);
        zip.closeEntry();
    }

    static void stored(ZipOutputStream zip, String name, byte[] data) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        CRC32 checksum = new CRC32();
        checksum.update(data);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(data.length);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        zip.write(data);
        zip.closeEntry();
    }

    static byte[] classFile(int release, int size) {
        byte[] bytes = new byte[size];
        byte[] header = {(byte) 0xCA, (byte) 0xFE, (byte) 0xBA, (byte) 0xBE, 0, 0, 0, (byte) (release + 44)};
        System.arraycopy(header, 0, bytes, 0, header.length);
        return bytes;
    }

    /**
     * Writes two entries of one name, which no tool of the JDK does: two names of the same length are written, and one
     * is changed into the other.
     */
    static Path withDuplicateEntry(Path jar) throws IOException {
        byte[] bytes = bytes(zip -> {
            add(zip, "META-INF/a.txt", new byte[10]);
            add(zip, "META-INF/b.txt", new byte[1000]);
            add(zip, "twice/A.class", classFile(8, 50));
            add(zip, "twice/B.class", classFile(17, 70));
        });
        String text = new String(bytes, StandardCharsets.ISO_8859_1)
                .replace("META-INF/b.txt", "META-INF/a.txt")
                .replace("twice/B.class", "twice/A.class");
        return Files.write(jar, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Changes the uncompressed size that the central directory of a jar declares for its last entry. */
    static Path declaring(Path jar, int size) throws IOException {
        byte[] bytes = Files.readAllBytes(jar);
        int header = new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf("PK\1\2");
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(header + 24, size);
        return Files.write(jar, bytes);
    }

    /** Jars of all sorts, the same for the same seed. */
    static void random(Path folder, int jars, long seed) throws IOException {
        Random random = new Random(seed);
        for (int i = 0; i < jars; i++) {
            Path jar = folder.resolve("group-" + i % 7).resolve("jar-%03d.jar".formatted(i));
            write(jar, zip -> {
                zip.putNextEntry(new ZipEntry("META-INF/"));
                zip.closeEntry();
                int entries = random.nextInt(40);
                for (int entry = 0; entry < entries; entry++) {
                    byte[] data = new byte[random.nextInt(3000)];
                    random.nextBytes(data);
                    switch (entry % 4) {
                        case 0 ->
                            add(zip, "p/C" + entry + ".class", classFile(8 + random.nextInt(10), 8 + data.length));
                        case 1 -> add(zip, "META-INF/versions/17/p/C" + entry + ".class", classFile(17, 90));
                        case 2 -> stored(zip, "stored/" + entry, data);
                        default -> add(zip, "r/ä " + entry + ".properties", data);
                    }
                }
            });
        }
    }
}
