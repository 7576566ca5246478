//! Kafka stopped for long while changes flow: the source holds what it can, lets go of its session above that, and goes
//! on by itself. Nothing is lost or doubled.

#![expect(clippy::print_stdout, reason = "the harness shows it with the failed test")]

use std::collections::HashSet;
use std::time::Duration;

use orgstream_api::record::header;
use serde_json::{Value as Json, json};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::support::{Link, OwnBroker, Rest, World, eventually, on_both_brokers, shared_peers};

/// Rows of one collection call; ten calls a second.
const CALL: usize = 20;

/// What the process may grow by while nothing can be written, in MB: more than what is held for Kafka, and far less than
/// all that happens in a long outage.
const GROWTH: u64 = 120;

/// How long there is no Kafka; `tests/soak` asks for longer.
fn outage() -> Duration {
    let asked = std::env::var("ORGSTREAM_OUTAGE").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(asked.unwrap_or(20))
}

on_both_brokers! {
    async fn kafka_stopped_while_changes_flow_holds_everything_up_and_loses_nothing(
        builder: WorldBuilder, kind: Kind
    ) {
    if kind == Kind::Apache && shared_peers().is_none() {
        return;
    }
    let mut broker = OwnBroker::start(kind);
    let builder = builder.kafka(broker.address()).source("stream: { buffer: 2MB }");
    let Some(world) = builder.org_a(|org| org.poll_hold(Duration::from_secs(2))).build().await else { return };
    world.prime().await;
    let mut running = world.run(&[]);
    let mut leads = changes(&world.in_a, Duration::from_secs(2)).await;
    eventually("the first leads arrive", || world.b.count("Lead") == leads.len()).await;
    let before = running.memory_mb();

    broker.kill();
    let outage = outage();
    let ends = Instant::now() + outage;
    leads.extend(changes(&world.in_a, outage / 4).await);
    let early = flow(&world).await;
    let mut most = 0;
    while Instant::now() < ends {
        leads.extend(changes(&world.in_a, Duration::from_secs(5).min(outage)).await);
        most = most.max(running.memory_mb());
    }
    println!("{} leads, resident {before} MB before and at most {most} MB meanwhile", leads.len());
    let late = flow(&world).await;
    assert_eq!(late["flow"], "degraded", "{late}");
    assert_eq!(late["as_of"], early["as_of"], "nothing is fresher than what is committed");
    let aged = late["age_seconds"].as_u64().zip(early["age_seconds"].as_u64());
    assert!(aged.is_some_and(|(late, early)| late - early >= outage.as_secs() / 2), "{early} {late}");
    assert!(most < before + GROWTH, "resident {before} MB before and {most} MB meanwhile");

    broker.start_again();
    // An update of each of the last ones too, so that their order is seen.
    for lead in leads.iter().rev().take(20) {
        world.in_a.update("Lead", lead, json!({ "Company": "After" })).await;
    }
    let all = leads.len();
    let arrived = || world.b.count("Lead") == all && companies(&world.b.rows("Lead"), "After") == 20;
    for _ in 0..5 {
        if !arrived() {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    }
    eventually("all leads arrive", arrived).await;
    assert!(running.alive(), "it goes on by itself");
    running.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    world.verify().await;
    every_event_stands_once(&world).await;
    assert_eq!(world.dead_letters().await, []);
}
}

/// Two hundred new leads a second, for so long.
async fn changes(org: &Rest, time: Duration) -> Vec<String> {
    let ends = Instant::now() + time;
    let mut ticks = interval(Duration::from_millis(100));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ids = Vec::new();
    while Instant::now() < ends {
        ticks.tick().await;
        let rows = (0..CALL).map(|n| json!({ "LastName": format!("Lead {n}"), "Company": "Acme" }));
        ids.extend(org.create_many("Lead", rows.collect()).await);
    }
    ids
}

fn companies(leads: &[Json], name: &str) -> usize {
    leads.iter().filter(|lead| lead["Company"] == name).count()
}

/// What the status says of the source's stream.
async fn flow(world: &Link) -> Json {
    let status = world.command(&["status", "orgstream.yaml", "--json"]).finish().await.expect_code(0);
    let status: Json = serde_json::from_str(&status.stdout).expect("JSON");
    let tasks = status["status"]["pipelines"][0]["tasks"].as_array().expect("tasks").clone();
    tasks.iter().find(|task| task["kind"] == "source").expect("a source")["flow"].clone()
}

/// No (channel, replay id) twice for a `read_committed` reader.
async fn every_event_stands_once(world: &Link) {
    let mut events = HashSet::new();
    for record in world.read(&world.topic("Lead")).await {
        let event =
            [header::CHANNEL, header::REPLAY_ID].map(|name| record.headers.text(name).map(str::to_owned));
        if event.iter().all(Option::is_some) {
            assert!(events.insert(event.clone()), "{event:?} stands twice");
        }
    }
    assert!(!events.is_empty(), "no records");
}
