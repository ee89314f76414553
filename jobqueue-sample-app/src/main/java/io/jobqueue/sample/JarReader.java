package io.jobqueue.sample;

import io.jobqueue.JobOutcome;
import io.jobqueue.spring.JobHandler;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Enumeration;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * Reads jars: the work of the census. What a jar holds is what its central directory lists, so the totals are those of
 * {@code unzip -l}. Reading the same jar again gives the same report.
 */
@Component
final class JarReader {

    private static final int CLASS_FILE_MAGIC = 0xCAFEBABE;
    private static final int HEADER_BYTES = 8;

    /** Class files of Java 1.0.2 and 1.1 have major version 45, those of Java n have n + 44. */
    private static final int MAJOR_OF_JAVA_0 = 44;

    private final AllowedRoots roots;
    private final Bounds bounds;
    private final AtomicLong copiedBytes = new AtomicLong();

    @Autowired
    JarReader(AllowedRoots roots) {
        this(roots, Bounds.USUAL);
    }

    JarReader(AllowedRoots roots, Bounds bounds) {
        this.roots = roots;
        this.bounds = bounds;
    }

    /**
     * What reading a jar may cost. A jar in a jar is inflated into the temp folder, and a few kilobytes can inflate to
     * gigabytes. Jars are read one level deep: a jar in a jar in a jar counts as a file and is not inflated.
     *
     * @param entries how many entries a jar may have
     * @param nestedBytes how large a jar in a jar may be when it is inflated
     * @param copiesBytes how large all inflated copies may be together that exist at the same time
     */
    record Bounds(int entries, long nestedBytes, long copiesBytes) {

        static final Bounds USUAL = new Bounds(1_000_000, 128L << 20, 512L << 20);
    }

    /**
     * Reads one jar. A jar that will never be readable fails for good, with a reason; an I/O error is tried again.
     */
    @JobHandler(value = ReadJar.KIND, queue = Census.QUEUE)
    JarReport read(ReadJar work) throws IOException {
        try {
            Path file = roots.file(work.path());
            return work.entry() == null ? readFile(file) : readNested(file, work.entry());
        } catch (RefusedException | BrokenJarException ex) {
            throw JobOutcome.deadLetter(String.valueOf(ex.getMessage())).asException();
        } catch (NoSuchFileException | AccessDeniedException ex) {
            throw JobOutcome.deadLetter("cannot be read: " + ex).asException();
        }
    }

    private JarReport readFile(Path jar) throws IOException, BrokenJarException {
        // java.io.File, which ZipFile needs, cannot name every file when the locale of the JVM is not UTF-8
        if (!jar.toFile().isFile()) {
            try (InputStream in = Files.newInputStream(jar)) {
                return readCopy(in);
            }
        }
        String sha256;
        try (InputStream in = Files.newInputStream(jar)) {
            sha256 = copy(in, OutputStream.nullOutputStream());
        }
        return count(jar, ZipFile.OPEN_READ, sha256);
    }

    private JarReport readNested(Path jar, String entry) throws IOException, BrokenJarException {
        if (!JarSearch.isNestedJar(entry)) {
            throw new RefusedException("'%s' is no jar of an executable jar".formatted(entry));
        }
        try (ZipFile outer = new ZipFile(jar.toFile())) {
            ZipEntry nested = outer.getEntry(entry);
            if (nested == null) {
                throw new RefusedException("'%s' is not in %s".formatted(entry, jar));
            }
            if (nested.getSize() > bounds.nestedBytes()) {
                throw tooLarge(entry);
            }
            BoundedStream in = new BoundedStream(outer.getInputStream(nested), entry);
            try (in) {
                return readCopy(in);
            } finally {
                copiedBytes.addAndGet(-in.passed);
            }
        } catch (ZipException ex) {
            throw new BrokenJarException(ex);
        }
    }

    private RefusedException tooLarge(String entry) {
        return new RefusedException("'%s' inflates to more than %s bytes, the most that a jar in a jar may have"
                .formatted(entry, bounds.nestedBytes()));
    }

    /** The data of a jar in a jar, which ends with an exception when it is more than the bounds allow. */
    private final class BoundedStream extends FilterInputStream {

