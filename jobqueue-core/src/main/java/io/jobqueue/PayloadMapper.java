package io.jobqueue;

import java.util.List;
import java.util.function.UnaryOperator;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/** Builds the JSON mapper of a {@link JobCodec}. */
final class PayloadMapper {

    private static final List<Class<?>> PRIMITIVES = List.of(
            boolean.class, byte.class, short.class, int.class, long.class, float.class, double.class, char.class);

    private PayloadMapper() {}

    /**
     * Builds a mapper.
     *
     * @param findModules whether the modules that a {@link java.util.ServiceLoader} finds on the class path are added
     * @param customizer gets the builder after our own settings
     */
    static JsonMapper build(boolean findModules, UnaryOperator<JsonMapper.Builder> customizer) {
        JsonMapper.Builder builder = JsonMapper.builder();
        if (findModules) {
            builder.findAndAddModules();
        }
        fitOtherVersions(builder);
        keepDates(builder);
        builder.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                .enable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
                .addModule(new SimpleModule("jobqueue").setSerializerModifier(new PayloadSerializers()));
        return customizer
                .apply(builder)
                // the codec puts the kind in by position
                .disable(SerializationFeature.INDENT_OUTPUT)
                .build();
    }

    /**
     * During a rolling deployment, a type reads the documents of its other versions. A field that the type does not have
     * is ignored. An absent primitive takes its default, but an empty text is none. A constant of an enum is stored by
     * its name, because its text may change.
     */
    private static void fitOtherVersions(JsonMapper.Builder builder) {
        builder.disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .disable(EnumFeature.WRITE_ENUMS_USING_TO_STRING)
                .disable(EnumFeature.READ_ENUMS_USING_TO_STRING);
        for (Class<?> primitive : PRIMITIVES) {
            builder.withCoercionConfig(
                    primitive, config -> config.setCoercion(CoercionInputShape.EmptyString, CoercionAction.Fail));
        }
    }

    /** A date comes back with the zone or offset that it was written with. */
    private static void keepDates(JsonMapper.Builder builder) {
        builder.enable(DateTimeFeature.WRITE_DATES_WITH_ZONE_ID)
                .disable(DateTimeFeature.WRITE_DATES_WITH_CONTEXT_TIME_ZONE)
                .disable(DateTimeFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE)
                .disable(DateTimeFeature.NORMALIZE_DESERIALIZED_ZONE_ID);
    }
}
