package io.jobqueue.interop;

import java.time.Duration;

/** The differences between the ports of the guide: how each one pops, enqueues, formats JSON and calls scripts. */
enum Dialect {
    REDIS_PY("redis-py", Pop.BRPOPLPUSH, 500, Form.TRANSACTION, Spelling.PYTHON, Calls.BY_DIGEST_THEN_TEXT),
    NODEJS("nodejs", Pop.BLMOVE, 500, Form.TRANSACTION, Spelling.COMPACT, Calls.BY_DIGEST_THEN_TEXT),
    RUBY("ruby", Pop.BRPOPLPUSH, 500, Form.PIPELINE, Spelling.COMPACT, Calls.BY_DIGEST_ONLY),
    GO("go", Pop.BLMOVE, 1000, Form.PIPELINE, Spelling.GO, Calls.BY_DIGEST_THEN_TEXT),
    JEDIS("java-jedis", Pop.BRPOPLPUSH, 1000, Form.PIPELINE, Spelling.COMPACT, Calls.BY_TEXT),
    LETTUCE("java-lettuce", Pop.BLMOVE, 500, Form.SCRIPT, Spelling.COMPACT, Calls.BY_TEXT),
    RUST("rust", Pop.BLMOVE, 500, Form.TRANSACTION, Spelling.SORTED, Calls.BY_DIGEST_THEN_TEXT),
    PHP("php", Pop.BRPOPLPUSH, 1000, Form.PIPELINE, Spelling.PHP, Calls.BY_TEXT),
    DOTNET("dotnet", Pop.RPOPLPUSH_POLLED, 500, Form.PIPELINE, Spelling.DOTNET, Calls.BY_DIGEST_THEN_TEXT);

    /** What moves an id from {@code pending} to {@code processing}. */
    enum Pop {
        BRPOPLPUSH,
        BLMOVE,
        RPOPLPUSH_POLLED
    }

    /** How hash and list are written at an enqueue, and how a claim is stamped; a script does only the former. */
    enum Form {
        TRANSACTION,
        PIPELINE,
        SCRIPT
    }

    /** How the three scripts are called. */
    enum Calls {
        BY_TEXT,
        BY_DIGEST_THEN_TEXT,
        BY_DIGEST_ONLY
    }

    final String port;
    final Pop pop;
    final Duration block;
    final Form form;
    final Spelling spelling;
    final Calls calls;

    Dialect(String port, Pop pop, long blockMillis, Form form, Spelling spelling, Calls calls) {
        this.port = port;
        this.pop = pop;
        this.block = Duration.ofMillis(blockMillis);
        this.form = form;
        this.spelling = spelling;
        this.calls = calls;
    }

    @Override
    public String toString() {
        return port;
    }
}
