/** Clients of the public Redis job-queue guide, in the dialects of its nine ports, on one queue with ours. */
package io.jobqueue.interop;
