package io.jobqueue.history;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Loads the classes of the product again, with changed scripts. So a test can use a flawed script although the product
 * offers no way to replace one.
 */
final class FlawedScripts extends ClassLoader {

    private static final String SCRIPTS = "io/jobqueue/redis/";

    private final List<Edit> edits;

    /**
     * Another wording of a place in a script.
     *
     * @param script the file without {@code .lua}, for example {@code road/claim}
     * @param words what stands there, exactly once
     * @param instead what is to stand there
     */
    record Edit(String script, String words, String instead) {}

    FlawedScripts(List<Edit> edits) {
        super(FlawedScripts.class.getClassLoader());
        this.edits = edits;
    }

    /**
     * Plays one of the {@link Schedules}.
     *
     * @return what the checker has to say
     */
    @SuppressWarnings("unchecked") // it is the same method, of the same class of another loader
    List<String> play(String schedule, int port, Path folder) {
        try {
            return (List<String>) loadClass(Schedules.class.getName())
                    .getMethod("play", String.class, int.class, Path.class)
                    .invoke(null, schedule, port, folder);
        } catch (InvocationTargetException ex) {
            throw new IllegalStateException("the schedule " + schedule + " came to no end", ex.getCause());
        } catch (ReflectiveOperationException ex) {
            throw new IllegalStateException(ex);
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith("io.jobqueue.") || name.startsWith("io.jobqueue.embedded.")) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            byte[] bytes = bytes(name.replace('.', '/') + ".class");
            return defineClass(name, bytes, 0, bytes.length);
        }
    }

    @Override
    public InputStream getResourceAsStream(String name) {
        List<Edit> ofThis = edits.stream()
                .filter(edit -> name.equals(SCRIPTS + edit.script() + ".lua"))
                .toList();
        if (ofThis.isEmpty()) {
            return super.getResourceAsStream(name);
        }
        String text = new String(bytes(name), StandardCharsets.UTF_8);
        for (Edit edit : ofThis) {
            int at = text.indexOf(edit.words());
            if (at < 0 || text.indexOf(edit.words(), at + 1) >= 0) {
                throw new IllegalStateException(
                        "%s.lua does not say exactly once: %s".formatted(edit.script(), edit.words()));
            }
            text = text.replace(edit.words(), edit.instead());
        }
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    private byte[] bytes(String name) {
        try (InputStream in = super.getResourceAsStream(name)) {
            return in.readAllBytes();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
