//! Apache Kafka that asks for tokens: they are got, shown, and renewed before they end, which is within seconds here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use orgstream::kafka::{Admin, Cleanup, KafkaConfig, TopicSpec};
use serde_json::json;

use crate::support::{SecuredKafka, World, eventually};

const SECRET: &str = "open-sesame";

/// Who gives tokens to the client `app`, as an identity provider does.
struct Endpoint {
    url: String,
    given: Arc<AtomicUsize>,
}

impl Endpoint {
    /// Gives tokens of `subject` that are good for as many seconds.
    async fn start(subject: &'static str, seconds: u64) -> Self {
        let given = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&given);
        let answer = move |headers: HeaderMap, body: String| async move {
            let wanted = format!("Basic {}", STANDARD.encode(format!("app:{SECRET}")));
            let shown = headers.get("authorization").and_then(|value| value.to_str().ok());
            if shown != Some(wanted.as_str()) || !body.contains("grant_type=client_credentials") {
                return (StatusCode::UNAUTHORIZED, json!({ "error": "invalid_client" }).to_string());
            }
            counted.fetch_add(1, Ordering::Relaxed);
            let token = token(subject, seconds);
            (
                StatusCode::OK,
                json!({ "access_token": token, "token_type": "Bearer", "expires_in": seconds }).to_string(),
            )
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/token", listener.local_addr().expect("an address"));
        let router = Router::new().route("/token", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, given }
    }

    fn given(&self) -> usize {
        self.given.load(Ordering::Relaxed)
    }

    fn oauth(&self, secret: &str) -> String {
        format!(
            "oauth: {{ token_url: '{}', client_id: app, client_secret: {secret}, scope: kafka }}",
            self.url
        )
    }
}

/// A token that nobody has signed, which a broker for tests believes.
#[expect(clippy::disallowed_methods, reason = "the broker goes by the machine's clock")]
fn token(subject: &str, seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after the epoch").as_secs();
    let claims = json!({ "sub": subject, "iat": now, "exp": now + seconds });
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(json!({ "alg": "none" })), part(claims))
}

/// A world on `listener` of the secured broker, with more lines below `kafka`, whose topics an administrator has made.
async fn world(listener: &str, lines: &str) -> Option<World> {
    let kafka = SecuredKafka::shared()?;
    let world = World::builder().embedded().kafka(kafka.address(listener)).build().await?;
    world.edit("kafka:\n", &format!("kafka:\n{}\n", lines.replace("{}/", &kafka.pem(""))));
    let bootstrap_servers = kafka.address("bootstrap_servers");
    let admin = Admin::connect(&KafkaConfig { bootstrap_servers, ..KafkaConfig::default() }).await;
    let admin = admin.expect("the broker answers");
    let spec = |name: String, partitions, cleanup| TopicSpec { name, partitions: Some(partitions), cleanup };
    let mut all = vec![
        spec("_orgstream.positions".to_owned(), 1, Cleanup::Compact),
        spec("_orgstream.ids".to_owned(), 1, Cleanup::Compact),
        spec(format!("{}.parked", world.pipeline), 3, Cleanup::Compact),
        spec(format!("{}.dead_letters", world.pipeline), 1, Cleanup::Delete),
    ];
    all.extend(["Account", "Contact", "Lead"].map(|object| spec(world.topic(object), 3, Cleanup::Delete)));
    admin.ensure_topics(&all).await.expect("the topics are made");
    Some(world)
}

