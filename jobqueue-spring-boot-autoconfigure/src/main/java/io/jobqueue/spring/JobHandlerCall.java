package io.jobqueue.spring;

import io.jobqueue.DeadLetterNotice;
import io.jobqueue.Job;
import io.jobqueue.JobContext;
import io.jobqueue.JobSnapshot;
import io.jobqueue.redis.RedisQueues;
import io.jobqueue.spring.JobHandlerMethod.Argument;
import io.jobqueue.worker.JobFunction;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.util.ReflectionUtils;

/**
 * Calls a handler's method on its bean, through all proxies of it. The bean is looked up when the first job needs it,
 * so that lazy beans stay lazy until then; a bean that is no singleton is looked up for each job.
 */
final class JobHandlerCall implements JobFunction {

    private final JobHandlerMethod handler;
    private final BeanFactory beans;
    private volatile @Nullable Target singleton;

    JobHandlerCall(JobHandlerMethod handler, BeanFactory beans) {
        this.handler = handler;
        this.beans = beans;
    }

    @Override
    public @Nullable Object handle(Job<?> job, JobContext context) throws Exception {
        Target target = target();
        JobSnapshot deadLetter = null;
        if (handler.arguments().contains(Argument.DEAD_LETTER)) {
            deadLetter = deadLetter(context).orElse(null);
            if (deadLetter == null) {
                return null;
            }
        }
        try {
            return target.method().invoke(target.bean(), arguments(job, context, deadLetter));
        } catch (InvocationTargetException ex) {
            // the engine decides by the handler's own exception
            ReflectionUtils.rethrowException(ex.getTargetException());
            throw ex;
        }
    }

    /** The dead letter that the job is a notice of; empty when somebody discarded it meanwhile. */
    private Optional<JobSnapshot> deadLetter(JobContext context) {
        String id = context.headers().get(DeadLetterNotice.ID_HEADER);
        return id == null
                ? Optional.empty()
                : beans.getBeanProvider(RedisQueues.class).getObject().queue().find(id);
    }

    private @Nullable Object[] arguments(Job<?> job, JobContext context, @Nullable JobSnapshot deadLetter) {
        List<Argument> wanted = handler.arguments();
        @Nullable Object[] values = new Object[wanted.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (wanted.get(i)) {
                case PAYLOAD -> job.payload();
                case JOB -> job;
                case CONTEXT -> context;
                case DEAD_LETTER -> deadLetter;
                case OUTPUTS -> context.outputs(Objects.requireNonNull(handler.outputType()));
            };
        }
        return values;
    }

    private Target target() {
        Target known = singleton;
        if (known != null) {
            return known;
        }
        String name = handler.place().beanName();
        Object bean = beans.getBean(name);
        Method method = ProxiedMethod.find(handler.place(), bean.getClass())
                .orElseThrow(() -> ProxiedMethod.unreachable(handler.place(), bean.getClass()));
        ReflectionUtils.makeAccessible(method);
        Target target = new Target(bean, method);
        if (beans.isSingleton(name)) {
            singleton = target;
        }
        return target;
    }

    private record Target(Object bean, Method method) {}
}
