//! SIGKILL at random moments while changes flow: nothing lost, nothing doubled.

#![expect(clippy::print_stdout, reason = "the harness shows it with the failed test")]

use std::collections::HashSet;
use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::support::{Dice, Rest, World, on_both_brokers};

/// Kills; `tests/soak` asks for more.
fn kills() -> u32 {
    std::env::var("ORGSTREAM_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

on_both_brokers! {
    async fn killed_again_and_again_while_changes_flow_it_loses_and_doubles_nothing(
        builder: WorldBuilder, _kind: Kind
    ) {
        if let Some(world) = builder.build().await {
            killed_again_and_again(&world).await;
        }
    }
    async fn killed_again_and_again_with_merged_changes_it_loses_and_doubles_nothing(
        builder: WorldBuilder, _kind: Kind
    ) {
        if let Some(world) = builder.build().await {
            world.edit("operation: sync", "operation: sync, algorithm: merged");
            killed_again_and_again(&world).await;
        }
    }
}

async fn killed_again_and_again(world: &World) {
    world.prime().await;
    // Accounts meet locked rows now and then, so contacts come before them and their references are owed.
    let locked = Effect::RecordError {
        code: "UNABLE_TO_LOCK_ROW".into(),
        message: "unable to obtain exclusive access".into(),
    };
    world.b.faults().add(Fault::new(CallKind::Write, locked).containing("Locked").times(60));
    let killing = CancellationToken::new();
    let flow = tokio::spawn(flow(world.in_a.clone(), 5_000, killing.clone()));
    let mut dice = Dice::new();
    for kill in 0..kills() {
        let running = world.run(&[]);
        let pause = Duration::from_millis(1_500 + dice.next() % 5_000);
        tokio::time::sleep(pause).await;
        println!("kill {kill} after {pause:?}, {} rows in org B", world.b.count("Contact"));
        running.kill().await;
    }
    killing.cancel();
    let changes = flow.await.expect("the flow does not panic");
    assert!(changes >= 5_000, "{changes} changes");
    world.sync().await.expect_code(0);
    world.verify().await;
    for object in ["Account", "Contact", "Lead"] {
        assert_eq!(world.b.count(object), world.a.count(object), "{object}");
        let rows = world.b.rows(object);
        let external: HashSet<&Json> = rows.iter().map(|row| &row["OrgA_Id__c"]).collect();
        assert_eq!(external.len(), rows.len(), "duplicates of {object} in org B");
        world.every_event_stands_once(object).await;
    }
    assert_eq!(world.dead_letters().await, []);
    let parked = world.read(&orgstream::kafka::topics::parked(&world.pipeline)).await;
    assert!(!parked.is_empty(), "no contact came before its account");
}

/// Changes org A until `count` changes are made and nothing is killed any more; contacts refer to accounts, accounts and contacts to each other.
async fn flow(org: Rest, count: usize, killing: CancellationToken) -> usize {
    let mut changes = 0;
    let mut round = 0;
    while changes < count || !killing.is_cancelled() {
        round += 1;
        let accounts = (0..40).map(|n| json!({ "Name": if n % 4 == 0 { format!("Locked {round}-{n}") } else { format!("Account {round}-{n}") } }));
        let accounts = org.create_many("Account", accounts.collect()).await;
        let contacts = accounts
            .iter()
            .enumerate()
            .map(|(n, account)| json!({ "LastName": format!("Contact {round}-{n}"), "AccountId": account }));
        let contacts = org.create_many("Contact", contacts.collect()).await;
        let leads =
            (0..40).map(|n| json!({ "LastName": format!("Lead {round}-{n}"), "Company": "Acme" })).collect();
        let leads = org.create_many("Lead", leads).await;
        changes += 120;
        for n in 0..10 {
            org.update(
                "Account",
                &accounts[n],
                json!({ "ParentId": accounts[n + 10], "Phone": format!("{round}") }),
            )
            .await;
            org.update("Contact", &contacts[n], json!({ "ReportsToId": contacts[n + 10] })).await;
            org.update("Lead", &leads[n], json!({ "Description": format!("round {round}") })).await;
            org.delete("Lead", &leads[n + 20]).await;
            org.delete("Contact", &contacts[n + 30]).await;
            changes += 5;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    changes
}
