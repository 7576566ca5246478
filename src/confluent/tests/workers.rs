//! What a worker's file says of the process, and what is shown of it.

use super::files::pair;
use super::*;

/// What becomes of `lines` of a worker.
fn with_worker(lines: &str) -> (Translation, Option<crate::config::Config>) {
    let worker = given("worker.properties", &format!("{WORKER}{lines}"));
    let mut translation = translate(Some(&worker), &pair("acme", "emea"), Pipelines::OfConnectors);
    let config = translation.check(Path::new("made"));
    (translation, config)
}

#[test]
fn the_http_server_listens_where_the_worker_does_on_this_machine() {
    let listen = |lines: &str| {
        let (translation, _) = with_worker(lines);
        let text = translation.text.lines().find_map(|line| line.trim().strip_prefix("listen: "));
        let text = text.and_then(|text| text.split("  #").next()).unwrap_or_default().trim_matches('"');
        let found = said(&translation.findings, "listeners");
        (text.to_owned(), found.into_iter().map(|finding| finding.verdict).collect::<Vec<_>>())
    };
    assert_eq!(listen(""), ("127.0.0.1:8083".to_owned(), vec![]));
    assert_eq!(listen("rest.port=8085\n"), ("127.0.0.1:8085".to_owned(), vec![]));
    let own = ("127.0.0.1:8084".to_owned(), vec![Verdict::Honoured]);
    assert_eq!(listen("listeners=http://localhost:8084\nrest.port=1\n"), own);
    for open in ["http://:8084", "HTTP://0.0.0.0:8084,https://:8443", "https://:8443,http://connect-1:8084"] {
        let expected = ("127.0.0.1:8084".to_owned(), vec![Verdict::Differs]);
        assert_eq!(listen(&format!("listeners={open}\n")), expected, "{open}");
    }
    assert_eq!(listen("listeners=https://:8443\n"), (String::new(), vec![Verdict::Refused]));
}

#[test]
fn the_connection_to_the_brokers_is_secured_as_the_worker_says() {
    let login = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"hush-hush\";";
    let secured = format!(
        "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\nssl.enabled.protocols=TLSv1.3\nsasl.jaas.config={login}\n"
    );
    let (translation, config) = with_worker(&secured);
    assert!(config.is_some(), "{:#?}\n{}", refused(&translation), translation.text);
    for line in [
        "    security.protocol: SASL_SSL  # security.protocol\n",
        "    sasl.mechanism: SCRAM-SHA-512  # sasl.mechanism\n",
        "    sasl.jaas.config: \"${env:WORKER_SASL_JAAS_CONFIG}\"  # sasl.jaas.config\n",
    ] {
        assert!(translation.text.contains(line), "no {line} in\n{}", translation.text);
    }
    assert!(!translation.text.contains("hush-hush") && !translation.text.contains("TLSv1.3"));
    // What a Java client has and this one does not is told of the worker's property.
    let store = "security.protocol=SSL\nssl.truststore.location=/x/trust.jks\nssl.truststore.password=hush\n";
    let (translation, config) = with_worker(store);
    assert!(config.is_none());
    let found = said(&translation.findings, "ssl.truststore.location");
    assert!(found.iter().any(|finding| finding.message.contains("`kafka.security.ca`")), "{found:#?}");
    let pem = "security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.location=/x/ca.pem\n";
    let (translation, _) = with_worker(pem);
    let line = "    ssl.ca.location: \"/x/ca.pem\"  # ssl.truststore.location\n";
    assert!(translation.text.contains(line), "{}", translation.text);
}

#[test]
fn what_stands_in_other_files_is_neither_in_the_file_nor_in_what_is_said() {
    let read = |_: &Path| Ok(b"v=hush-hush\nn=3\n".to_vec());
    let place = "${file:/etc/s.properties:v}";
    let secrets = format!(
        "salesforce.username={place}\nsalesforce.custom.id.field.name={place}\nsalesforce.use.custom.id.field=true\n\
         salesforce.ignore.fields=A,{place}\nhttp.proxy={place}:3128\nreporter.error.topic.name={place}\n\
         salesforce.version={place}\ntasks.max=${{file:/etc/s.properties:n}}\n"
    );
    let mut sink = connector(Kind::Sink, &secrets);
    let mut worker = given("worker.properties", &format!("{WORKER}bootstrap.servers={place}:9092\n"));
    let providers = Providers::of(Some(&worker));
    for set in [&mut sink, &mut worker] {
        set.resolve(&providers, read);
    }
    let mut translation = translate(Some(&worker), &[sink], Pipelines::OfConnectors);
    drop(translation.check(Path::new("made")));
    let said: String = translation.findings.iter().map(Finding::to_string).collect();
    assert!(!format!("{}{said}", translation.text).contains("hush-hush"), "{}\n{said}", translation.text);
    assert!(translation.text.contains("tasks: 3"), "{}", translation.text);
    assert!(
        said.contains("salesforce.version") && said.contains("salesforce.custom.id.field.name"),
        "{said}"
    );
}

#[test]
fn a_key_is_told_with_the_property_that_it_comes_from() {
    let (translation, _) = with_worker("");
    let told = translation.properties_named_in("check `kafka.bootstrap_servers` and `source.topic`, `x`");
    assert_eq!(
        told,
        [
            "`kafka.bootstrap_servers` comes from `bootstrap.servers` (worker.properties:2)",
            "`pipelines.lead-source.source.topic` comes from `kafka.topic` (a.properties:4)",
        ]
    );
}
