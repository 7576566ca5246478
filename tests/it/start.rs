//! Where a sink begins: where the file says, once, and never again at a rebalance, a kill or a restart.

use orgstream::kafka::{Admin, GroupCommit, KafkaConfig, Outgoing, Place, Producer};
use orgstream_api::{Headers, HealthReporter, TopicPartition};
use serde_json::json;

use crate::inputs::{id, sink_only};
use crate::lost_topics::{committed, delete, make};
use crate::support::{Link, SchemaStore, World, eventually, on_both_brokers};
use crate::two_sinks::members;

fn config(world: &Link) -> KafkaConfig {
    KafkaConfig { bootstrap_servers: world.bootstrap_servers.clone(), ..KafkaConfig::default() }
}

/// Contacts with these numbers, each in its partition and with its time.
async fn contacts(world: &Link, all: impl IntoIterator<Item = (u32, i32, i64)>) {
    let (health, _listener) = HealthReporter::new();
    let producer = Producer::open(&config(world), health).expect("a producer");
    let outgoing = all.into_iter().map(|(number, partition, time)| Outgoing {
        topic: world.topic("Contact"),
        place: Place::Partition(partition),
        key: None,
        value: Some(
            json!({ "Id": id(number), "LastName": format!("{number}"), "_EventType": "created" })
                .to_string()
                .into_bytes(),
        ),
        headers: Headers::default(),
        timestamp: Some(time),
    });
    producer.send(outgoing.collect()).await.expect("written");
}

/// The numbers of the contacts of org B, in their order.
fn arrived(world: &World) -> Vec<u32> {
    let rows = world.b.rows("Contact").into_iter();
    let mut all: Vec<u32> =
        rows.map(|row| row["LastName"].as_str().expect("a name").parse().expect("a number")).collect();
    all.sort_unstable();
    all
}

async fn leads(world: &World, name: &str, count: usize) {
    let rows = (0..count).map(|n| json!({ "LastName": format!("{name} {n}"), "Company": "Acme" }));
    world.in_a.create_many("Lead", rows.collect()).await;
}

fn named(world: &World, name: &str) -> usize {
    let rows = world.b.rows("Lead");
    rows.iter().filter(|row| row["LastName"].as_str().is_some_and(|text| text.starts_with(name))).count()
}

