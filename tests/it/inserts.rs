//! SIGKILL at random moments while records are inserted that nothing in org B tells apart from others: nothing lost,
//! nothing doubled, nothing silent.

#![expect(clippy::print_stdout, reason = "the harness shows it with the failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault, Org};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::support::{Dice, Rest, World, locked, on_both_brokers};

/// Kills; `tests/soak` asks for more.
fn kills() -> u32 {
    std::env::var("ORGSTREAM_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

/// Longer than a call may be under way, by org B's clock.
const OVER: Duration = Duration::from_mins(15);

/// No object has an external id.
const OBJECTS: &str = "Account: {}\nContact: {}\nLead: {}\n";

/// Kills the process again and again while `flow` changes org A, then lets it finish.
async fn kill_while<F: Future<Output = usize> + Send + 'static>(
    world: &World,
    flow: impl FnOnce(Rest, CancellationToken) -> F,
) {
    world.prime().await;
    world.b.faults().add(Fault::new(CallKind::Write, locked()).containing("Locked").times(30));
    let killing = CancellationToken::new();
    let flow = tokio::spawn(flow(world.in_a.clone(), killing.clone()));
    let mut dice = Dice::new();
    for kill in 0..kills() {
        let running = world.run(&[]);
        tokio::time::sleep(Duration::from_millis(1_000 + dice.next() % 3_000)).await;
        world.b.faults().add(Fault::new(CallKind::Write, Effect::CutAfter).times(1));
        tokio::time::sleep(Duration::from_millis(200 + dice.next() % 2_000)).await;
        println!("kill {kill}, {} leads in org B", world.b.count("Lead"));
        running.kill().await;
        // What was on its way has arrived.
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.b.advance(OVER);
    }
    killing.cancel();
    let changes = flow.await.expect("the flow does not panic");
    println!("{changes} changes");
    let mut synced = std::pin::pin!(world.sync());
    let finished = loop {
        tokio::select! {
            finished = &mut synced => break finished,
            // A call of the last run that was given up on a busy machine is over then.
            () = tokio::time::sleep(Duration::from_secs(45)) => world.b.advance(OVER),
        }
    };
    finished.expect_code(0);
}

/// How often each value of a field stands in an org.
fn values(org: &Org, object: &str, field: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in org.rows(object) {
        *counts.entry(text(&row[field])).or_default() += 1;
    }
    counts
}

on_both_brokers! {
    async fn killed_again_and_again_while_inserts_flow_it_loses_and_doubles_none(
        builder: WorldBuilder, _kind: Kind
    ) {
    let Some(world) = builder.objects(OBJECTS).operation("by_event_type").build().await else { return };
    kill_while(&world, |org, killing| changing(org, 1_500, killing)).await;
    for (object, field) in [("Account", "Name"), ("Contact", "LastName"), ("Lead", "LastName")] {
        assert_eq!(values(&world.b, object, field), values(&world.a, object, field), "{object}");
    }
    let name = |row: &Json| (text(&row["Id"]), text(&row["Name"]));
    let accounts: BTreeMap<String, String> = world.b.rows("Account").iter().map(name).collect();
    for contact in world.b.rows("Contact") {
        let account = &accounts[&text(&contact["AccountId"])];
        assert!(account.ends_with(&text(&contact["LastName"]).replace("Contact", "Account")), "{contact} at {account}");
    }
    assert_eq!(world.dead_letters().await, []);
}
}

on_both_brokers! {
    async fn killed_again_and_again_every_new_record_is_inserted_once(builder: WorldBuilder, _kind: Kind) {
    let Some(world) = builder.objects("Lead: {}\n").operation("insert").build().await else { return };
    kill_while(&world, |org, killing| making(org, 1_500, killing)).await;
    assert_eq!(values(&world.b, "Lead", "LastName"), values(&world.a, "Lead", "LastName"));
    let made: BTreeSet<usize> = values(&world.b, "Lead", "LastName").into_values().collect();
    assert_eq!(made, BTreeSet::from([1]));
    assert_eq!(world.dead_letters().await, []);
}
}

fn text(value: &Json) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Makes leads in org A until there are `count` and nothing is killed any more.
async fn making(org: Rest, count: usize, killing: CancellationToken) -> usize {
    let (mut made, mut round) = (0, 0);
    while made < count || !killing.is_cancelled() {
        round += 1;
        let leads = (0..40).map(|n| {
            let kind = if n % 8 == 0 { "Locked" } else { "Lead" };
            json!({ "LastName": format!("{kind} {round}-{n}"), "Company": "Acme" })
        });
        made += org.create_many("Lead", leads.collect()).await.len();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    made
}

/// As `making`, with contacts of accounts, changes and deletions.
async fn changing(org: Rest, count: usize, killing: CancellationToken) -> usize {
    let (mut changes, mut round) = (0, 0);
    while changes < count || !killing.is_cancelled() {
        round += 1;
        let accounts = (0..20).map(|n| {
            let kind = if n % 8 == 0 { "Locked Account" } else { "Account" };
            json!({ "Name": format!("{kind} {round}-{n}") })
        });
        let accounts = org.create_many("Account", accounts.collect()).await;
        let contacts = accounts
            .iter()
            .enumerate()
            .map(|(n, account)| json!({ "LastName": format!("Contact {round}-{n}"), "AccountId": account }));
        let contacts = org.create_many("Contact", contacts.collect()).await;
        let leads =
            (0..20).map(|n| json!({ "LastName": format!("Lead {round}-{n}"), "Company": "Acme" })).collect();
        let leads = org.create_many("Lead", leads).await;
        changes += 60;
        for n in 0..5 {
            org.update("Account", &accounts[n], json!({ "Phone": format!("{round}") })).await;
            org.update("Lead", &leads[n], json!({ "Description": format!("round {round}") })).await;
            org.delete("Lead", &leads[n + 10]).await;
            org.delete("Contact", &contacts[n + 10]).await;
            changes += 4;
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    changes
}
