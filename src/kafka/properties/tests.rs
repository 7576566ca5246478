use super::*;

#[test]
fn librdkafka_knows_every_property_of_the_table() {
    let config = ClientConfig::new().create_native_config().unwrap();
    for property in TABLE.iter() {
        // Names of topics' properties are set through the same call, and asked for with another.
        let known = config.get(property.name).is_ok() || {
            let said = refuse_value(property.name, "\u{1}");
            !said.is_err_and(|said| said.contains("No such configuration property"))
        };
        assert!(known, "{}", property.name);
        assert!(property.names().all(|name| super::known(name).is_some()), "{property:?}");
    }
    assert!(
        refuse_value("linger.mss", "5").is_err_and(|said| said.contains("No such configuration property"))
    );
}

#[test]
fn what_a_promise_hangs_on_is_refused_with_the_reason() {
    for (name, value, part) in [
        ("enable.idempotence", "false", "twice or out of order"),
        ("acks", "1", "lost with that broker"),
        ("request.required.acks", "1", "lost with that broker"),
        ("transactional.id", "x", "shut out"),
        ("isolation.level", "read_uncommitted", "never happened"),
        ("enable.auto.commit", "true", "lost in a crash"),
        ("group.id", "x", "begin anew"),
        ("partition.assignment.strategy", "range", "cooperative-sticky"),
        ("session.timeout.ms", "10000", "`session_timeout`"),
        ("heartbeat.interval.ms", "9000", "`session_timeout`"),
        ("api.version.request", "false", "aborted records"),
        ("api.version.request.timeout.ms", "1", "aborted records"),
        ("api.version.fallback.ms", "0", "aborted records"),
        ("broker.version.fallback", "0.9.0", "aborted records"),
        ("topic.blacklist", "a.*", "without a word"),
        ("bootstrap.servers", "x:1", "`kafka.bootstrap_servers`"),
        ("max.in.flight.requests.per.connection", "6", "more than 5"),
        ("retries", "0", "has to retry"),
    ] {
        let message = read(Clients::All, name, value).unwrap_err();
        assert!(message.contains(part), "{name}: {message}");
    }
    assert!(read(Clients::All, "max.in.flight", "1").is_ok());
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_one() {
    let message = read(Clients::All, "linger.mss", "5").unwrap_err();
    assert!(message.contains("did you mean `linger.ms`?"), "{message}");
    let message = read(Clients::All, "wibble", "5").unwrap_err();
    assert!(message.contains("CONFIGURATION.md"), "{message}");
}

#[test]
fn a_value_that_librdkafka_refuses_is_told_in_its_words_and_a_secret_is_not() {
    let message = read(Clients::All, "linger.ms", "soon").unwrap_err();
    assert!(message.contains("`soon`") && message.contains("Invalid value"), "{message}");
    let message = read(Clients::All, "client.dns.lookup", "never").unwrap_err();
    assert!(message.matches("never").count() == 1, "{message}");
}

#[test]
fn the_words_about_an_empty_value_stay_whole() {
    assert_eq!(without("Invalid value \"\"", ""), "Invalid value \"\"");
    assert_eq!(without("Invalid value \"5x\" for 5x", "5x"), "Invalid value it for it");
}

#[test]
fn a_property_of_the_other_half_is_refused_where_it_stands() {
    let message = read(Clients::Consumers, "linger.ms", "5").unwrap_err();
    assert!(message.contains("`producer_properties`"), "{message}");
    let message = read(Clients::Producers, "fetch.min.bytes", "5").unwrap_err();
    assert!(message.contains("`consumer_properties`"), "{message}");
}

#[test]
fn javas_names_are_told_to_librdkafka_in_its_own() {
    for (name, value, told) in [
        ("fetch.max.wait.ms", "100", vec![("fetch.wait.max.ms", "100")]),
        ("buffer.memory", "33554432", vec![("queue.buffering.max.kbytes", "32768")]),
        (
            "ssl.endpoint.identification.algorithm",
            "",
            vec![("ssl.endpoint.identification.algorithm", "none")],
        ),
        ("security.protocol", "SASL_SSL", vec![("security.protocol", "sasl_ssl")]),
        (
            "sasl.jaas.config",
            "a.PlainLoginModule required username=\"u\" password=\"p\";",
            vec![("sasl.mechanism", "PLAIN"), ("sasl.username", "u"), ("sasl.password", "p")],
        ),
    ] {
        let read = read(Clients::All, name, value).unwrap();
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, told, "{name}");
    }
}

#[test]
fn javas_names_without_a_counterpart_are_refused_with_what_to_write() {
    for (name, part) in [
        ("key.serializer", "remove it"),
        ("max.poll.records", "`queued.min.messages`"),
        ("ssl.truststore.location", "`kafka.security.ca`"),
        ("ssl.trustmanager.algorithm", "Java"),
        ("sasl.login.callback.handler.class", "Java"),
    ] {
        let message = read(Clients::All, name, "x").unwrap_err();
        assert!(message.contains(part), "{name}: {message}");
    }
    let message = read(Clients::All, "sasl.mechanism", "GSSAPI").unwrap_err();
    assert!(message.contains("`GSSAPI`") && message.contains("SCRAM-SHA-512"), "{message}");
}

#[test]
fn secrets_are_known_by_their_names() {
    for name in
        ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.jaas.config", "ssl.keystore.password"]
    {
        assert!(is_secret(name), "{name}");
    }
    assert!(!is_secret("sasl.username") && !is_secret("ssl.certificate.pem"));
}
