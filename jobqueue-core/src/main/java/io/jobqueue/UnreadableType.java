package io.jobqueue;

/**
 * The reason why no document can ever be read into a type, see {@link JobCodec#unreadable}.
 *
 * @param reason the class or the property and what is wrong, for example
 *     {@code "com.acme.Shape is an interface, so no document tells its class"}
 * @param remedy for example {@code "make it static"}
 * @since 0.1.0
 */
public record UnreadableType(String reason, String remedy) {}
