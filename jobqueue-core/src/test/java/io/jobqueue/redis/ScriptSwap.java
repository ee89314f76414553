package io.jobqueue.redis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Gives the scripts of this JVM other texts, for tests of the tests. It reaches into {@link Script} by reflection, so that the
 * product has no door for it. Tests that run beside it would meet the other texts.
 */
public final class ScriptSwap implements AutoCloseable {

    private final List<Script> scripts = new ArrayList<>();

    public ScriptSwap() {
        Path folder = Path.of("src/main/java/io/jobqueue/redis");
        try (Stream<Path> found = Files.list(folder)) {
            for (Path path : found.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList()) {
                String name = path.getFileName().toString().replace(".java", "");
                if (!name.equals("package-info")) {
                    collect(Class.forName("io.jobqueue.redis." + name));
                }
            }
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (ReflectiveOperationException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private void collect(Class<?> type) throws ReflectiveOperationException {
        for (Field field : type.getDeclaredFields()) {
            if (field.getType() == Script.class && Modifier.isStatic(field.getModifiers())) {
                field.setAccessible(true);
                scripts.add((Script) field.get(null));
            }
        }
    }

    /** The Lua files by their names, without {@code .lua}. */
    public static Map<String, String> sources() {
        return LuaFile.all().values().stream()
                .collect(Collectors.toMap(LuaFile::name, LuaFile::source, (one, other) -> one, TreeMap::new));
    }

    /** The texts of all scripts that contain a file, with other words for that file. */
    public List<String> textsWith(String file, String source) {
        return scripts.stream()
                .map(ScriptSwap::file)
                .map(main -> formWith(main, file))
                .filter(files -> files.containsKey(file))
                .map(files -> text(files, (name, original) -> name.equals(file) ? source : original))
                .toList();
    }

    /**
     * Gives all scripts texts that are put together from other files.
     *
     * @param edit makes the text of a file from its name and its text
     */
    public void replace(BinaryOperator<String> edit) {
        scripts.forEach(script -> set(script, text(ScriptText.filesOf(file(script)), edit)));
    }

    /** Lets all scripts read their files again. */
    @Override
    public void close() {
        scripts.forEach(script -> set(script, null));
    }

    /** The files of a script; of the form with a history stream when only that contains the file. */
    private static Map<String, String> formWith(String main, String file) {
        Map<String, String> files = ScriptText.filesOf(main);
        return files.containsKey(file) || !ScriptText.canRecord(main) ? files : ScriptText.filesOfRecording(main);
    }

    private static String text(Map<String, String> files, BinaryOperator<String> edit) {
        return files.entrySet().stream()
                .map(each -> edit.apply(each.getKey(), each.getValue()))
                .collect(Collectors.joining("\n"));
    }

    private static String file(Script script) {
        try {
            Field field = Script.class.getDeclaredField("file");
            field.setAccessible(true);
            return (String) field.get(script);
        } catch (ReflectiveOperationException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static void set(Script script, String text) {
        try {
            Field field = Script.class.getDeclaredField("source");
            field.setAccessible(true);
            field.set(script, text == null ? null : source(field.getType(), text));
        } catch (ReflectiveOperationException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static Object source(Class<?> type, String text) throws ReflectiveOperationException {
        Method digest = Script.class.getDeclaredMethod("sha1", String.class);
        digest.setAccessible(true);
        Constructor<?> constructor = type.getDeclaredConstructor(String.class, String.class);
        constructor.setAccessible(true);
        return constructor.newInstance(text, digest.invoke(null, text));
    }
}
