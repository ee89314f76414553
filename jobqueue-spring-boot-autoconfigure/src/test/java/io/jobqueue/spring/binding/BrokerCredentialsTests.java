package io.jobqueue.spring.binding;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How the credentials of brokers become {@code spring.data.redis} properties. */
class BrokerCredentialsTests extends ServiceBindingTestBase {

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            rediscloud            | "port":"12345","hostname":"rc.example","password":"pw"                                                         | host=rc.example port=12345 username= password=pw ssl.enabled=false
            p.redis               | "host":"q.example","port":6379,"tls_port":16379,"tls_versions":["tlsv1.2"],"password":"pw"                     | host=q.example port=16379 username= password=pw ssl.enabled=true
            p-redis               | "host":"10.0.0.7","port":6379,"password":"pw"                                                                  | host=10.0.0.7 port=6379 username= password=pw ssl.enabled=false
            redis                 | "host":"h","port":6379,"tls_port":0,"password":"pw"                                                            | host=h port=6379 username= password=pw ssl.enabled=false
            aws-elasticache-redis | "host":"m.example","hostname":"m.example","password":"pw","port":"6379","uri":"rediss://:pw@m.example:6379"      | host=m.example port=6379 username= password=pw ssl.enabled=true
            azure-cache           | "hostname":"a.example","port":6379,"ssl_port":6380,"primaryKey":"pw="                                           | host=a.example port=6380 username= password=pw= ssl.enabled=true
            csb-azure-redis       | "host":"a.example","password":"pw","port":6379,"uri":"rediss://:pw@a.example:6380"                              | host=a.example port=6380 username= password=pw ssl.enabled=true
            redis-cache           | "cluster_mode":false,"hostname":"s.example","password":"pw","port":1234,"tls":true,"uri":"rediss://no:pw@s.example:1234" | host=s.example port=1234 username=no password=pw ssl.enabled=true
            user-provided         | "uri":"redis://user:pw@u.example:6390/3"                                                                        | host=u.example port=6390 username=user password=pw database=3 ssl.enabled=false
            user-provided         | "url":"REDISS://pw@u.example"                                                                                   | host=u.example port=6379 username= password=pw ssl.enabled=true
            valkey                | "host":"v.example","username":"app","password":"pw","db":"2"                                                    | host=v.example port=6379 username=app password=pw database=2 ssl.enabled=false
            """)
    void theCredentialsOfBrokersAreUnderstood(String label, String credentials, String expected) {
        bindTo(vcap(label, "cache", credentials));

        assertThat(redis()).isEqualTo(expected(expected));
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "{'redislabs':[{'name':'a','credentials':{'host':'h'}}]}",
                "{'broker':[{'name':'a','label':'p.redis','credentials':{'host':'h'}}]}",
                "{'broker':[{'name':'a','tags':['pivotal','REDIS'],'credentials':{'host':'h'}}]}",
                "{'user-provided':[{'name':'my-Redis','tags':[],'credentials':{'host':'h'}}]}",
                "{'user-provided':[{'name':'cache','credentials':{'uri':'redis://h'}}]}",
                "{'user-provided':[{'name':'cache','credentials':{'redisUrl':'rediss://h'}}]}",
                "{'azure-cache':[{'name':'cache','credentials':{'host':'h'}}]}"
            })
    void aRedisIsRecognisedByLabelTagNameOrUri(String json) {
        bindTo(json.replace('\'', '"'));

        assertThat(redis()).containsEntry("host", "h");
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "{'postgresql':[{'name':'db','tags':['sql'],'credentials':{'host':'h'}}]}",
                "{'user-provided':[{'name':'redis-audit','credentials':{'uri':'postgres://h'}}]}",
                "{'user-provided':[{'name':'x','credentials':{'uri':'https://h/redis'}}]}",
                "{'redis':[]}",
                "{'redis':null}",
                "{'redis':['x',null,7]}",
                "{}",
                " "
            })
    void aServiceThatIsNoRedisIsIgnored(String json) {
        bindTo(json.replace('\'', '"'));

        assertThat(environment.getPropertySources().contains(ServiceBindingEnvironmentPostProcessor.SOURCE))
                .isFalse();
    }

    @Test
    void sentinelsAreUsedWhereTheCredentialsNameThem() {
        bindTo(vcap(
                "p.redis",
                "cache",
                "\"host\":\"ignored\",\"master_name\":\"mymaster\",\"password\":\"pw\",\"sentinel_password\":\"spw\","
                        + "\"sentinels\":[{\"host\":\"s1\",\"port\":26380},{\"host\":\"::1\"}]"));

        assertThat(redis())
                .isEqualTo(expected("sentinel.master=mymaster sentinel.nodes=s1:26380,[::1]:26379 sentinel.username= "
                        + "sentinel.password=spw username= password=pw ssl.enabled=false"));
    }

    @Test
    void clusterNodesAreUsedWhereTheCredentialsNameThem() {
        bindTo(vcap("redis", "cache", "\"cluster_nodes\":[\"a:7000\",\"b\"],\"password\":\"pw\",\"tls\":\"true\""));

        assertThat(redis()).isEqualTo(expected("cluster.nodes=a:7000,b:6379 username= password=pw ssl.enabled=true"));
    }

    @Test
    void aClusterMayBeOneAddress() {
        bindTo(vcap("redis-cache", "c", "\"cluster_mode\":true,\"uri\":\"rediss://:pw@c.example:1234\""));

        assertThat(redis()).isEqualTo(expected("cluster.nodes=c.example:1234 username= password=pw ssl.enabled=true"));
    }

    @Test
    void theCaBecomesABundle() {
        String oneLine = PEM.strip().replace("\n", "\\\\n");
        bindTo(vcap("redis", "cache", "\"uri\":\"rediss://h\",\"ca_certificate\":\"" + oneLine + "\""));

        assertThat(redis()).containsEntry("ssl.bundle", "jobqueue-service-binding");
        assertThat(environment.getProperty("spring.ssl.bundle.pem.jobqueue-service-binding.truststore.certificate"))
                .isEqualTo(PEM.strip());
    }

    @Test
    void aCaAloneMeansTls() {
        bindTo(vcap("redis", "cache", "\"host\":\"h\",\"ca\":\"" + PEM.replace("\n", "\\n") + "\""));

        assertThat(redis()).containsEntry("ssl.enabled", "true").containsKey("ssl.bundle");
    }

    @Test
    void aBundleOfTheApplicationStays() {
        set("spring.data.redis.ssl.bundle", "mine");

        bindTo(vcap("redis", "cache", "\"uri\":\"rediss://h\",\"ca\":\"" + PEM.replace("\n", "\\n") + "\""));

        assertThat(environment.getProperty("spring.data.redis.ssl.bundle")).isEqualTo("mine");
        assertThat(redis()).containsEntry("ssl.enabled", "true").doesNotContainKey("ssl.bundle");
    }
}
