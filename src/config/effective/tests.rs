use super::*;

/// What is put in from outside the file. None of it but words of a choice may be shown.
fn outside(name: &str) -> Option<String> {
    let value = match name {
        "URL" => "https://put-in.example",
        "FLOW" => "password",
        "TEXT" => "put-in-text",
        "SECRET_TEXT" => "put-in-secret",
        "BROKERS" => "put-in.example:9092",
        "PEM" => "-----BEGIN CERTIFICATE----- put-in",
        "PROTOCOL" => "sasl_ssl",
        "MECHANISM" => "SCRAM-SHA-512",
        "TIME" => "17s",
        _ => return None,
    };
    Some(value.to_owned())
}

fn settings(text: &str) -> Vec<Setting> {
    let from = Surroundings { directory: Path::new("/conf"), variable: &outside };
    of_text(text, Path::new("f.yaml"), &from).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The value and the layer of `key`.
#[track_caller]
fn row<'a>(settings: &'a [Setting], key: &str) -> (&'a str, &'a str) {
    let row = settings.iter().find(|setting| setting.key == key);
    let row = row.unwrap_or_else(|| panic!("no {key} in {settings:#?}"));
    (&row.value, &row.layer)
}

#[track_caller]
fn assert_nothing_shows(settings: &[Setting]) {
    for setting in settings {
        let shown = format!("{} {}", setting.value, setting.layer);
        assert!(!shown.contains("put-in") && !shown.contains("literal"), "{setting:?}");
    }
}

const REST: &str = r#"
pipelines:
  crm: { source: { org: a, topic: "${env:TEXT}", poll_every: "${env:TIME}" }, objects: { Account: {} } }
"#;

const EVERY_SECRET: &str = r#"
secrets: { prefix: "SECRET_" }
orgs:
  a:
    url: "${env:URL}"
    auth:
      { flow: "${env:FLOW}", client_id: "${env:TEXT}", client_secret: literal-1, username: "${env:TEXT}", password: literal-2,
        security_token: literal-3 }
    proxy: { url: "${env:URL}", username: "${env:TEXT}", password: literal-4 }
  b:
    url: "${env:URL}"
    auth: { flow: client_credentials, client_id: "{{secrets.TEXT}}", client_secret: literal-5 }
kafka:
  bootstrap_servers: "${env:BROKERS}"
  security:
    protocol: "${env:PROTOCOL}"
    mechanism: "${env:MECHANISM}"
    username: "{{secrets.TEXT}}"
    password: literal-6
    ca: "${env:PEM}"
    certificate: "${env:PEM}"
    key: "-----BEGIN PRIVATE KEY----- literal-7\nliteral-8"
    key_password: literal-9
  properties: { client.id: "of ${env:TEXT}", ssl.keystore.password: literal-10 }
  producer_properties: { client.rack: "${env:TEXT}" }
schema_registry:
  url: "${env:URL}"
  basic_auth: { username: "${env:TEXT}", password: literal-11 }
  ca: "${env:PEM}"
  certificate: "${env:PEM}"
  key: "-----BEGIN PRIVATE KEY----- literal-12"
http: { auth: { basic: { ann: literal-13 }, bearer: { prometheus: literal-14 } } }
"#;

#[test]
fn no_secret_of_the_file_and_no_value_from_outside_shows() {
    let settings = settings(&format!("{EVERY_SECRET}{REST}"));
    assert_nothing_shows(&settings);
    for (key, shown) in [
        ("orgs.a.auth.flow", "${env:FLOW}"),
        ("orgs.a.auth.client_id", "${env:TEXT}"),
        ("orgs.a.auth.client_secret", "***"),
        ("orgs.a.auth.password", "***"),
        ("orgs.a.auth.security_token", "***"),
        ("orgs.b.auth.client_id", "{{secrets.TEXT}}"),
        ("http.auth.basic.ann", "***"),
        ("kafka.security.key", "***"),
        ("librdkafka.producer.bootstrap.servers", "${env:BROKERS}"),
        ("librdkafka.producer.security.protocol", "${env:PROTOCOL}"),
        ("librdkafka.consumer.sasl.username", "{{secrets.TEXT}}"),
        ("librdkafka.consumer.sasl.password", "***"),
        ("librdkafka.reader.ssl.ca.pem", "${env:PEM}"),
        ("librdkafka.asking.client.id", "of ${env:TEXT}"),
        ("librdkafka.producer.client.rack", "${env:TEXT}"),
    ] {
        assert_eq!(row(&settings, key).0, shown, "{key}");
    }
    assert_eq!(row(&settings, "librdkafka.producer.client.rack").1, "kafka.producer_properties.client.rack");
    assert!(!settings.iter().any(|setting| setting.key == "orgs.a.auth"), "a map has no row of its own");
}

#[test]
fn a_login_of_java_shows_neither_its_password_nor_what_is_put_in() {
    let head = |login: &str| {
        format!(
            "orgs: {{ a: {{ sandbox: {{}} }} }}\nkafka:\n  bootstrap_servers: 'broker:9092'\n  properties:\n    sasl.jaas.config: \
             '{login}'{REST}"
        )
    };
    let settings =
        settings(&head("a.PlainLoginModule required username=\"${env:TEXT}\" password=\"literal\";"));
    assert_nothing_shows(&settings);
    for key in ["kafka.properties.sasl.jaas.config", "librdkafka.asking.sasl.username"] {
        assert_eq!(row(&settings, key).0, "***");
    }
    assert_eq!(
        row(&settings, "librdkafka.asking.bootstrap.servers"),
        ("broker:9092", "kafka.bootstrap_servers")
    );
}

#[test]
fn a_map_that_fits_no_choice_is_hidden_where_no_choice_knows_it() {
    let schema = json!({ "oneOf": [
        { "properties": { "flow": { "const": "a" }, "x": { "type": "string" } } },
        { "properties": { "flow": { "const": "b" }, "x": { "type": "string", "x-secret": true }, "y": { "default": "5" } } },
    ] });
    let node = |text: &str| Node::parse(text).unwrap_or_else(|fault| panic!("{}", fault.message));
    let mut settings = Vec::new();
    section(
        &schema,
        Some(&node("{ flow: '${env:F}', x: literal, z: { w: literal } }")),
        "auth",
        Shown::ToPeople,
        &mut settings,
    );
    let rows: Vec<_> = settings.iter().map(|row| (row.key.as_str(), row.value.as_str())).collect();
    assert_eq!(rows, [("auth.flow", "${env:F}"), ("auth.x", "***"), ("auth.z", "***")]);
}
