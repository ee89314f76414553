package io.jobqueue.worker;

import java.time.Duration;

/** An attempt that ended in this process, and how it is to be settled. */
record Ended(Attempt attempt, Settlement settlement, Duration took) {}
