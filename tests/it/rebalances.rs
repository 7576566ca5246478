//! Partitions that change hands while changes flow: no record is in two calls at once, and both orgs end equal.

#![expect(clippy::print_stdout, reason = "the harness shows it with the failed test")]

use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault, Org};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::{Dice, Rest, Running, SchemaStore, World, flow, on_both_brokers, overlaps};
use crate::two_sinks::members;

/// What happens to a process while another one goes on.
#[derive(Debug, Clone, Copy)]
enum Blow {
    /// It stands still for longer than the session time-out, and goes on.
    Freeze,
    /// SIGKILL; it is started again when its partitions are in other hands.
    Kill,
    /// An orderly stop; it is started again when its partitions are in other hands.
    Stop,
}

const BLOWS: [Blow; 3] = [Blow::Freeze, Blow::Kill, Blow::Stop];

/// Tasks of each process.
const TASKS: usize = 2;

/// Rebalances, two for each blow; `tests/soak` asks for more.
fn rebalances() -> usize {
    std::env::var("ORGSTREAM_REBALANCES").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

fn sink(world: &World, state: &str) -> Running {
    world.run(&["--only", "sink", "--state", state])
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_that_carry_one_record_at_once_are_seen_and_two_with_a_record_each_are_not() {
    let b = Org::builder().start().await.expect("org b starts");
    let in_b = Rest::login(&b).await;
    let lead =
        |n| json!({ "LastName": "Doe", "Company": "Acme", "OrgA_Id__c": format!("00Q00000000000{n}AAA") });
    let [one, other] = [in_b.create("Lead", lead(1)).await, in_b.create("Lead", lead(2)).await];
    b.keep_exchanges();
    b.faults().add(Fault::new(CallKind::Write, Effect::Delay { ms: 100 }));
    let change = |id| in_b.update("Lead", id, json!({ "Company": "Changed" }));
    tokio::join!(change(&one), change(&other));
    assert_eq!(overlaps(&b, &["Lead"]).await, Vec::<String>::new());
    tokio::join!(change(&one), change(&one), in_b.delete("Lead", &other));
    assert_eq!(overlaps(&b, &["Lead"]).await.len(), 1);
}

on_both_brokers! {
async fn partitions_that_change_hands_are_never_written_from_two_sides(builder: WorldBuilder, kind: Kind) {
    let Some(world) = builder.partitions(4).build().await else { return };
    // Processes with directories of their own need one registry.
    let schemas = (kind == Kind::Embedded).then(|| SchemaStore::start(&world.dir.path().join("schemas.db")));
    if let Some(schemas) = &schemas {
        world.edit("kafka:\n", &format!("schema_registry: {{ url: \"{}\" }}\nkafka:\n", schemas.url));
    }
    world.edit("sink: { org: b,", &format!("sink: {{ org: b, tasks: {TASKS}, session_timeout: 6s,"));
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
    world.b.keep_exchanges();
    let slow = Effect::DelayBetween { min_ms: 20, max_ms: 400 };
    world.b.faults().add(Fault::new(CallKind::Write, slow));

    let source = world.run(&["--only", "source"]);
    let mut sinks = [Some(sink(&world, "sink-0")), Some(sink(&world, "sink-1"))];
    members(&world, 2 * TASKS).await;
    let enough = CancellationToken::new();
    let flow = tokio::spawn(flow(world.in_a.clone(), 500, enough.clone()));
    let mut dice = Dice::new();
    for number in 0..rebalances() / 2 {
        tokio::time::sleep(Duration::from_millis(500 + dice.next() % 2_500)).await;
        let blow = BLOWS[number % BLOWS.len()];
        let at = usize::try_from(dice.next() % 2).expect("0 or 1");
        println!("{blow:?} of process {at}, {} contacts in org B", world.b.count("Contact"));
        let process = sinks[at].take().expect("both run");
        let state = format!("sink-{at}");
        sinks[at] = Some(match blow {
            Blow::Freeze => {
                process.freeze();
                members(&world, TASKS).await;
                tokio::time::sleep(Duration::from_millis(dice.next() % 2_000)).await;
                process.thaw();
                process
            }
            Blow::Kill => {
                process.kill().await;
                members(&world, TASKS).await;
                sink(&world, &state)
            }
            Blow::Stop => {
                process.terminate().await.expect_code(0);
                members(&world, TASKS).await;
                sink(&world, &state)
            }
        });
        members(&world, 2 * TASKS).await;
    }
    enough.cancel();
    flow.await.expect("the flow does not panic");
    for process in sinks.into_iter().flatten() {
        process.terminate().await.expect_code(0);
    }
    source.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    world.assert_equal().await;
    assert_eq!(overlaps(&world.b, &["Account", "Contact", "Lead"]).await, Vec::<String>::new());
}
}
