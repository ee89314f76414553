package io.jobqueue;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The tags of a job, which travel in one header, separated by commas. */
final class Tags {

    static final String HEADER = "tags";

    private Tags() {}

    static String add(@Nullable String tags, String tag) {
        Set<String> all = split(tags);
        all.add(tag);
        return String.join(",", all);
    }

    static Set<String> of(Map<String, String> headers) {
        return Collections.unmodifiableSet(split(headers.get(HEADER)));
    }

    private static Set<String> split(@Nullable String tags) {
        return tags == null
                ? new LinkedHashSet<>()
                : Arrays.stream(tags.split(","))
                        .filter(tag -> !tag.isEmpty())
                        .collect(Collectors.toCollection(LinkedHashSet::new));
    }
}
