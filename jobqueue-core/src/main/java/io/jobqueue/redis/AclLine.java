package io.jobqueue.redis;

import java.util.List;

/** Writes the commands that give a Redis user the rights that the queue needs. */
final class AclLine {

    private AclLine() {}

    /** The pattern of all channels of an application, from the name of one of them: {@code &queue:*}. */
    static String channelsOf(String channel) {
        return "&" + channel.substring(0, channel.indexOf(':')) + ":*";
    }

    /** The command that adds rights to those that the user has. */
    static String grant(List<String> rights) {
        return "ACL SETUSER <user> " + String.join(" ", rights);
    }
}
