//! Objects that no channel brings: they are asked for what changed.

use std::time::Duration;

use orgstream_salesforce_simulator::CallKind;
use serde_json::json;

use crate::support::{World, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_only_polls_follows_creates_changes_deletes_and_undeletes_across_restarts() {
    let builder = World::builder().source("channel: polling").source("poll_every: 1s");
    let Some(world) = builder.build().await else { return };
    world.prime().await;
    let lead = |name: &str| json!({ "LastName": name, "Company": "Acme" });
    let changed = world.in_a.create("Lead", lead("Changed")).await;
    let gone = world.in_a.create("Lead", lead("Gone")).await;
    world.in_a.create("Lead", lead("Stays")).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 3);

    // While it runs.
    let mut running = world.run(&[]);
    world.in_a.update("Lead", &changed, json!({ "Company": "While it runs" })).await;
    world.in_a.create("Lead", lead("While it runs")).await;
    world.in_a.delete("Lead", &gone).await;
    eventually("the changes arrive", || {
        let rows = world.b.rows("Lead");
        rows.iter().filter(|row| row["LastName"] != "Gone").count() == 3
            && rows.iter().any(|row| row["Company"] == "While it runs")
            && world.b.count("Lead") == 3
    })
    .await;
    assert!(running.alive());
    running.kill().await;

    // While nothing does.
    world.in_a.undelete(&gone).await;
    world.in_a.update("Lead", &changed, json!({ "Company": "While nothing runs" })).await;
    world.a.advance(Duration::from_hours(30));
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!(world.b.count("Lead"), 4);
    assert!(world.a.rows("PushTopic").is_empty(), "nothing is set up in the org");
    assert_eq!(world.a.calls(CallKind::Handshake), 0, "and no session opened");
    assert_eq!(world.dead_letters().await, []);
}

/// Leads are polled, accounts and contacts come by PushTopics; an account is the parent of a contact.
const MIXED: &str = "\
Account: { external_id: OrgA_Id__c }
Contact: { external_id: OrgA_Id__c }
Lead: { external_id: OrgA_Id__c, source: { channel: polling, poll_every: 1s } }
";

#[tokio::test(flavor = "multi_thread")]
async fn a_polled_object_beside_streamed_ones_survives_kills() {
    let Some(world) = World::builder().embedded().objects(MIXED).build().await else { return };
    world.prime().await;
    let mut gone = None;
    for round in 0..4 {
        let running = world.run(&[]);
        let company = format!("Round {round}");
        let account = world.in_a.create("Account", json!({ "Name": &company })).await;
        world.in_a.create("Contact", json!({ "LastName": &company, "AccountId": account })).await;
        let lead = world.in_a.create("Lead", json!({ "LastName": &company, "Company": "Acme" })).await;
        if let Some(gone) = gone.replace(lead) {
            world.in_a.delete("Lead", &gone).await;
        }
        tokio::time::sleep(Duration::from_millis(400 + 700 * round)).await;
        running.kill().await;
    }
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!((world.b.count("Lead"), world.b.count("Contact")), (1, 4));
    let status = world.command(&["gaps", "orgstream.yaml"]).finish().await.expect_code(0);
    assert!(!status.stdout.contains("Lead"), "{}", status.stdout);
}