on_both_brokers! {
async fn what_lay_there_before_is_never_read_by_latest_whatever_is_killed_and_rebalanced(
    builder: WorldBuilder, kind: Kind
) {
    let Some(world) = builder.partitions(6).build().await else { return };
    // Processes with directories of their own need one registry.
    let schemas = (kind == Kind::Embedded).then(|| SchemaStore::start(&world.dir.path().join("schemas.db")));
    if let Some(schemas) = &schemas {
        world.edit("kafka:\n", &format!("schema_registry: {{ url: \"{}\" }}\nkafka:\n", schemas.url));
    }
    world.edit("sink: { org: b,", "sink: { org: b, start: latest, tasks: 2, session_timeout: 6s,");
    leads(&world, "Before", 60).await;
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
    let source = world.run(&["--only", "source"]);
    let one = world.run(&["--only", "sink", "--state", "sink-1"]);
    members(&world, 2).await;
    leads(&world, "Between", 60).await;
    eventually("what came since arrives", || named(&world, "Between") == 60).await;
    // A rebalance, and nobody begins anew.
    let other = world.run(&["--only", "sink", "--state", "sink-2"]);
    members(&world, 4).await;
    leads(&world, "Shared", 60).await;
    one.kill().await;
    members(&world, 2).await;
    other.kill().await;
    // What comes while nobody reads is no past that may be left out.
    leads(&world, "Alone", 60).await;
    let again = world.run(&["--only", "sink", "--state", "sink-3"]);
    eventually("nothing is left out since", || {
        named(&world, "Shared") == 60 && named(&world, "Alone") == 60
    })
    .await;
    again.terminate().await.expect_code(0);
    source.terminate().await.expect_code(0);
    assert_eq!(named(&world, "Before"), 0);
    assert_eq!(world.b.count("Lead"), 180);
}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_a_time_an_offset_or_another_group_says_where_a_sink_begins() {
    let hour = 3_600_000;
    for (start, expected) in [
        ("beginning", &[0, 1, 2, 3, 4][..]),
        ("earliest", &[0, 1, 2, 3, 4]),
        ("latest", &[]),
        ("{ time: \"1970-01-01T04:00:00Z\" }", &[3, 4]),
        ("{ offsets: { TOPIC: [1] } }", &[1, 2, 3, 4]),
        ("{ offsets: { TOPIC: [latest] } }", &[]),
        ("{ group: GROUP }", &[2, 3, 4]),
    ] {
        let Some(world) = sink_only("input: { value: json }", None).await else { return };
        let topic = world.topic("Contact");
        contacts(&world, (0..5).map(|number| (number, 0, i64::from(number + 1) * hour))).await;
        let group = format!("other-{}", world.pipeline);
        let admin = Admin::connect(&config(&world)).await.expect("the broker answers");
        let place = TopicPartition { topic: topic.clone(), partition: 0 };
        let commit = GroupCommit { offset: 2, ..GroupCommit::default() };
        admin.commit(&group, [(place, commit)].into()).await.expect("committed");
        let start = start.replace("TOPIC", &topic).replace("GROUP", &group);
        world.edit("input: { value: json }", &format!("input: {{ value: json }}, start: {start}"));
        world.sync().await.expect_code(0);
        assert_eq!(arrived(&world), expected, "start: {start}");
        // Once: what another word would bring does not come.
        world.edit(&format!("start: {start}"), "start: beginning");
        contacts(&world, [(9, 0, 9 * hour)]).await;
        world.sync().await.expect_code(0);
        assert_eq!(arrived(&world), [expected, &[9]].concat(), "start: {start}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fits_no_topic_is_refused_with_what_is_there() {
    let Some(world) = sink_only("input: { value: json }, start: none", None).await else { return };
    let topic = world.topic("Contact");
    contacts(&world, (0..3).map(|number| (number, 0, 1))).await;
    let mut last = "none".to_owned();
    let said = [
        (
            "none".to_owned(),
            vec![format!("has committed nothing of {topic}-0"), "orgstream offsets set".to_owned()],
        ),
        (
            format!("{{ offsets: {{ {topic}: [0, 1] }} }}"),
            vec![format!("has 2 offsets for topic {topic}, which has 1 partitions")],
        ),
        (
            format!("{{ offsets: {{ {topic}: [4] }} }}"),
            vec![format!("says 4 for {topic}-0, which has 0 to 3")],
        ),
        ("{ group: nobody }".to_owned(), vec!["nobody has committed no offset".to_owned()]),
    ];
    for (start, parts) in said {
        world.edit(&format!("start: {last}"), &format!("start: {start}"));
        let refused = world.sync().await.expect_code(78);
        for part in parts {
            assert!(refused.stderr.contains(&part), "no `{part}` in\n{}", refused.stderr);
        }
        last = start;
    }
    assert_eq!(world.b.count("Contact"), 0);
    // A place that somebody has said is enough for `none`.
    world.edit(&format!("start: {last}"), "start: none");
    world.command(&["offsets", "set", "orgstream.yaml", "--to", "earliest"]).finish().await.expect_code(0);
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Contact"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_made_anew_is_read_from_its_first_record_whatever_start_says() {
    let Some(world) = sink_only("input: { value: json }, start: latest", None).await else { return };
    let topic = world.topic("Contact");
    contacts(&world, (0..3).map(|number| (number, 0, 1))).await;
    let running = world.run(&[]);
    members(&world, 1).await;
    contacts(&world, [(3, 0, 1)]).await;
    eventually("what came since arrives", || arrived(&world) == [3]).await;
    committed(&world, &topic).await;
    // So that it does not see the topic empty, which it tells of in another way.
    running.freeze();
    delete(&world, &topic).await;
    make(&world, &topic).await;
    contacts(&world, (4..16).map(|number| (number, 0, 1))).await;
    running.thaw();
    eventually("all of the new topic arrives", || arrived(&world) == (3..16).collect::<Vec<_>>()).await;
    running.terminate().await.expect_code(0);
}
