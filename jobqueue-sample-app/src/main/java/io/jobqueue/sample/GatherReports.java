package io.jobqueue.sample;

import io.jobqueue.JobKind;

/** The job that gathers a census: it needs nothing but the outputs of its run. */
@JobKind("census.report")
record GatherReports() {}
