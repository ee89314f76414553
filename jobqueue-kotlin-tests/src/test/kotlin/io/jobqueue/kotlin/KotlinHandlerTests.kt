package io.jobqueue.kotlin

import io.jobqueue.JobKind
import io.jobqueue.JobQueue
import io.jobqueue.JobRequest
import io.jobqueue.embedded.EmbeddedRedis
import io.jobqueue.embedded.RedisServer
import io.jobqueue.spring.JobHandler
import io.jobqueue.spring.JobQueueAutoConfiguration
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatIllegalArgumentException
import org.junit.jupiter.api.Test
import org.springframework.boot.autoconfigure.AutoConfigurations
import org.springframework.boot.context.annotation.UserConfigurations
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration
import org.springframework.boot.test.context.runner.ApplicationContextRunner
import java.time.Duration
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** An application whose payloads and handlers are written in Kotlin. */
@RedisServer
class KotlinHandlerTests(private val redis: EmbeddedRedis) {

    @JobKind("order")
    data class Order(val isUrgent: Boolean, val note: String?, val priority: Int = 3)

    data class Confirmation(val number: Int, val note: String?)

    open class Confirmer {
        @JobHandler("confirm")
        fun confirm(fields: Map<String, Any>): Confirmation? =
            (fields["number"] as Int?)?.let { Confirmation(it, null) }
    }

    open class Orders {
        val taken = LinkedBlockingQueue<Order>()

        @JobHandler
        fun take(order: Order) {
            taken.add(order)
        }
    }

    private fun application(): ApplicationContextRunner = ApplicationContextRunner()
        .withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration::class.java, JobQueueAutoConfiguration::class.java))
        .withConfiguration(UserConfigurations.of(Orders::class.java, Confirmer::class.java))
        .withPropertyValues("spring.data.redis.host=127.0.0.1", "spring.data.redis.port=${redis.port()}")

    @Test
    fun `a data class reaches its handler as it was`() {
        application().run { context ->
            context.getBean(JobQueue::class.java).enqueue(Order(true, null, 1))

            val taken = context.getBean(Orders::class.java).taken
            assertThat(taken.poll(20, TimeUnit.SECONDS)).isEqualTo(Order(true, null, 1))
        }
    }

    @Test
    fun `a result is awaited as a data class that may be null`() {
        application().run { context ->
            val jobs = context.getBean(JobQueue::class.java)
            val timeout = Duration.ofSeconds(20)

            val known: Confirmation? =
                jobs.enqueueAndAwait(JobRequest.of("confirm", mapOf("number" to 7)), Confirmation::class.java, timeout)
            val nothing: Confirmation? =
                jobs.enqueueAndAwait(JobRequest.of("confirm", mapOf("other" to 7)), Confirmation::class.java, timeout)

            assertThat(known).isEqualTo(Confirmation(7, null))
            assertThat(nothing).isNull()
        }
    }

    @Test
    fun `without the modules the enqueue of a data class is refused`() {
        application().withPropertyValues("jobqueue.json.find-modules=false").run { context ->
            assertThatIllegalArgumentException()
                .isThrownBy { context.getBean(JobQueue::class.java).enqueue(Order(true, null, 1)) }
                .withMessageContaining("property 'urgent' of")
                .withMessageContaining("jackson-module-kotlin")
        }
    }
}
