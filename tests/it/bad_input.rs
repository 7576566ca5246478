//! Bad input: each gives one clear message, never a panic, a hang or a lost record.

use orgstream::kafka::{Admin, KafkaConfig, Outgoing, Place, Producer, topics};
use orgstream_api::{Headers, HealthReporter};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use serde_json::json;

use crate::support::{Finished, World, eventually};

/// Bytes in the framing of a schema registry, of a schema that no registry has.
const NO_SUCH_SCHEMA: &[u8] = &[0, 0x7f, 0, 0, 3, 1, 2];

fn kafka(world: &World) -> KafkaConfig {
    KafkaConfig {
        bootstrap_servers: world.bootstrap_servers.clone(),
        partitions: None,
        replication_factor: None,
        ..KafkaConfig::default()
    }
}

/// Writes values that nobody else would to the topic of leads, all to its first partition.
async fn produce(world: &World, values: &[&[u8]]) {
    let kafka = kafka(world);
    let (health, _listener) = HealthReporter::new();
    let producer = Producer::open(&kafka, health).expect("a producer");
    let outgoing = values.iter().map(|bytes| Outgoing {
        topic: world.topic("Lead"),
        place: Place::Partition(0),
        key: None,
        value: Some(bytes.to_vec()),
        headers: Headers::default(),
        timestamp: None,
    });
    producer.send(outgoing.collect()).await.expect("written");
}

