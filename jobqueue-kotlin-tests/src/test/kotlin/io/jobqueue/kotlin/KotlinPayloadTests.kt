package io.jobqueue.kotlin

import com.fasterxml.jackson.annotation.JsonTypeInfo
import io.jobqueue.JobCodec
import io.jobqueue.JobKind
import io.jobqueue.UnreadableJsonException
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatIllegalArgumentException
import org.assertj.core.api.Assertions.catchThrowableOfType
import org.junit.jupiter.api.Test

/** Kotlin classes as payloads, with jackson-module-kotlin on the class path. */
class KotlinPayloadTests {

    private val codec = JobCodec.standard()

    private fun written(payload: Any): String = codec.payload("k", payload, 10_000)

    private inline fun <reified T : Any> read(json: String): T = codec.json(json).`as`(T::class.java)

    private inline fun <reified T : Any> assertComesBack(payload: T) {
        assertThat(read<T>(written(payload))).isEqualTo(payload)
    }

    data class IsX(val isUrgent: Boolean, val note: String?)

    @Test
    fun `a property that begins with is comes back`() {
        assertThat(written(IsX(true, null))).isEqualTo("""{"kind":"k","isUrgent":true,"note":null}""")
        assertComesBack(IsX(true, "x"))
        assertComesBack(IsX(false, null))
    }

    data class Grown(val name: String, val priority: Int = 3, val tags: List<String> = listOf("none"), val note: String?)

    @Test
    fun `an old payload takes the defaults of the class`() {
        assertThat(read<Grown>("""{"kind":"k","name":"old"}""")).isEqualTo(Grown("old", 3, listOf("none"), null))
        assertComesBack(Grown("new", 0, listOf(), "x"))
    }

    data class Strict(val name: String, val priority: Int)

    @Test
    fun `a property without default that is missing is left to another version`() {
        val refused = catchThrowableOfType(UnreadableJsonException::class.java) { read<Strict>("""{"priority":1}""") }

        assertThat(refused).hasMessageContaining("property 'name' is missing")
        assertThat(refused.mayFitAnotherVersion()).isTrue()
        assertThat(read<Strict>("""{"name":"old"}""").priority).isZero()
    }

    @JvmInline
    value class Email(val address: String)

    data class Mail(val to: Email, val cc: List<Email>, val replyTo: Email?, val byName: Map<String, Email>)

    @Test
    fun `value classes come back`() {
        val mail = Mail(Email("a@b.c"), listOf(Email("d@e.f")), null, mapOf("x" to Email("g@h.i")))

        assertThat(written(mail)).contains(""""to":"a@b.c"""")
        assertComesBack(mail)
        assertComesBack(mail.copy(replyTo = Email("j@k.l")))
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME)
    sealed interface Shape

    data class Circle(val radius: Double) : Shape

    data class Square(val side: Double) : Shape

    data class Drawing(val first: Shape, val all: List<Shape>, val pair: Pair<Int, Shape>)

    @Test
    fun `sealed interfaces come back`() {
        assertComesBack(Drawing(Circle(1.0), listOf(Square(2.0), Circle(3.0)), 1 to Square(4.0)))
    }

    @JobKind("tick")
    data object Tick

    class Settable {
        lateinit var name: String
        var size: Int = 1
    }

    @Test
    fun `objects and plain classes come back`() {
        assertThat(written(Tick)).isEqualTo("""{"kind":"k"}""")
        assertThat(read<Tick>(written(Tick))).isSameAs(Tick)
        val back = read<Settable>(written(Settable().apply { name = "x"; size = 2 }))
        assertThat(back.name).isEqualTo("x")
        assertThat(back.size).isEqualTo(2)
    }

    @Test
    fun `without the module a data class is refused before it is stored`() {
        val plain = JobCodec.withoutModules { it }

        assertThatIllegalArgumentException()
            .isThrownBy { plain.payload("k", IsX(true, "x"), 10_000) }
            .withMessageContaining(IsX::class.java.name)
            .withMessageContaining("add tools.jackson.module:jackson-module-kotlin")
    }
}
