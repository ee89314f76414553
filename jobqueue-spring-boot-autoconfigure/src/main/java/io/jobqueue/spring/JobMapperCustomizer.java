package io.jobqueue.spring;

import tools.jackson.databind.json.JsonMapper;

/**
 * Changes the JSON mapper that writes and reads payloads, results and work outputs, for example by adding a module for
 * your own types. The queue has its own mapper. {@code spring.jackson.*} and module beans of the application do not
 * change it, so that a web setting does not change the stored data. The mapper uses modules that Jackson finds on the
 * class path, unless {@code jobqueue.json.find-modules} is false.
 *
 * <p>Beans of this type are applied in their order, after the queue's own settings. During a rolling deployment, old
 * and new workers must read each other's data. So deploy a setting that changes the written format to readers first.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface JobMapperCustomizer {

    /**
     * Changes the builder of the mapper.
     *
     * @param builder the builder, to be changed in place
     */
    void customize(JsonMapper.Builder builder);
}
