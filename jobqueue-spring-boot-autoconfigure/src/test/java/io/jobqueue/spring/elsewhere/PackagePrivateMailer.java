package io.jobqueue.spring.elsewhere;

import io.jobqueue.spring.JobHandler;

/** A superclass whose handler cannot be overridden by classes of other packages. */
public abstract class PackagePrivateMailer {

    /** Handles jobs of the kind {@code email}. */
    @JobHandler("email")
    String send() {
        return "sent by " + sender();
    }

    /** The name that the subclass sends under. */
    protected abstract String sender();
}
