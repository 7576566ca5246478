//! Each way to log in leads to an org that is read and written.

use orgstream_salesforce_simulator::Credentials;
use serde_json::json;

use crate::support::World;

/// The words of a file for the way that `auth` makes of an org's credentials, in place of both orgs' own.
async fn log_in_by(auth: impl Fn(&str, &Credentials) -> String) {
    let Some(world) = World::builder().embedded().build().await else { return };
    for (name, org) in [("a", &world.a), ("b", &world.b)] {
        let Credentials { client_id, client_secret, .. } = org.credentials();
        let before = format!(
            "flow: client_credentials, client_id: \"{client_id}\", client_secret: \"{client_secret}\""
        );
        world.edit(&before, &auth(name, org.credentials()));
    }
    for (name, org) in [("a", &world.a), ("b", &world.b)] {
        let key = world.dir.path().join(format!("{name}.pem"));
        std::fs::write(key, &org.credentials().private_key_pem).expect("the key is written");
    }
    world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Account"), 1);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_with_a_secret_of_its_own_reads_and_writes() {
    log_in_by(|_, Credentials { client_id, client_secret, .. }| {
        format!("flow: client_credentials, client_id: \"{client_id}\", client_secret: \"{client_secret}\"")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_password_and_security_token_reads_and_writes() {
    log_in_by(|_, Credentials { client_id, client_secret, username, password, security_token, .. }| {
        format!(
            "flow: password, client_id: \"{client_id}\", client_secret: \"{client_secret}\", username: {username}, \
             password: \"{password}\", security_token: \"{security_token}\""
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_with_the_private_key_of_its_certificate_reads_and_writes() {
    log_in_by(|org, Credentials { client_id, username, .. }| {
        format!("flow: jwt_bearer, client_id: \"{client_id}\", username: {username}, private_key: {org}.pem")
    })
    .await;
}
