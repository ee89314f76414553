package io.jobqueue.spring;

import tools.jackson.databind.json.JsonMapper;

/**
 * Changes the JSON mapper that payloads, results and work outputs are written and read with, for example by a module
 * for own types. The queue has a mapper of its own: {@code spring.jackson.*} and module beans of the application do not
 * change it, so that what is stored does not change with a web setting. Modules that Jackson finds on the class path
 * are used, unless {@code jobqueue.json.find-modules} is false.
 *
 * <p>Beans of this type are applied in their order, after the queue's own settings. The workers of a rolling deployment
 * must understand each other: a setting that changes what is written is best introduced by readers first.
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
