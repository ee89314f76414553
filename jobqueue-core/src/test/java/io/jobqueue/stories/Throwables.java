package io.jobqueue.stories;

import io.jobqueue.JobCodec;
import io.jobqueue.worker.JobFunction;
import io.lettuce.core.RedisConnectionException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** All sorts of exceptions and errors, created as realistically as possible. */
final class Throwables {

    /** Something that throws, and how the error of its job begins. */
    record Thrower(String error, JobFunction function) {}

    private final Map<String, Thrower> all = new LinkedHashMap<>();

    private Throwables() {
        usual();
        errors();
        interrupts();
        messages();
        liars();
        chains();
    }

    static Map<String, Thrower> all() {
        return new Throwables().all;
    }

    private void add(String name, Supplier<? extends Throwable> made) {
        add(name, made.get().getClass().getName(), (job, context) -> {
            throw sneaky(made.get());
        });
    }

    private void add(String name, String error, JobFunction function) {
        all.put(name, new Thrower(error, function));
    }

    @SuppressWarnings("unchecked") // nothing is checked at run time
    static <X extends Throwable> RuntimeException sneaky(Throwable thrown) throws X {
        throw (X) thrown;
    }

    private void usual() {
        add("checked", () -> new IOException("disk"));
        add("unchecked", () -> new UncheckedIOException(new IOException("disk")));
        add("bare", () -> new Throwable("bare"));
        add("of no class that has a name", () -> new Throwable("anonymous") {});
        add("checked, out of a method that declares nothing", () -> new ClassNotFoundException("com.acme.Gone"));
        add("wrapped by reflection", () -> new InvocationTargetException(new IOException("disk")));
        add("wrapped by a future", () -> new ExecutionException(new CompletionException(new IOException("disk"))));
        add("cancelled", CancellationException::new);
        add("as if Redis were away", () -> new RedisConnectionException("away"));
        add(
                "a document of its own that cannot be read",
                "io.jobqueue.UnreadableJsonException: ",
                (job, context) -> JobCodec.standard().json("{").as(Map.class));
        add("without stack trace", () -> new RuntimeException("flat", null, false, false) {});
        add("not serialisable", () -> new RuntimeException("holds a thread") {
            @SuppressWarnings("unused")
            private final Thread thread = Thread.currentThread();
        });
    }

    private void errors() {
        add("error", () -> new Error("an error"));
        add("assertion", AssertionError::new);
        add("death of a thread", Death::new);
        add("no memory, by its own word", () -> new OutOfMemoryError("not really"));
        add("no memory, really", "java.lang.OutOfMemoryError", (job, context) -> new byte[Integer.MAX_VALUE]);
        add("no stack, by its own word", StackOverflowError::new);
        add("no stack, really", "java.lang.StackOverflowError", (job, context) -> recursion(1));
        add("no class", () -> new NoClassDefFoundError("com/acme/Gone"));
        add("no library", () -> new UnsatisfiedLinkError("gone.so"));
        add("no method", () -> new AbstractMethodError("gone()"));
        add("bad class", () -> new ClassFormatError("bytes"));
        add("bad service", () -> new ServiceConfigurationError("gone"));
        add("broken machine", () -> new InternalError("machine"));
        // an ExceptionInInitializerError at first, a NoClassDefFoundError from then on
        add("a class that cannot be initialised", "java.lang.", (job, context) -> Uninitialised.VALUE);
    }

    private static int recursion(int depth) {
        return recursion(depth + 1) + 1;
    }

    /** Like {@code ThreadDeath}, which newer JDKs take away. */
    private static final class Death extends Error {
        private static final long serialVersionUID = 1L;
    }

    private static final class Uninitialised {
        static final Object VALUE = fail();

        private static Object fail() {
            throw new IllegalStateException("no initialisation today");
        }
    }

