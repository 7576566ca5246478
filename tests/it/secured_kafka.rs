//! Apache Kafka with TLS, client certificates and logins: what the file says leads to a replication, and what is wrong
//! in it is told with what to do.

use serde_json::json;

use crate::support::{Finished, SecuredKafka, World};

const PASSWORD: &str = "alice-secret";

/// A world on `listener` of the secured broker, with more lines below `kafka`. `{}` in them is the directory of PEM files.
async fn world(listener: &str, lines: &str) -> Option<World> {
    let kafka = SecuredKafka::shared()?;
    let world = World::builder().embedded().kafka(kafka.address(listener)).build().await?;
    let certificates = kafka.pem("");
    world.edit("kafka:\n", &format!("kafka:\n{}\n", lines.replace("{}/", &certificates)));
    Some(world)
}

/// An account made in org A arrives in org B.
async fn replicates(listener: &str, lines: &str) {
    let Some(world) = world(listener, lines).await else { return };
    world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    let finished = world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Account"), 1);
    assert!(!told(&finished).contains(PASSWORD), "{}", told(&finished));
}

/// Nothing runs, and it is said why.
async fn fails(listener: &str, lines: &str, code: i32, parts: &[&str]) {
    let Some(world) = world(listener, lines).await else { return };
    fails_in(&world, code, parts).await;
}

async fn fails_in(world: &World, code: i32, parts: &[&str]) {
    let finished = world.sync().await.expect_code(code);
    let told = told(&finished);
    for part in parts.iter().chain([&&*world.bootstrap_servers]) {
        assert!(told.contains(part), "no `{part}` in\n{told}");
    }
    for secret in [PASSWORD, "client-secret", "hunter2", "PRIVATE KEY"] {
        assert!(!told.contains(secret), "{told}");
    }
}

