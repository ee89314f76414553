package io.jobqueue.redis;

import java.util.List;

/** Writes the commands that give a Redis user the rights that the queue needs. */
final class AclLine {

    private AclLine() {}

    /** The command that adds rights to those that a user has. */
    static String grant(String user, List<String> rights) {
        return "ACL SETUSER " + user + " " + String.join(" ", rights);
    }

    /**
     * The command that allows what was refused on a channel.
     *
     * @param channel a channel of the queue, whose first part is the key prefix
     * @param refusal what Redis said
     * @param commands the commands for the channel, for example {@code +publish}
     */
    static String grantChannel(String channel, String refusal, String commands) {
        String all = "&" + channel.substring(0, channel.indexOf(':')) + ":*";
        return Refusal.isAboutChannels(refusal)
                ? grant("<user>", List.of(all, commands))
                : grant("<user>", List.of(commands)) + ", and " + all + " unless the user has all channels";
    }
}
