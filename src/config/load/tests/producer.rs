//! How records are written: what the client is told, and what is refused.

use super::*;

/// A file whose Kafka section has these keys as well.
fn kafka(keys: &str) -> String {
    let pipeline = "  crm: { source: { org: a, topic: t }, objects: { Account: } }\n";
    file(pipeline).replace("kafka: { bootstrap", &format!("kafka: {{ {keys}, bootstrap"))
}

#[test]
fn a_producer_is_told_what_the_file_says_and_nothing_else() {
    let told = |keys: &str| {
        let config = load_text(&kafka(keys)).unwrap_or_else(|faults| panic!("{keys}: {faults}"));
        let settings = config.kafka.settings.of(crate::kafka::settings::Role::Writes);
        let mut told: Vec<_> =
            settings.map(|setting| format!("{}={}", setting.name, setting.value.reveal())).collect();
        told.sort();
        (told.join(" "), config.kafka.again)
    };
    let again = crate::worker::source::Again::default();
    assert_eq!(told("producer: {}"), (String::new(), again));
    assert_eq!((again.times, again.pause), (None, Duration::from_millis(500)));
    assert_eq!(told("producer: { wait_for_ack: true, retries: unlimited }"), (String::new(), again));
    let (all, again) = told(
        "producer: { retries: 3, retry_delay: 5s, send_retries: 7, request_timeout: 3s, reconnect_backoff_max: 20s, \
         compression: { type: gzip, level: 9 } }, broker_address_family: v4",
    );
    assert_eq!((again.times, again.pause), (Some(3), Duration::from_secs(5)));
    let expected = [
        "broker.address.family=v4",
        "compression.level=9",
        "compression.type=gzip",
        "message.send.max.retries=7",
        "reconnect.backoff.max.ms=20000",
        "request.timeout.ms=3000",
    ];
    assert_eq!(all, expected.join(" "));
}

#[test]
fn what_a_producer_cannot_be_told_is_refused_with_the_reason() {
    for (keys, key, message) in [
        ("producer: { wait_for_ack: false }", "kafka.producer.wait_for_ack: ", "are one transaction"),
        ("producer: { retries: -1 }", "kafka.producer.retries: ", "neither a number nor `unlimited`"),
        ("producer: { send_retries: 0 }", "kafka.producer.send_retries: ", "not between 1"),
        ("producer: { retry_delay: 0s }", "kafka.producer.retry_delay: ", "no time"),
        (
            "producer: { request_timeout: 16m }",
            "kafka.producer.request_timeout: ",
            "longer than the client knows",
        ),
        (
            "producer: { reconnect_backoff_max: 2h }",
            "reconnect_backoff_max: ",
            "longer than the client knows",
        ),
        ("producer: { compression: { type: lzma } }", "compression.type: ", "is not one of `none`"),
        ("producer: { compression: { type: snappy, level: 1 } }", "compression.level: ", "has no levels"),
        ("producer: { compression: { type: none, level: 1 } }", "compression.level: ", "has no levels"),
        ("producer: { compression: { type: gzip, level: 10 } }", "compression.level: ", "which are 0 to 9"),
        ("producer: { compression: { level: 0 } }", "compression.level: ", "which are 1 to 12"),
        ("broker_address_family: v5", "kafka.broker_address_family: ", "is not one of `any`"),
    ] {
        let faults = faults(&kafka(keys));
        assert_eq!(faults.len(), 1, "{keys}: {faults:#?}");
        assert!(faults[0].contains(key) && faults[0].contains(message), "{keys}: {}", faults[0]);
    }
}