/// Nothing runs, and it is said why.
async fn fails(lines: &str, code: i32, parts: &[&str]) {
    let Some(world) = world("oauth", lines).await else { return };
    let finished = world.sync().await.expect_code(code);
    let told = format!("{}{}", finished.stdout, finished.stderr);
    for part in parts {
        assert!(told.contains(part), "no `{part}` in\n{told}");
    }
    for secret in [SECRET, "hunter2"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_flow_over_the_ends_of_many_tokens() {
    let endpoint = Endpoint::start("alice", 4).await;
    let security = format!("  security: {{ protocol: sasl_plaintext, {} }}", endpoint.oauth(SECRET));
    let Some(world) = world("oauth", &security).await else { return };
    let running = world.run(&[]);
    for round in 1..=3 {
        world.in_a.create("Account", json!({ "Name": format!("Acme {round}") })).await;
        eventually("the account arrives", || world.b.count("Account") == round).await;
        // A handful of clients, each with a token of its own: every one has had another since.
        let before = endpoint.given();
        eventually("tokens are renewed", || endpoint.given() > before + 20).await;
    }
    let ended = running.terminate().await.expect_code(0);
    assert!(!ended.stderr.contains(SECRET), "{}", ended.stderr);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_shown_over_tls() {
    let endpoint = Endpoint::start("alice", 3_600).await;
    let security = format!("  security: {{ ca: '{{}}/ca.pem', {} }}", endpoint.oauth(SECRET));
    let Some(world) = world("login_tls", &security).await else { return };
    world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Account"), 1);
    world.command(&["check", "orgstream.yaml", "--online"]).finish().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_properties_of_a_java_client_with_tokens_replicate() {
    let endpoint = Endpoint::start("alice", 3_600).await;
    let lines = format!(
        "  properties:
    security.protocol: SASL_PLAINTEXT
    sasl.mechanism: OAUTHBEARER
    sasl.login.callback.handler.class: org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler
    sasl.oauthbearer.token.endpoint.url: {}
    sasl.jaas.config: 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=\"app\" clientSecret=\"{SECRET}\" scope=\"kafka\";'",
        endpoint.url
    );
    let Some(world) = world("oauth", &lines).await else { return };
    world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    let finished = world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Account"), 1);
    assert!(!finished.stderr.contains(SECRET));
    let effective = world.command(&["config", "effective", "orgstream.yaml"]).finish().await.expect_code(0);
    assert!(!effective.stdout.contains(SECRET), "{}", effective.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_gets_no_token_is_said_with_what_to_do() {
    let endpoint = Endpoint::start("alice", 3_600).await;
    let security = |oauth: String| format!("  security: {{ protocol: sasl_plaintext, {oauth} }}");
    let parts = ["refuses to give a token", "invalid_client", "`kafka.security.oauth`"];
    fails(&security(endpoint.oauth("hunter2")), 78, &parts).await;
    let away = endpoint.oauth(SECRET).replace(&endpoint.url, "http://127.0.0.1:1/token");
    fails(&security(away), 1, &["the token endpoint http://127.0.0.1:1/token does not answer"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_brokers_refuse_ends_the_program_with_what_to_do() {
    // They want to know whose it is.
    let endpoint = Endpoint::start("", 3_600).await;
    let security = format!("  security: {{ protocol: sasl_plaintext, {} }}", endpoint.oauth(SECRET));
    fails(&security, 78, &["refuse this client", "`kafka.security.oauth`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_missing_is_told_with_how_to_make_it() {
    let endpoint = Endpoint::start("alice", 3_600).await;
    let security = format!("  security: {{ protocol: sasl_plaintext, {} }}", endpoint.oauth(SECRET));
    let Some(world) = world("oauth", &security).await else { return };
    world.edit("Lead: {", "Campaign: { external_id: OrgA_Id__c }\n      Lead: {");
    let topic = world.topic("Campaign");
    let found = world.command(&["check", "orgstream.yaml", "--online"]).finish().await.expect_code(78);
    let parts = [
        &*topic,
        "makes none where it logs in with OAUTHBEARER",
        "--partitions 3 --replication-factor 1 --config cleanup.policy=delete --config retention.ms=-1",
    ];
    for part in parts {
        assert!(found.stdout.contains(part), "no `{part}` in\n{}", found.stdout);
    }
}