        private final String entry;
        private long passed;

        BoundedStream(InputStream data, String entry) {
            super(data);
            this.entry = entry;
        }

        @Override
        public int read() throws IOException {
            int read = super.read();
            passed(read < 0 ? 0 : 1);
            return read;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int read = super.read(target, offset, length);
            passed(Math.max(0, read));
            return read;
        }

        private void passed(int bytes) throws IOException {
            passed += bytes;
            long copied = copiedBytes.addAndGet(bytes);
            if (passed > bounds.nestedBytes()) {
                throw tooLarge(entry);
            }
            if (copied > bounds.copiesBytes()) {
                throw new IOException("jars that are being read fill the temp folder with more than %s bytes"
                        .formatted(bounds.copiesBytes()));
            }
        }
    }

    /** Nested jars have no path; a copy counts exactly as a jar of its own would. */
    private JarReport readCopy(InputStream jar) throws IOException, BrokenJarException {
        Path copy = Files.createTempFile("census-", ".jar");
        try {
            String sha256;
            try (OutputStream out = Files.newOutputStream(copy)) {
                sha256 = copy(jar, out);
            }
            // gone as soon as it is open, where the system can do that
            return count(copy, ZipFile.OPEN_READ | ZipFile.OPEN_DELETE, sha256);
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    private static String copy(InputStream from, OutputStream to) throws IOException {
        try (DigestInputStream in = new DigestInputStream(from, MessageDigest.getInstance("SHA-256"))) {
            in.transferTo(to);
            return HexFormat.of().formatHex(in.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException("every Java platform has SHA-256", ex);
        }
    }

    private JarReport count(Path jar, int mode, String sha256) throws BrokenJarException {
        // names that are not marked as UTF-8 may be anything; only their ends matter here, and Latin-1 takes all bytes
        try (ZipFile zip = new ZipFile(jar.toFile(), mode, StandardCharsets.ISO_8859_1)) {
            if (zip.size() > bounds.entries()) {
                throw new RefusedException("the jar has %s entries, more than the %s that a jar may have"
                        .formatted(zip.size(), bounds.entries()));
            }
            long files = 0;
            long classes = 0;
            long bytes = 0;
            JarReport.@Nullable Entry largest = null;
            Map<Integer, Long> javaVersions = new TreeMap<>();
            for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
                ZipEntry entry = entries.nextElement();
                if (entry.isDirectory()) {
                    continue;
                }
                files++;
                bytes += entry.getSize();
                if (largest == null || entry.getSize() > largest.bytes()) {
                    largest = new JarReport.Entry(entry.getName(), entry.getSize());
                }
                if (entry.getName().endsWith(".class")) {
                    classes++;
                    int release = javaRelease(zip, entry);
                    if (release > 0) {
                        javaVersions.merge(release, 1L, Long::sum);
                    }
                }
            }
            return new JarReport(files, classes, files - classes, bytes, largest, new TreeMap<>(javaVersions), sha256);
        } catch (RefusedException ex) {
            throw ex;
        } catch (IOException | RuntimeException ex) {
            // ZipFile meets some broken central directories with an IndexOutOfBoundsException
            throw new BrokenJarException(ex);
        }
    }

    /** Zero for what does not begin like a class file. */
    private static int javaRelease(ZipFile zip, ZipEntry entry) throws IOException {
        byte[] header;
        try (InputStream in = zip.getInputStream(entry)) {
            header = in.readNBytes(HEADER_BYTES);
        }
        if (header.length < HEADER_BYTES || ByteBuffer.wrap(header).getInt() != CLASS_FILE_MAGIC) {
            return 0;
        }
        int major = Byte.toUnsignedInt(header[6]) << 8 | Byte.toUnsignedInt(header[7]);
        return major - MAJOR_OF_JAVA_0;
    }

    /** The file is there and can be read, but it is no sound jar. */
    private static final class BrokenJarException extends Exception {

        private static final long serialVersionUID = 1L;

        BrokenJarException(Exception cause) {
            super("not a sound jar: " + (cause.getMessage() == null ? cause.toString() : cause.getMessage()), cause);
        }
    }
}
