//! A schema registry behind TLS that asks who is there: what the file says leads to a replication, and what is wrong in it
//! is told with what to do.

use serde_json::json;

use crate::support::{SchemaStore, SecuredKafka, TlsProxy, World};

/// A replication by way of the registry that `proxy` stands before, as the keys say; the output of the program.
async fn sync(proxy: &[&str], keys: &str, code: i32) -> Option<String> {
    // Its certificates serve here too.
    let kafka = SecuredKafka::shared()?;
    let dir = tempfile::tempdir().expect("a directory");
    let store = SchemaStore::start(&dir.path().join("schemas.db"));
    let proxy = TlsProxy::start(&store.url, &kafka.pem(""), proxy);
    let world = World::builder().embedded().build().await?;
    let keys = keys.replace("{}/", &kafka.pem(""));
    world.edit("kafka:\n", &format!("schema_registry: {{ url: '{}', {keys} }}\nkafka:\n", proxy.url()));
    world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    let finished = world.sync().await.expect_code(code);
    assert_eq!(world.b.count("Account"), usize::from(code == 0));
    let told = format!("{}{}", finished.stdout, finished.stderr);
    for secret in ["hunter2", "open-sesame"] {
        assert!(!told.contains(secret), "{told}");
    }
    Some(told)
}

/// Nothing runs, and it is said why.
async fn fails(proxy: &[&str], keys: &str, parts: &[&str]) {
    let Some(told) = sync(proxy, keys, 1).await else { return };
    for part in parts {
        assert!(told.contains(part), "no `{part}` in\n{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_a_password_are_sent_to_the_registry() {
    // "alice:open-sesame" in base64.
    let wanted = ["--authorization", "Basic YWxpY2U6b3Blbi1zZXNhbWU="];
    sync(&wanted, "ca: '{}/ca.pem', basic_auth: { username: alice, password: open-sesame }", 0).await;
    let wrong = "ca: '{}/ca.pem', basic_auth: { username: alice, password: hunter2 }";
    fails(&wanted, wrong, &["refuses access", "`basic_auth`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_sent_to_the_registry() {
    let wanted = ["--authorization", "Bearer open-sesame"];
    sync(&wanted, "ca: '{}/ca.pem', bearer_token: open-sesame", 0).await;
    fails(&wanted, "ca: '{}/ca.pem'", &["refuses access", "`bearer_token`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_shown_to_the_registry() {
    let keys = "ca: '{}/ca.pem', certificate: '{}/stranger.pem', key: '{}/stranger.key'";
    sync(&["--mutual"], keys, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_nobody_trusts_or_that_misses_a_certificate_is_told_with_the_keys_to_check() {
    tokio::join!(
        fails(&[], "ca: '{}/other-ca.pem'", &["certificate", "`ca`"]),
        fails(&["--mutual"], "ca: '{}/ca.pem'", &["`certificate`"]),
    );
}