/// The message is there, and nothing of a panic.
#[track_caller]
fn says(finished: &Finished, words: &[&str]) {
    for word in words {
        assert!(finished.stderr.contains(word), "no `{word}` in\n{}", finished.stderr);
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_object_is_named_with_its_org_at_start() {
    let Some(world) = World::builder().build().await else { return };
    world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    world.edit("      Lead:", "      Leed:");
    // The source goes on without it, but a script does not take that for everything.
    let source = ["--only", "source", "--until-synced", "--quiet", "1s"];
    let finished = world.run(&source).finish().await.expect_code(1);
    says(&finished, &["org `a` does not describe `Leed`", "everything else has arrived"]);
    assert_eq!(world.read(&world.topic("Account")).await.len(), 1);
    // A sink does not.
    let finished = world.run(&[]).finish().await.expect_code(78);
    says(&finished, &["Leed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_for_a_misspelt_name_leaves_no_topic() {
    let both = World::builder()
        .embedded()
        .objects("Account: { external_id: OrgA_Id__c }\nLeed: { external_id: OrgA_Id__c }");
    let source = World::builder().embedded().source_only().objects("Leed: {}");
    let field = World::builder()
        .embedded()
        .objects("Leed: {}\nAccount: { external_id: Nope__c }")
        .operation("update");
    for builder in [both, source, field] {
        let Some(world) = builder.build().await else { return };
        let finished = world.run(&[]).finish().await.expect_code(78);
        says(&finished, &["Leed"]);
        let admin = Admin::connect(&kafka(&world)).await.expect("the broker answers");
        for object in ["Account", "Leed"] {
            let topic = world.topic(object);
            assert_eq!(admin.partitions(&topic).await.expect("the broker answers"), None, "{topic}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_has_no_value_is_said_once_with_its_pipeline_and_object() {
    let builder = World::builder().embedded().source_only().objects("Lead: {}");
    let builder = builder.source(r#"filter: "double(value.AnnualRevenue) < 10.0""#);
    let Some(world) = builder.build().await else { return };
    for name in ["One", "Two"] {
        world.in_a.create("Lead", json!({ "LastName": name, "Company": "Acme" })).await;
    }
    let finished = world.sync().await.expect_code(0);
    assert_eq!(world.read(&world.topic("Lead")).await.len(), 2);
    let said: Vec<_> =
        finished.stderr.lines().filter(|line| line.contains("has no value for a record")).collect();
    let [line] = said[..] else { panic!("{}", finished.stderr) };
    for part in [format!("pipeline=\"{}\"", world.pipeline), "object=\"Lead\"".to_owned()] {
        assert!(line.contains(&part), "no `{part}` in\n{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_external_id_field_is_named_with_what_to_create() {
    let Some(world) = World::builder().build().await else { return };
    world.edit("Lead: { external_id: OrgA_Id__c }", "Lead: { external_id: Nope__c }");
    let finished = world.run(&[]).finish().await.expect_code(78);
    says(&finished, &["Nope__c", "Lead"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_end_with_78_and_never_show_the_secret() {
    let Some(world) = World::builder().build().await else { return };
    let secret = world.b.credentials().client_secret.clone();
    world.edit(&secret, "wrong-and-secret");
    let finished = world.run(&[]).finish().await.expect_code(78);
    says(&finished, &["invalid_client", "b"]);
    assert!(!finished.stderr.contains("wrong-and-secret"), "{}", finished.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_cannot_be_reached_ends_with_1_and_its_address() {
    let Some(world) = World::builder().build().await else { return };
    let address = world.bootstrap_servers.clone();
    world.edit(&address, "127.0.0.1:1");
    let finished = world.run(&[]).finish().await.expect_code(1);
    says(&finished, &["127.0.0.1:1", "kafka.bootstrap_servers", "No broker answers"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_topic_becomes_a_dead_letter_and_holds_nothing_up() {
    let Some(world) = World::builder().build().await else { return };
    world.in_a.create("Lead", json!({ "LastName": "Before", "Company": "Acme" })).await;
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
    let garbage: [&[u8]; 4] = [b"garbage", b"", NO_SUCH_SCHEMA, &[0]];
    produce(&world, &garbage).await;
    world.in_a.create("Lead", json!({ "LastName": "After", "Company": "Acme" })).await;
    let finished = world.sync().await.expect_code(1);
    let last = finished.stderr.lines().last().unwrap_or_default();
    let topic = orgstream::kafka::topics::dead_letters(&world.pipeline);
    assert!(last.starts_with("4 record(s) were rejected and have not arrived"), "{}", finished.stderr);
    assert!(last.contains(&topic), "{last}");
    assert!(!finished.stderr.contains("Everything has arrived"), "{}", finished.stderr);
    assert_eq!(world.b.count("Lead"), 2);
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), garbage.len(), "{letters:?}");
    // What was rejected is settled: the next run has nothing to do.
    world.sync().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_schema_that_the_registry_does_not_have_stop_the_task_and_are_no_dead_letters() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.prime().await;
    produce(&world, &[NO_SUCH_SCHEMA, NO_SUCH_SCHEMA]).await;
    let finished = world.run(&[]).finish().await.expect_code(1);
    says(
        &finished,
        &["schema 2130706435", "is not the only one", "schema_registry.url", "orgstream offsets set"],
    );
    assert_eq!(world.dead_letters().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_too_large_for_its_topic_says_where_the_value_lies() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let letters = topics::dead_letters(&world.pipeline);
    let admin: AdminClient<_> = ClientConfig::new()
        .set("bootstrap.servers", &world.bootstrap_servers)
        .create()
        .expect("an admin client");
    let topic = NewTopic::new(&letters, 1, TopicReplication::Fixed(1)).set("max.message.bytes", "20000");
    let made = admin.create_topics([&topic], &AdminOptions::new()).await.expect("the broker answers");
    assert!(made[0].is_ok(), "{made:?}");
    world.prime().await;

    // Nothing that compression makes smaller.
    let large = (0..6_250).flat_map(|_| uuid::Uuid::new_v4().into_bytes());
    let large: Vec<u8> = std::iter::once(1).chain(large).collect();
    produce(&world, &[b"small", &large, b"small, too"]).await;
    world.sync().await.expect_code(1);
    let letters = world.read(&letters).await;
    let of = |offset: &str| {
        let mut of =
            letters.iter().filter(|letter| letter.headers.text("__connect.errors.offset") == Some(offset));
        of.next().unwrap_or_else(|| panic!("no dead letter of {offset} in {letters:?}"))
    };
    assert_eq!(of("0").value.as_deref(), Some(&b"small"[..]));
    assert_eq!(of("2").value.as_deref(), Some(&b"small, too"[..]));
    assert_eq!(of("1").value, None);
    let note = of("1").headers.text("orgstream.value_left_out").expect("a note");
    assert!(
        note.contains("100001 bytes") && note.contains(&format!("{}-0@1", world.topic("Lead"))),
        "{note}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_state_is_told_who_holds_it() {
    let Some(world) = World::builder().build().await else { return };
    let mut first = world.run(&[]);
    eventually("the control socket is there", || world.dir.path().join("state/control.sock").exists()).await;
    let second = world.run(&[]).finish().await.expect_code(1);
    says(&second, &["in use", "process"]);
    assert!(first.alive());
    first.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_takes_the_source_over_and_the_first_says_who_has_it() {
    let Some(world) = World::builder().build().await else { return };
    let first = world.run(&["--only", "source"]);
    world.in_a.create("Lead", json!({ "LastName": "One", "Company": "Acme" })).await;
    let produced = async || !world.read(&world.topic("Lead")).await.is_empty();
    for _ in 0..300 {
        if world.a.calls(orgstream_salesforce_simulator::CallKind::Subscribe) >= 3 && produced().await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let second = world.run(&["--only", "source", "--state", "state-2"]);
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    // The first finds out when it writes next.
    world.in_a.create("Lead", json!({ "LastName": "Two", "Company": "Acme" })).await;
    let first = first.finish().await.expect_code(1);
    says(&first, &["node", "runs source task"]);
    second.terminate().await.expect_code(0);
    world.sync_with(&["--state", "state-2"]).await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 2);
    assert_eq!(world.read(&world.topic("Lead")).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_org_behind_a_known_pipeline_is_refused_though_the_state_is_new() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.in_a.create("Lead", json!({ "LastName": "Of a", "Company": "Acme" })).await;
    world.sync().await.expect_code(0);
    let other = orgstream_salesforce_simulator::Org::builder().start().await.expect("an org starts");
    let lead = json!({ "LastName": "Of the other", "Company": "Acme" });
    crate::support::Rest::login(&other).await.create("Lead", lead).await;
    world.put_in_place_of_a(&other);
    let finished = world.sync_with(&["--state", "state-2"]).await.expect_code(78);
    says(&finished, &[world.a.id(), other.id(), &world.pipeline, "another name", "--snapshot"]);
    assert_eq!(world.b.count("Lead"), 1);

    // Asked for, everything of the other org comes, whatever was read of the first.
    let anew = ["--state", "state-2", "--snapshot", &world.pipeline];
    world.sync_with(&anew).await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 2);
    world.sync_with(&anew[..2]).await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_org_to_write_to_is_refused_though_the_state_is_new() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.in_a.create("Lead", json!({ "LastName": "Sent to b", "Company": "Acme" })).await;
    world.sync().await.expect_code(0);
    let other = orgstream_salesforce_simulator::Org::builder().start().await.expect("an org starts");
    world.put_in_place_of_b(&other);
    let finished = world.sync_with(&["--state", "state-2"]).await.expect_code(78);
    says(&finished, &[world.b.id(), other.id(), "another name"]);
    assert_eq!(other.count("Lead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_a_pipeline_without_a_source_is_refused_with_those_that_have_one() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let unknown = world.run(&["--snapshot", "nope"]).finish().await.expect_code(78);
    says(&unknown, &["`nope`", &world.pipeline]);
    let arguments = ["--only", "sink", "--snapshot", &world.pipeline];
    let sinks = world.run(&arguments).finish().await.expect_code(78);
    says(&sinks, &[&world.pipeline, "none"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_org_behind_a_known_name_is_refused() {
    let Some(world) = World::builder().build().await else { return };
    world.sync().await.expect_code(0);
    // The file's two orgs change places.
    let (a, b) = (world.a.url().to_owned(), world.b.url().to_owned());
    let (of_a, of_b) = (world.a.credentials(), world.b.credentials());
    for (old, new) in [
        (a.as_str(), "URL-B"),
        (b.as_str(), a.as_str()),
        ("URL-B", b.as_str()),
        (of_a.client_id.as_str(), "ID-B"),
        (of_b.client_id.as_str(), of_a.client_id.as_str()),
        ("ID-B", of_b.client_id.as_str()),
        (of_a.client_secret.as_str(), "SECRET-B"),
        (of_b.client_secret.as_str(), of_a.client_secret.as_str()),
        ("SECRET-B", of_b.client_secret.as_str()),
    ] {
        world.edit(old, new);
    }
    for command in ["run", "verify"] {
        let finished = world.command(&[command, "orgstream.yaml"]).finish().await.expect_code(78);
        says(&finished, &[world.a.id(), world.b.id(), "state"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_org_under_two_names_is_refused_and_nothing_is_written() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.in_a.create("Account", json!({ "Name": "Once" })).await;
    let (a, b) = (world.a.credentials().clone(), world.b.credentials().clone());
    for (own, other) in
        [(&b.login_url, &a.login_url), (&b.client_id, &a.client_id), (&b.client_secret, &a.client_secret)]
    {
        world.edit(own, other);
    }
    let finished = world.run(&[]).finish().await.expect_code(78);
    says(&finished, &["`a` and `b` are the same org", world.a.id(), "one name"]);
    assert_eq!(world.a.count("Account"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_a_newer_version_is_refused() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.sync().await.expect_code(0);
    let database = world.dir.path().join("state/orgstream.db");
    let connection = rusqlite::Connection::open(database).expect("the database opens");
    connection.pragma_update(None, "user_version", 99).expect("the version is set");
    drop(connection);
    let finished = world.run(&[]).finish().await.expect_code(1);
    says(&finished, &["newer orgstream", "99", "another `state` directory"]);
}
