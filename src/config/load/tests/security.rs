//! `kafka.security` and the properties of the Kafka client.

use super::*;

/// A whole file with more behind `kafka.bootstrap_servers`.
fn with_kafka(keys: &str) -> String {
    file("  crm: { source: { org: a, topic: t }, objects: { Account: {} } }\n")
        .replace("'broker:9092' }", &format!("'broker:9092', {keys} }}"))
}

/// What a client that writes is told, by librdkafka's names.
fn told(keys: &str) -> Vec<(String, String)> {
    let config = load_text(&with_kafka(keys)).expect("the file is good");
    let settings = config.kafka.settings.of(crate::kafka::settings::Role::Writes);
    settings.map(|setting| (setting.name.clone(), setting.value.reveal().to_owned())).collect()
}

fn pairs(told: &[(&str, &str)]) -> Vec<(String, String)> {
    told.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn user_and_password_without_a_protocol_go_over_tls() {
    let expected = [
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanism", "PLAIN"),
        ("sasl.username", "u"),
        ("sasl.password", "s3cret"),
    ];
    assert_eq!(told("security: { username: u, password: '${env:SECRET}' }"), pairs(&expected));
}

#[test]
fn who_gives_tokens_is_told_under_librdkafkas_names_and_goes_over_tls() {
    let expected = [
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanism", "OAUTHBEARER"),
        ("sasl.oauthbearer.token.endpoint.url", "https://idp/token"),
        ("sasl.oauthbearer.client.id", "app"),
        ("sasl.oauthbearer.client.secret", "s3cret"),
        ("sasl.oauthbearer.scope", "kafka"),
    ];
    let keys = "security: { oauth: { token_url: 'https://idp/token', client_id: app, client_secret: '${env:SECRET}', scope: kafka } }";
    assert_eq!(told(keys), pairs(&expected));
}

#[test]
fn what_is_needed_for_tls_alone_means_tls() {
    assert_eq!(
        told("security: { verify_host: false }"),
        pairs(&[("security.protocol", "ssl"), ("ssl.endpoint.identification.algorithm", "none")])
    );
}

#[test]
fn keys_that_do_not_fit_together_are_told_with_what_to_write() {
    for (keys, place, part) in [
        ("{ username: u }", "username", "`password` is missing beside it"),
        ("{ password: p }", "password", "`username` is missing beside it"),
        ("{ protocol: sasl_ssl }", "protocol", "asks for a login: write `username` and `password`"),
        ("{ protocol: ssl, username: u, password: p }", "username", "write `protocol: sasl_ssl`"),
        ("{ protocol: plaintext, verify_host: true }", "verify_host", "write `protocol: ssl`"),
        ("{ protocol: ssl, mechanism: PLAIN }", "mechanism", "nobody to log in"),
        ("{ mechanism: OAUTHBEARER }", "mechanism", "`oauth` is missing"),
        (
            "{ mechanism: OAUTHBEARER, username: u, password: p }",
            "mechanism",
            "write `oauth` in place of them",
        ),
        (
            "{ oauth: { token_url: 'https://i/t', client_id: c, client_secret: s }, mechanism: PLAIN }",
            "mechanism",
            "for `OAUTHBEARER` only",
        ),
        (
            "{ oauth: { token_url: 'https://i/t', client_id: c, client_secret: s }, username: u, password: p }",
            "oauth",
            "remove either",
        ),
        ("{ oauth: { token_url: 'i/t', client_id: c, client_secret: s } }", "oauth.token_url", "is no URL"),
        (
            "{ protocol: ssl, oauth: { token_url: 'https://i/t', client_id: c, client_secret: s } }",
            "oauth",
            "asks for no login",
        ),
        ("{ protocol: SaslSsl, username: u, password: p }", "protocol", "did you mean `sasl_ssl`?"),
        ("{ ca: none.pem }", "ca", "cannot be read"),
        ("{ ca: '-----BEGIN RUBBISH-----' }", "ca", "the text holds no certificate"),
        (
            "{ certificate: '-----BEGIN CERTIFICATE-----', key: '-----BEGIN ENCRYPTED PRIVATE KEY-----' }",
            "key",
            "write `key_password`",
        ),
        ("{ certificate: '-----BEGIN CERTIFICATE-----' }", "certificate", "`key` is missing"),
    ] {
        let faults = faults(&with_kafka(&format!("security: {keys}")));
        assert_eq!(faults.len(), 1, "{keys}: {faults:#?}");
        let start = format!(": kafka.security.{place}: ");
        assert!(faults[0].starts_with("5:") && faults[0].contains(&start), "{keys}: {}", faults[0]);
        assert!(faults[0].contains(part), "{keys}: {}", faults[0]);
    }
}

#[test]
fn security_without_a_cluster_is_a_fault() {
    let text = with_kafka("security: { protocol: ssl }").replace("bootstrap_servers: 'broker:9092', ", "");
    assert_fault(&text, "5:10: kafka.security: ", "write `kafka.bootstrap_servers`");
}

#[test]
fn properties_stand_above_the_keys_and_those_of_one_half_above_both() {
    let told = told(
        "producer_properties: { client.id: w }, properties: { client.id: x, socket.timeout.ms: 5000, log.connection.close: true, \
         fetch.min.bytes: 9, request.timeout.ms: 7000 }, consumer_properties: { client.id: r }, producer: { request_timeout: 3s }",
    );
    let timeouts: Vec<_> = told.iter().filter(|(name, _)| name == "request.timeout.ms").collect();
    assert_eq!(timeouts.last().map(|(_, value)| value.as_str()), Some("7000"), "above the keys of producers");
    let expected = [
        ("client.id", "x"),
        ("request.timeout.ms", "3000"),
        ("request.timeout.ms", "7000"),
        ("log.connection.close", "true"),
        ("socket.timeout.ms", "5000"),
        ("client.id", "w"),
    ];
    let mut sorted = told.clone();
    sorted.sort();
    let mut wanted = pairs(&expected);
    wanted.sort();
    assert_eq!(sorted, wanted);
    assert_eq!(told.last(), Some(&("client.id".to_owned(), "w".to_owned())));
}

#[test]
fn no_property_undoes_what_security_says() {
    for (section, security, property) in [
        ("properties", "{ protocol: ssl }", "security.protocol: plaintext"),
        ("producer_properties", "{ username: u, password: p }", "security.protocol: SASL_PLAINTEXT"),
        ("consumer_properties", "{ username: u, password: p }", "sasl.mechanisms: SCRAM-SHA-256"),
        ("properties", "{ username: u, password: p }", "sasl.password: q"),
        ("properties", "{ protocol: ssl }", "ssl.endpoint.identification.algorithm: ''"),
    ] {
        let faults = faults(&with_kafka(&format!("security: {security}, {section}: {{ {property} }}")));
        assert_eq!(faults.len(), 1, "{property}: {faults:#?}");
        let name = property.split(':').next().unwrap_or_default();
        assert!(
            faults[0].contains(&format!("kafka.{section}.{name}: "))
                && faults[0].contains("write it in `kafka.security`"),
            "{property}: {}",
            faults[0]
        );
    }
    let beside = told("security: { protocol: ssl }, properties: { ssl.cipher.suites: ALL }");
    assert!(beside.contains(&("ssl.cipher.suites".to_owned(), "ALL".to_owned())), "{beside:?}");
    let alone = told("properties: { security.protocol: SSL }");
    assert_eq!(alone, pairs(&[("security.protocol", "ssl")]));
}

#[test]
fn a_property_that_cannot_be_set_is_a_fault_at_its_place() {
    assert_fault(
        &with_kafka("producer_properties: { linger.ms: 5, acks: 1 }"),
        "5:87: kafka.producer_properties.acks: ",
        "lost with that broker",
    );
    assert_fault(
        &with_kafka("properties: { linger.mss: 5 }"),
        "5:70: kafka.properties.linger.mss: ",
        "did you mean `linger.ms`?",
    );
    assert_fault(&with_kafka("properties: { linger.ms: [5] }"), "5:", "not text, a number, true or false");
}

#[test]
fn a_value_from_outside_the_file_is_not_shown() {
    let text = with_kafka("properties: { linger.ms: '${env:SECRET}', sasl.jaas.config: '${env:SECRET}' }");
    let faults = faults(&text);
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(!faults.concat().contains("s3cret"), "{faults:#?}");
    let config = load_text(&with_kafka("properties: { sasl.password: s3cret, ssl.key.password: s3cret }"));
    assert!(!format!("{:?}", config.expect("the file is good")).contains("s3cret"));
}

/// A whole file with more keys of the registry.
fn with_registry(keys: &str) -> String {
    file("  crm: { source: { org: a, topic: t }, objects: { Account: {} } }\n")
        .replace("url: 'http://registry:8081'", &format!("url: 'https://registry:8081', {keys}"))
}

#[test]
fn a_registry_is_told_who_asks() {
    let login = |keys: &str| {
        let config = load_text(&with_registry(keys)).expect("the file is good");
        let SchemaRegistry::At(registry) = config.schema_registry else { panic!("not a registry") };
        assert!(!format!("{registry:?}").contains("s3cret"));
        registry.login
    };
    let (username, password) = ("u".to_owned(), orgstream_api::Secret::new("s3cret"));
    assert_eq!(
        login("basic_auth: { username: u, password: s3cret }"),
        Some(crate::codec::RegistryLogin::Basic { username, password: password.clone() })
    );
    assert_eq!(login("bearer_token: '${env:SECRET}'"), Some(crate::codec::RegistryLogin::Bearer(password)));
}

#[test]
fn keys_of_a_registry_that_do_not_fit_together_are_told_with_what_to_write() {
    assert_fault(
        &with_registry("basic_auth: { username: u, password: p }, bearer_token: t"),
        "6:",
        "there is one way to log in",
    );
    assert_fault(
        &with_registry("basic_auth: { username: u }"),
        "6:",
        "basic_auth.password: this key is missing",
    );
    assert_fault(
        &with_registry("key: '-----BEGIN PRIVATE KEY-----'"),
        "6:",
        "`certificate` is missing beside it",
    );
    let plain =
        with_registry("ca: '-----BEGIN CERTIFICATE-----'").replace("https://registry", "http://registry");
    assert_fault(&plain, "6:", "write https://");
}
