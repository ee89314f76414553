package io.jobqueue.sample;

import io.jobqueue.JobKind;

/** The job of sending one mail. */
@JobKind("email")
record SendEmail(String recipient, int n) {}
