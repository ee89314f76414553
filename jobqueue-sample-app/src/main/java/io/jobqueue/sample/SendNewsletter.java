package io.jobqueue.sample;

import io.jobqueue.JobKind;

/** The job of sending a newsletter to many recipients, which takes a while. */
@JobKind("newsletter")
record SendNewsletter(int recipients) {}
