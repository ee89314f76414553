package io.jobqueue.spring;

import io.jobqueue.Recurring.Missed;
import io.jobqueue.Recurring.Overlap;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The properties of one recurring job, below {@code jobqueue.recurring.<name>}. A property that is not set falls back to the
 * annotation of the method with this name.
 *
 * @param enabled Whether this application declares the recurring job.
 * @param kind Kind of the jobs, for a recurring job without a method of its own. It needs a handler.
 * @param cron Cron expression of six fields, or a macro such as "@daily"; "-" declares no recurring job.
 * @param every Time between two slots, instead of a cron expression.
 * @param zone Time zone of the cron expression.
 * @param missed What happens to slots that passed while no instance was running.
 * @param missedLimit Most missed slots that "all" runs, from 1 to 1000.
 * @param overlap What happens to a slot while the job of an earlier slot has not ended.
 */
record RecurringProperties(
        @Nullable Boolean enabled,
        @Nullable String kind,
        @Nullable String cron,
        @Nullable Duration every,
        @Nullable String zone,
        @Nullable Missed missed,
        @Nullable Integer missedLimit,
        @Nullable Overlap overlap) {}
