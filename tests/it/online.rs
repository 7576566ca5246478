//! `orgstream check --online` finds what a start would fail with, says what to do, and leaves nothing behind.

use orgstream::kafka::{Admin, Cleanup, KafkaConfig, TopicSpec};
use serde_json::{Value as Json, json};

use crate::support::{
    Link, SchemaStore, SecuredKafka, TlsProxy, World, on_both_brokers, peer_install, run_script,
};

/// What was found, with the exit code that it has to end with.
async fn look(world: &Link, code: i32) -> Vec<Json> {
    let done =
        world.command(&["check", "orgstream.yaml", "--online", "--json"]).finish().await.expect_code(code);
    let all: Json = serde_json::from_str(&done.stdout).expect("JSON");
    all["findings"].as_array().expect("a list").clone()
}

/// The findings of this verdict, as text.
fn of(findings: &[Json], verdict: &str) -> Vec<String> {
    let all = findings.iter().filter(|finding| finding["verdict"] == verdict);
    let text = |key: &str, finding: &Json| finding[key].as_str().expect("text").to_owned();
    all.map(|finding| {
        let [place, subject, found] = ["place", "subject", "found"].map(|key| text(key, finding));
        format!("{place}, {subject}: {found}")
    })
    .collect()
}

#[track_caller]
fn says(findings: &[Json], verdict: &str, parts: &[&str]) {
    let all = of(findings, verdict);
    assert!(
        all.iter().any(|text| parts.iter().all(|part| text.contains(part))),
        "no {verdict} with {parts:?} in\n{findings:#?}"
    );
}

async fn admin(world: &Link) -> Admin {
    let config = KafkaConfig { bootstrap_servers: world.bootstrap_servers.clone(), ..KafkaConfig::default() };
    Admin::connect(&config).await.expect("the broker answers")
}

/// The topics of the world's pipeline.
async fn topics(world: &Link) -> Vec<String> {
    let all = admin(world).await.topics().await.expect("an answer");
    all.into_iter().filter(|topic| topic.starts_with(&world.pipeline)).collect()
}

async fn ends(world: &Link, topics: &[String]) -> i64 {
    admin(world).await.end_offsets(topics).await.expect("an answer").into_values().sum()
}

on_both_brokers! {
async fn what_works_passes_before_the_first_start_and_after_it_and_nothing_is_left_behind(
    builder: WorldBuilder, _kind: Kind
) {
    let Some(world) = builder.build().await else { return };
    world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    let findings = look(&world, 0).await;
    assert_eq!(of(&findings, "failed"), Vec::<String>::new());
    says(&findings, "passed", &["topic", &world.topic("Lead"), "will be made"]);
    says(&findings, "passed", &["source Lead", "PushTopic", "will be made"]);
    says(&findings, "passed", &["org a", "login", world.a.id()]);
    says(&findings, "passed", &["org b", "DailyApiRequests"]);
    assert_eq!(topics(&world).await, Vec::<String>::new());
    assert_eq!(world.a.count("PushTopic"), 0);
    assert!(!world.dir.path().join("state").exists(), "no state directory is made");

    world.sync().await.expect_code(0);
    let topics = topics(&world).await;
    let before = (ends(&world, &topics).await, world.a.count("PushTopic"));
    let findings = look(&world, 0).await;
    assert_eq!(of(&findings, "failed"), Vec::<String>::new());
    assert_eq!(of(&findings, "warned"), Vec::<String>::new());
    says(&findings, "passed", &[&world.topic("Lead"), "3 partition(s), records are kept for ever"]);
    says(&findings, "passed", &[&format!("{}.parked", world.pipeline), "the newest of each key is kept"]);
    says(&findings, "passed", &[&format!("group orgstream.{}", world.pipeline), "may be joined"]);
    assert_eq!((ends(&world, &topics).await, world.a.count("PushTopic")), before, "nothing is written");
    world.verify().await;
    world.sync().await.expect_code(0);
}
}

