package io.jobqueue.worker;

import static io.jobqueue.worker.Waiting.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.jobqueue.Claim;
import io.jobqueue.JobCodec;
import io.jobqueue.JobListener;
import io.jobqueue.JobRequest;
import io.jobqueue.QueueSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A thread of the crew dies of an error before it has ended its attempt. */
@Timeout(30)
class LostThreadTests {

    private static final Duration LEASE = Duration.ofMillis(300);

    private final QueueSettings settings =
            QueueSettings.defaults().withVisibility(LEASE).withHeartbeat(Duration.ofMillis(50));
    private final InMemoryJobStore store = new InMemoryJobStore("q", settings);
    private final List<Thread> died = new CopyOnWriteArrayList<>();
    private final Crew crew = new Crew(1, work -> {
        Thread thread = new Thread(work);
        thread.setUncaughtExceptionHandler((dead, error) -> died.add(dead));
        return thread;
    });
    private final LeaseKeeper.Member leases =
            new LeaseKeeper(new InMemorySignals(store), JobListener.none(), Patience.USUAL).join(store, Duration.ZERO);

    @AfterEach
    void stop() {
        crew.stop();
        leases.leave();
    }

    /** The owner of attempts; a thread that works on the job with the deadly id dies. */
    private final class Mortal implements Attempt.Owner {

        private final String deadly;
        private final List<String> worked = new CopyOnWriteArrayList<>();
        private final List<String> handedBack = new CopyOnWriteArrayList<>();

        private Mortal(String deadly) {
            this.deadly = deadly;
        }

        @Override
        public QueueSettings settings() {
            return settings;
        }

        @Override
        public JobCodec codec() {
            return store.codec();
        }

        @Override
        public AttemptNotes notes() {
            return store;
        }

        @Override
        public void work(Attempt attempt) {
            if (attempt.claim().id().equals(deadly)) {
                throw new OutOfMemoryError("not really");
            }
            worked.add(attempt.claim().id());
        }

        @Override
        public void handBack(Attempt attempt) {
            attempt.end(JobRunner.release(attempt.claim()));
            leases.remove(attempt);
            handedBack.add(attempt.claim().id());
        }

        @Override
        public void leaveBehind(Attempt attempt) {
            throw new AssertionError("no handler hangs");
        }

        @Override
        public boolean renew(Attempt attempt, Duration lease) {
            return leases.renewNow(attempt, lease);
        }
    }

    private Mortal work(String... ids) {
        Mortal owner = new Mortal("deadly");
        List.of(ids).forEach(id -> store.enqueue(JobRequest.of("work", null).id(id)));
        List<Attempt> attempts = new ArrayList<>();
        for (Claim claim : store.claim(ids.length).join().jobs()) {
            attempts.add(new Attempt(claim, System.nanoTime(), owner, 5, Duration.ofMinutes(1)));
        }
        leases.add(attempts);
        crew.add(attempts);
        return owner;
    }

    @Test
    void theCrewHiresAnotherThreadForTheJobsThatWait() {
        Mortal owner = work("deadly", "two", "three");

        await().until(() -> owner.worked.equals(List.of("two", "three")));
        assertThat(died).hasSize(1);
    }

    @Test
    void theClaimOfTheJobThatItHadIsHandedBackOnce() {
        Mortal owner = work("deadly");

        await().until(() -> owner.handedBack.equals(List.of("deadly")));
        assertThat(leases.attempts()).isEmpty();
    }
}