fn told(finished: &Finished) -> String {
    format!("{}{}", finished.stdout, finished.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_certificate_replicates_over_mutual_tls() {
    let lines = "  security: { ca: '{}/ca.pem', certificate: '{}/client.pem', key: '{}/client.key', key_password: client-secret }";
    replicates("mtls", lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_may_stand_in_the_file_itself() {
    let Some(kafka) = SecuredKafka::shared() else { return };
    let ca = std::fs::read_to_string(kafka.pem("ca.pem")).expect("the certificate is there");
    let ca: Vec<_> = ca.lines().map(|line| format!("      {line}")).collect();
    replicates("tls", &format!("  security:\n    ca: |\n{}", ca.join("\n"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_a_password_alone_are_sent_over_tls() {
    replicates("login_tls", "  security: { username: alice, password: alice-secret, ca: '{}/ca.pem' }").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scram_with_sha_256_replicates_over_tls() {
    let lines =
        "  security: { mechanism: SCRAM-SHA-256, username: alice, password: alice-secret, ca: '{}/ca.pem' }";
    replicates("login_tls", lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scram_with_sha_512_replicates_without_tls() {
    let lines = "  security: { protocol: sasl_plaintext, mechanism: SCRAM-SHA-512, username: alice, password: alice-secret }";
    replicates("login", lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_properties_of_a_java_client_replicate() {
    let lines = r#"  properties:
    security.protocol: SASL_PLAINTEXT
    sasl.jaas.config: 'org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="alice-secret";'
    reconnect.backoff.ms: 50
    socket.keepalive.enable: true
  producer_properties: { linger.ms: 1, compression.type: lz4 }
  consumer_properties: { fetch.max.wait.ms: 100 }"#;
    replicates("login", lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_ends_the_program_with_what_to_do() {
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        let lines = format!(
            "  security: {{ protocol: sasl_plaintext, mechanism: {mechanism}, username: alice, password: hunter2 }}"
        );
        fails("login", &lines, 78, &["refuses the user or the password", "`kafka.security.username`"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_nobody_trusts_ends_the_program_with_what_to_do() {
    for lines in ["  security: { ca: '{}/other-ca.pem' }", "  security: { protocol: ssl }"] {
        fails("tls", lines, 78, &["Nobody who is trusted has signed it", "`kafka.security.ca`"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_is_refused_unless_the_file_says_otherwise() {
    let Some(mut world) = world("tls", "  security: { ca: '{}/ca.pem' }").await else { return };
    let by_name = world.bootstrap_servers.replace("127.0.0.1", "localhost");
    world.edit(&world.bootstrap_servers, &by_name);
    world.link_mut().bootstrap_servers = by_name;
    fails_in(&world, 78, &["for other names than the one", "`kafka.bootstrap_servers`"]).await;
    world.edit("/ca.pem' }", "/ca.pem', verify_host: false }");
    world.sync().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_foreign_client_certificate_ends_the_program_with_what_to_do() {
    for lines in [
        "  security: { ca: '{}/ca.pem' }",
        "  security: { ca: '{}/ca.pem', certificate: '{}/stranger.pem', key: '{}/stranger.key' }",
    ] {
        fails("mtls", lines, 78, &["the client's certificate", "`kafka.security.certificate`"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_password_is_said_and_not_shown() {
    let lines = "  security: { ca: '{}/ca.pem', certificate: '{}/client.pem', key: '{}/client.key', key_password: hunter2 }";
    fails("mtls", lines, 78, &["`kafka.security.key_password`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_speaks_something_else_is_named_with_the_key_to_check() {
    let plain = "  security: { protocol: plaintext }";
    let more = ["asks for a login", "`kafka.security.protocol`"];
    tokio::join!(
        fails("tls", plain, 1, &more),
        fails("login", plain, 1, &more),
        fails(
            "bootstrap_servers",
            "  security: { protocol: ssl }",
            1,
            &["speaks no TLS", "`kafka.security.protocol`"]
        ),
    );
}

/// What the program prints with these arguments, with every log line there is.
async fn loud(world: &World, arguments: &[&str]) -> String {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_orgstream"))
        .args(arguments)
        .current_dir(world.dir.path())
        .env("RUST_LOG", "debug")
        .env("SECRET_KAFKA", PASSWORD)
        .kill_on_drop(true)
        .output()
        .await
        .expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_anything_that_a_full_run_prints() {
    let lines = r#"  security: { mechanism: SCRAM-SHA-256, username: alice, password: "{{secrets.KAFKA}}", ca: '{}/ca.pem' }
  properties: { debug: "security,conf,broker", log_level: 7, ssl.key.password: not-to-be-seen }"#;
    let Some(world) = world("login_tls", lines).await else { return };
    world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    let run = loud(&world, &["run", "orgstream.yaml", "--until-synced", "--quiet", "1s"]).await;
    assert_eq!(world.b.count("Account"), 1, "{run}");
    assert!(run.contains("sasl.mechanism"), "librdkafka tells its settings:\n{run}");
    let secrets = [
        PASSWORD,
        "not-to-be-seen",
        &world.a.credentials().client_secret,
        &world.b.credentials().client_secret,
    ];
    let effective = loud(&world, &["config", "effective", "orgstream.yaml"]).await;
    let mut outputs = vec![run, effective.clone()];
    for arguments in [
        &["status", "orgstream.yaml", "--json"][..],
        &["check", "orgstream.yaml"],
        &["config", "effective", "orgstream.yaml", "--json"],
        &["verify", "orgstream.yaml"],
    ] {
        outputs.push(loud(&world, arguments).await);
    }
    for (output, secret) in outputs.iter().flat_map(|output| secrets.map(|secret| (output, secret))) {
        assert!(!output.contains(secret), "{secret} in\n{output}");
    }
    let line = |key: &str| {
        let line = effective.lines().find(|line| line.split_whitespace().next() == Some(key));
        line.unwrap_or_else(|| panic!("no {key} in\n{effective}"))
            .split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (key, shown) in [
        ("kafka.security.password", "{{secrets.KAFKA}} line"),
        ("kafka.security.verify_host", "true default"),
        ("orgs.a.auth.client_secret", "*** line"),
        ("librdkafka.producer.sasl.password", "*** kafka.security.password"),
        ("librdkafka.producer.acks", "all orgstream"),
        ("librdkafka.consumer.security.protocol", "sasl_ssl kafka.security.protocol"),
        ("librdkafka.asking.log_level", "7 kafka.properties.log_level"),
    ] {
        assert!(line(key).starts_with(shown), "{key}: {}", line(key));
    }
}