on_both_brokers! {
async fn no_offset_and_no_record_is_left_behind_by_who_only_looks(builder: WorldBuilder, _kind: Kind) {
    let Some(world) = builder.build().await else { return };
    let spec = TopicSpec { name: world.topic("Lead"), partitions: Some(3), cleanup: Cleanup::Delete };
    admin(&world).await.ensure_topics(&[spec]).await.expect("the topic is made");
    look(&world, 0).await;
    let group = format!("orgstream.{}", world.pipeline);
    let topics = [world.topic("Lead")];
    let committed = admin(&world).await.committed(&group, &topics).await.expect("an answer");
    assert!(committed.is_empty(), "{committed:?}");
    assert_eq!(ends(&world, &topics).await, 0, "nothing is written");
}
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_is_said_at_once_with_what_to_do() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.edit(
        "Lead: { external_id: OrgA_Id__c }",
        "Lead: { external_id: Nope__c }\n      Nothing__c: { external_id: OrgA_Id__c }",
    );
    let spec = |topic: String, partitions| TopicSpec {
        name: topic,
        partitions: Some(partitions),
        cleanup: Cleanup::Delete,
    };
    let parked = spec(format!("{}.parked", world.pipeline), 3);
    let contacts = spec(world.topic("Contact"), 7);
    admin(&world).await.ensure_topics(&[parked, contacts]).await.expect("the topics are made");
    let findings = look(&world, 78).await;
    says(&findings, "failed", &["sink Lead", "no field `Nope__c`", "`orgstream prepare` makes it"]);
    says(&findings, "failed", &["source Nothing__c", "check the object's name"]);
    says(&findings, "failed", &["sink Nothing__c", "create it under Setup"]);
    says(&findings, "failed", &[&world.topic("Contact"), "has 7 partitions, and 3 are asked for"]);
    assert_eq!(world.a.count("PushTopic"), 0);
    let said = world.command(&["check", "orgstream.yaml", "--online"]).finish().await.expect_code(78);
    for part in ["passed  ", "see below", "failed: pipeline", "Setup", " passed, "] {
        assert!(said.stdout.contains(part), "no `{part}` in\n{}", said.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn state_on_a_topic_that_forgets_is_a_fault_and_records_that_expire_are_warned_of() {
    let Some(world) = World::builder().build().await else { return };
    let spec = |topic: String| TopicSpec { name: topic, partitions: Some(3), cleanup: Cleanup::Delete };
    let parked = format!("{}.parked", world.pipeline);
    admin(&world).await.ensure_topics(&[spec(parked.clone())]).await.expect("the topic is made");
    for object in ["Account", "Contact", "Lead"] {
        admin(&world).await.ensure_topics(&[spec(world.topic(object))]).await.expect("the topic is made");
    }
    let findings = look(&world, 78).await;
    says(&findings, "failed", &[&parked, "cleanup.policy=compact"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_user_may_not_do_in_the_orgs_is_said() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let deny = async |url: &str, denial: Json| {
        let client = reqwest::Client::builder().build().expect("a client");
        let answer = client
            .post(format!("{url}/simulator/permissions"))
            .json(&denial)
            .send()
            .await
            .expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
    };
    deny(world.b.url(), json!({ "object": "Contact", "denied": ["delete"] })).await;
    deny(world.b.url(), json!({ "object": "Lead", "denied": ["create", "edit", "delete"] })).await;
    deny(world.b.url(), json!({ "object": "Account", "field": "Industry", "denied": ["edit"] })).await;
    deny(world.a.url(), json!({ "object": "PushTopic", "denied": ["create"] })).await;
    let findings = look(&world, 78).await;
    says(
        &findings,
        "failed",
        &["sink Lead", "may not create, edit, delete records of Lead", "permission set"],
    );
    says(&findings, "warned", &["sink Contact", "may not delete records of Contact"]);
    says(&findings, "warned", &["sink Account", "Industry", "`ignore_fields`"]);
    says(&findings, "failed", &["source Account", "may not create PushTopics", "manage: never"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_that_refuses_and_brokers_that_are_away_are_said_beside_what_works() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.edit(&world.bootstrap_servers, "127.0.0.1:1");
    world.edit(&world.a.credentials().client_secret, "wrong");
    world.b.limit_daily_api_requests(1);
    let findings = look(&world, 78).await;
    says(
        &findings,
        "no_answer",
        &["kafka, brokers", "no Kafka broker answered at 127.0.0.1:1", "`kafka.bootstrap_servers`"],
    );
    says(&findings, "failed", &["org a, login", "refuses the login", "check client_id and client_secret"]);
    says(&findings, "warned", &["org b, DailyApiRequests", "are used up"]);
    says(&findings, "not_looked_at", &["source", "org `a` was not reached"]);
    says(&findings, "passed", &["org b, login"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_ends_with_1() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.edit(&world.bootstrap_servers, "127.0.0.1:1");
    look(&world, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_org_than_the_one_that_the_state_was_made_with_is_found() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.prime().await;
    let other = orgstream_salesforce_simulator::Org::builder().name("other").start().await.expect("an org");
    world.put_in_place_of_b(&other);
    let findings = look(&world, 78).await;
    says(&findings, "failed", &["org b, login", "this state directory was made with"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_refuses_is_said_with_the_keys_to_check() {
    let Some(kafka) = SecuredKafka::shared() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let store = SchemaStore::start(&dir.path().join("schemas.db"));
    let proxy = TlsProxy::start(&store.url, &kafka.pem(""), &["--authorization", "Bearer open-sesame"]);
    let Some(world) = World::builder().embedded().build().await else { return };
    let keys = format!("ca: '{}', bearer_token: hunter2", kafka.pem("ca.pem"));
    world.edit("kafka:\n", &format!("schema_registry: {{ url: '{}', {keys} }}\nkafka:\n", proxy.url()));
    let findings = look(&world, 78).await;
    says(&findings, "failed", &["schema_registry", "refuses access", "`bearer_token`"]);
    assert!(!format!("{findings:?}").contains("hunter2"));
    world.edit("hunter2", "open-sesame");
    says(&look(&world, 0).await, "passed", &["schema_registry", "it answers"]);
}

/// A world on `listener` of the secured broker, with `security` below `kafka`.
async fn secured(listener: &str, security: &str) -> Option<World> {
    let kafka = SecuredKafka::shared()?;
    let world = World::builder().embedded().kafka(kafka.address(listener)).build().await?;
    world.edit("kafka:\n", &format!("kafka:\n  security: {{ {security} }}\n"));
    Some(world)
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_refuse_the_password_and_ports_that_speak_something_else_are_said() {
    let plain = "protocol: sasl_plaintext, mechanism: PLAIN, username: alice";
    let Some(world) = secured("login", &format!("{plain}, password: hunter2")).await else { return };
    let findings = look(&world, 78).await;
    says(
        &findings,
        "failed",
        &["kafka, brokers", "refuses the user or the password", "`kafka.security.username`"],
    );
    assert!(!format!("{findings:?}").contains("hunter2"));
    let Some(world) = secured("bootstrap_servers", "protocol: ssl").await else { return };
    says(&look(&world, 1).await, "no_answer", &["speaks no TLS", "`kafka.security.protocol`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_the_brokers_deny_are_found_without_using_them() {
    let Some(python) = peer_install("python/install.sh") else { return };
    let security = "protocol: sasl_plaintext, mechanism: PLAIN, username: alice, password: alice-secret";
    let Some(world) = secured("login", security).await else { return };
    let Some(kafka) = SecuredKafka::shared() else { return };
    world.sync().await.expect_code(0);
    let findings = look(&world, 0).await;
    assert_eq!(of(&findings, "failed"), Vec::<String>::new());
    says(&findings, "not_looked_at", &["transactions", "transactional id"]);
    let plain = kafka.address("bootstrap_servers");
    let group = format!("orgstream.{}", world.pipeline);
    for (operation, kind, name) in [
        ("write", "topic", &world.topic("Lead")),
        ("read", "topic", &world.topic("Contact")),
        ("read", "group", &group),
    ] {
        run_script(&python, &["python/deny.py", &plain, "alice", operation, kind, name], &[]).await;
    }
    let findings = look(&world, 78).await;
    says(&findings, "failed", &[&world.topic("Lead"), "the right `Write`", "kafka-acls.sh"]);
    says(&findings, "failed", &[&world.topic("Contact"), "the right `Read`"]);
    says(&findings, "failed", &[&group, "the right `Read`"]);
    let account = world.topic("Account");
    run_script(&python, &["python/deny.py", &plain, "alice", "describe", "topic", &account], &[]).await;
    let findings = look(&world, 78).await;
    says(&findings, "failed", &[&format!("topic {account}"), "cannot be used"]);
    says(&findings, "failed", &[&world.topic("Lead"), "the right `Write`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_an_older_version_is_left_as_it_is_and_one_of_a_newer_is_a_fault() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.sync().await.expect_code(0);
    let database = world.dir.path().join("state/orgstream.db");
    let version = |wanted: Option<u32>| {
        let connection = rusqlite::Connection::open(&database).expect("the database opens");
        if let Some(wanted) = wanted {
            connection.pragma_update(None, "user_version", wanted).expect("the version is set");
        }
        let read = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0));
        read.expect("the version is read")
    };
    let older = version(None) - 1;
    version(Some(older));
    says(&look(&world, 0).await, "passed", &["org a, login"]);
    assert_eq!(version(None), older, "the program that made it can still read it");
    version(Some(99));
    says(&look(&world, 78).await, "failed", &["state directory", "newer orgstream", "99"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_away_has_not_answered_and_is_no_fault() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let url = format!("http://{}", free.expect("a port"));
    world.edit("kafka:\n", &format!("schema_registry: {{ url: '{url}' }}\nkafka:\n"));
    says(&look(&world, 1).await, "no_answer", &["schema_registry", &url]);
}

/// A topic that the sink's state lies in is to be as wide as the inputs, also where nothing is there yet.
#[tokio::test(flavor = "multi_thread")]
async fn state_that_was_made_beforehand_fits_inputs_that_are_still_to_be_made() {
    let Some(world) = World::builder().embedded().partitions(3).build().await else { return };
    let spec = TopicSpec {
        name: format!("{}.parked", world.pipeline),
        partitions: Some(3),
        cleanup: Cleanup::Compact,
    };
    admin(&world).await.ensure_topics(&[spec]).await.expect("the topic is made");
    assert_eq!(of(&look(&world, 0).await, "failed"), Vec::<String>::new());
    world.sync().await.expect_code(0);
}