    private void interrupts() {
        add("interrupted", () -> new InterruptedException("by itself"));
        add("interrupted, with the flag", "java.lang.InterruptedException", (job, context) -> {
            Thread.currentThread().interrupt();
            throw new InterruptedException();
        });
        add("the flag alone", "java.lang.IllegalStateException: flagged", (job, context) -> {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("flagged");
        });
        add("a message that interrupts", () -> new Liar() {
            @Override
            public String getMessage() {
                Thread.currentThread().interrupt();
                return "late";
            }
        });
    }

    private void messages() {
        add("no message", () -> new RuntimeException((String) null));
        add("empty message", () -> new RuntimeException(""));
        add("a message of a megabyte", () -> new RuntimeException("x".repeat(1 << 20)));
        add("a message of a megabyte of pairs", () -> new RuntimeException("😀".repeat(1 << 19)));
        add("another one, to be cut between others", () -> new RuntimeException("x" + "😀".repeat(1 << 19)));
        add("a message of controls", () -> new RuntimeException("a\u0000b\nc\r\nd\u001b[31me\u0085"));
        add("a message of halves", () -> new RuntimeException("\ud83d and \ude00\ud83d"));
        add("a message like ours", () -> new RuntimeException("discarded: unknown-kind: bad-payload: "));
        add("a message of formats", () -> new RuntimeException("{} %s ${jndi:ldap://x} {}"));
    }

    /** Base of exceptions whose answers cannot be trusted. */
    private static class Liar extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Liar() {
            super("liar");
        }
    }

    private void liars() {
        add("a message that throws", () -> new Liar() {
            @Override
            public String getMessage() {
                throw new Liar();
            }
        });
        add("a message that throws itself", () -> new Liar() {
            @Override
            public String getMessage() {
                throw this;
            }
        });
        add("a message without end", () -> new Liar() {
            @Override
            public String getMessage() {
                return "and " + getMessage();
            }
        });
        add("no message, and a text that throws", () -> new Liar() {
            @Override
            public @Nullable String getMessage() {
                return null;
            }

            @Override
            public String toString() {
                throw new Liar();
            }
        });
        add("a text that is null", () -> new Liar() {
            @Override
            @SuppressWarnings("NullAway")
            public @Nullable String toString() {
                return null;
            }

            @Override
            public @Nullable String getLocalizedMessage() {
                throw new Liar();
            }
        });
        add("a cause that throws", () -> new Liar() {
            @Override
            public synchronized Throwable getCause() {
                throw new Error("no cause");
            }
        });
        add("a stack trace that throws", () -> new Liar() {
            @Override
            public StackTraceElement[] getStackTrace() {
                throw new Liar();
            }

            @Override
            public void printStackTrace(PrintStream stream) {
                throw new Liar();
            }

            @Override
            public void printStackTrace(PrintWriter writer) {
                throw new Liar();
            }
        });
        add("an identity that throws", () -> new Liar() {
            @Override
            public int hashCode() {
                throw new Liar();
            }

            @Override
            public boolean equals(Object other) {
                throw new Liar();
            }
        });
    }

    private void chains() {
        add("its own cause", () -> new Liar() {
            @Override
            public synchronized Throwable getCause() {
                return this;
            }
        });
        add("causes without end", Endless::new);
        add("causes in a circle", () -> {
            Exception one = new Exception("one");
            one.initCause(new Exception("two", new Exception("three", one)));
            return one;
        });
        add("ten thousand causes", () -> {
            Exception last = new Exception("first");
            for (int i = 0; i < 10_000; i++) {
                last = new Exception("next", last);
            }
            return last;
        });
        add("suppressed ones in a circle", () -> {
            Exception one = new Exception("one");
            Exception two = new Exception("two");
            one.addSuppressed(two);
            two.addSuppressed(one);
            return one;
        });
        add("ten thousand suppressed ones", () -> {
            Exception one = new Exception("one");
            for (int i = 0; i < 10_000; i++) {
                one.addSuppressed(new Exception("suppressed"));
            }
            return one;
        });
    }

    private static final class Endless extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Endless() {
            super("endless", null, false, false); // traces without end would take their time
        }

        @Override
        public synchronized Throwable getCause() {
            return new Endless();
        }
    }
}
