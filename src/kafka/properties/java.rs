//! Names that only Kafka's Java clients know: told to librdkafka in its own words, or refused with what to write.

use super::jaas;
use crate::kafka::token;

/// Java's name and librdkafka's, where the values are the same.
const SAME: &[(&str, &str)] = &[
    ("fetch.max.wait.ms", "fetch.wait.max.ms"),
    ("receive.buffer.bytes", "socket.receive.buffer.bytes"),
    ("send.buffer.bytes", "socket.send.buffer.bytes"),
    ("socket.connection.setup.timeout.max.ms", "socket.connection.setup.timeout.ms"),
    ("ssl.truststore.certificates", "ssl.ca.pem"),
    ("ssl.keystore.certificate.chain", "ssl.certificate.pem"),
    ("ssl.keystore.key", "ssl.key.pem"),
    ("compression.gzip.level", "compression.level"),
    ("compression.lz4.level", "compression.level"),
    ("compression.zstd.level", "compression.level"),
];

/// Java's names without a counterpart, and what to write. A name ends with `*` where others begin with it.
const REFUSED: &[(&str, &str)] = &[
    ("key.serializer", "what keys are is not a matter of the client; remove it"),
    ("value.serializer", "what records are is not a matter of the client; remove it"),
    ("key.deserializer", "what keys are stands under `sink.input`; remove it"),
    ("value.deserializer", "what records are stands under `sink.input`; remove it"),
    ("max.poll.records", "librdkafka has `queued.min.messages` and `queued.max.messages.kbytes`"),
    ("default.api.timeout.ms", "librdkafka has `socket.timeout.ms`"),
    ("max.block.ms", "a full queue is waited for; librdkafka has `queue.buffering.max.kbytes` for its size"),
    (
        "ssl.truststore.location",
        "give the authority's certificates in PEM form under `kafka.security.ca`, as `keytool -exportcert -rfc` prints them",
    ),
    ("ssl.truststore.password", "certificates in PEM form need no password: `kafka.security.ca`"),
    ("ssl.truststore.type", "certificates are in PEM form: `kafka.security.ca`"),
    (
        "ssl.keystore.type",
        "certificate and key are in PEM form (`kafka.security.certificate`, `key`), or in a PKCS#12 file (`ssl.keystore.location`)",
    ),
    ("ssl.protocol", "librdkafka takes the newest version of TLS that both sides know"),
    ("ssl.enabled.protocols", "librdkafka takes the newest version of TLS that both sides know"),
    ("ssl.provider", "there are no Java security providers"),
    ("ssl.engine.factory.class", "there are no Java classes"),
    ("ssl.*manager.algorithm", "there are no Java security providers"),
    ("security.providers", "there are no Java security providers"),
    ("sasl.client.callback.handler.class", "there are no Java classes"),
    ("sasl.login*", "there are no Java classes; `kafka.security` has a login by password and one by token"),
    ("sasl.kerberos*", "this build knows no Kerberos; `kafka.security.mechanism` says what it knows"),
    (
        "sasl.oauthbearer*",
        "tokens are asked for by the client credentials flow: `kafka.security.oauth` says what it needs",
    ),
    ("interceptor.classes", "there are no Java classes"),
    ("metric.reporters", "there are no Java classes"),
    ("metrics.*", "there are no Java metrics"),
    ("auto.include.jmx.reporter", "there is no JMX"),
    ("exclude.internal.topics", "topics are named by the pipeline"),
];

/// What librdkafka is told instead; an error where there is nothing to tell it; `None` for a name that is not Java's alone.
pub(super) fn translated(name: &str, value: &str) -> Option<Result<Vec<(String, String)>, String>> {
    let told = |name: &str, value: &str| Some(Ok(vec![(name.to_owned(), value.to_owned())]));
    if let Some((_, other)) = SAME.iter().find(|(java, _)| *java == name) {
        return told(other, value);
    }
    match name {
        // An empty text is Java's way to say so.
        "ssl.endpoint.identification.algorithm" if value.trim().is_empty() => told(name, "none"),
        "security.protocol" => told(name, &value.to_lowercase()),
        "buffer.memory" => Some(match value.trim().parse::<u64>() {
            Ok(bytes) => {
                Ok(vec![("queue.buffering.max.kbytes".to_owned(), bytes.div_ceil(1024).to_string())])
            }
            Err(_) => Err(format!("`{value}` is not a number of bytes")),
        }),
        "sasl.mechanism" | "sasl.mechanisms" => refused_mechanism(value).map(Err),
        "sasl.jaas.config" => Some(jaas::read(value).map(jaas::Login::told)),
        // What only this program sets, and what is the one way that there is.
        name if token::SETTINGS.contains(&name) => None,
        "sasl.oauthbearer.method" if value.eq_ignore_ascii_case("oidc") => Some(Ok(Vec::new())),
        "sasl.oauthbearer.grant.type" if value == "client_credentials" => Some(Ok(Vec::new())),
        "sasl.login.callback.handler.class" if value.trim().ends_with("OAuthBearerLoginCallbackHandler") => {
            Some(Ok(Vec::new()))
        }
        _ => {
            let (_, why) = REFUSED.iter().find(|(java, _)| is_meant(java, name))?;
            Some(Err(format!("is a property of Kafka's Java clients: {why}")))
        }
    }
}

fn is_meant(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => name.starts_with(start) && name.ends_with(end),
        None => pattern == name,
    }
}

/// librdkafka takes any word here and complains when it connects.
fn refused_mechanism(value: &str) -> Option<String> {
    let known = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", token::MECHANISM];
    (!known.contains(&value))
        .then(|| format!("`{value}` is no mechanism of this build{}", crate::config::hint(value, known)))
}
