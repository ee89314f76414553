package io.jobqueue.sample;

import io.jobqueue.JobLogLine;
import io.jobqueue.JobProgress;
import io.jobqueue.JobQueue;
import io.jobqueue.JobSnapshot;
import io.jobqueue.JobStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.Message;
import org.springframework.data.redis.connection.MessageListener;
import org.springframework.data.redis.listener.ChannelTopic;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** Newsletters over HTTP, and how far each is, as server-sent events. */
@RestController
final class NewsletterController {

    /** The queue announces progress on one channel and the end of jobs on another. */
    private static final List<ChannelTopic> CHANNELS = List.of(
            new ChannelTopic("queue:" + Mailer.QUEUE + ":lifecycle"),
            new ChannelTopic("queue:" + Mailer.QUEUE + ":events"));

    /** Then the browser connects again, and sees what an announcement that was lost would have told. */
    private static final Duration LONGEST_VIEW = Duration.ofMinutes(1);

    private final JobQueue jobs;
    private final RedisMessageListenerContainer announcements;

    NewsletterController(JobQueue jobs, RedisMessageListenerContainer announcements) {
        this.jobs = jobs.on(Mailer.QUEUE);
        this.announcements = announcements;
    }

    /**
     * How far a newsletter is.
     *
     * @param log the lines that the handler wrote
     */
    record NewsletterBody(String status, long done, long total, String note, List<String> log) {

        static NewsletterBody of(JobSnapshot job) {
            JobProgress progress = job.progress();
            return new NewsletterBody(
                    job.status() == null ? "unknown" : job.status().text(),
                    progress == null ? 0 : progress.done(),
                    progress == null ? 0 : progress.total(),
                    progress == null ? "" : progress.note(),
                    job.log().stream().map(JobLogLine::text).toList());
        }
    }

    /** Enqueues a newsletter. */
    @PostMapping("/newsletter")
    Map<String, String> send(@RequestParam Map<String, String> fields) {
        int recipients = new Form(fields).whole("recipients", 200, 1, 10_000);
        return Map.of("id", jobs.enqueue(new SendNewsletter(recipients)).id());
    }

    /** Sends an event whenever a newsletter gets on, until it has ended. All browsers share one subscription. */
    @GetMapping("/newsletter/{id}/events")
    SseEmitter watch(@PathVariable String id) {
        if (jobs.find(id).isEmpty()) {
            throw new RefusedException("there is no newsletter '%s'".formatted(id));
        }
        SseEmitter browser = new SseEmitter(LONGEST_VIEW.toMillis());
        View view = new View(id, browser);
        announcements.addMessageListener(view, CHANNELS);
        browser.onCompletion(() -> announcements.removeMessageListener(view, CHANNELS));
        view.show();
        return browser;
    }

    /** What one browser sees of one newsletter. */
    private final class View implements MessageListener {

        private final String id;
        private final SseEmitter browser;

        View(String id, SseEmitter browser) {
            this.id = id;
            this.browser = browser;
        }

        @Override
        public void onMessage(Message message, byte @Nullable [] pattern) {
            if (new String(message.getBody(), StandardCharsets.UTF_8).contains(id)) {
                show();
            }
        }

        /** One at a time, so that a browser never sees an older state after a newer one. */
        synchronized void show() {
            JobSnapshot job = jobs.find(id).orElse(null);
            try {
                if (job != null) {
                    browser.send(NewsletterBody.of(job), MediaType.APPLICATION_JSON);
                }
                if (job == null || job.status() == JobStatus.COMPLETED || job.status() == JobStatus.FAILED) {
                    browser.complete();
                }
            } catch (IOException | IllegalStateException ex) {
                browser.completeWithError(ex); // the browser went away, or the view has ended
            }
        }
    }
}
