//! What org B lacks is said before anything is written.

use std::time::Duration;

use orgstream_api::TaskError;
use orgstream_salesforce_simulator as simulator;

use super::world::{World, config};
use crate::config::Operation;

fn refused(error: Option<TaskError>) -> String {
    match error {
        Some(TaskError::Config(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn all_faults_are_reported_at_once_with_what_to_do() {
    let world = World::start().await;
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    config.objects[0].name = "Contract__c".to_owned();
    config.objects[1].external_id = Some("Missing__c".to_owned());
    config.objects[2].external_id = Some("Company".to_owned());
    let message = refused(world.try_sink(config).await.err());
    for part in
        ["Contract__c", "`Missing__c`", "Lead.Company", "`Unique` is not ticked", "Setup → Object Manager"]
    {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[tokio::test]
async fn an_upsert_without_external_id_is_refused() {
    let world = World::start().await;
    for (operation, allowed) in [
        (Operation::Sync, false),
        (Operation::Upsert, false),
        (Operation::Update, true),
        (Operation::Delete, true),
    ] {
        let mut config = config(operation, Duration::from_mins(1));
        config.objects[0].external_id = None;
        assert_eq!(world.try_sink(config).await.is_ok(), allowed, "{operation:?}");
    }
}

#[tokio::test]
async fn an_external_id_that_is_too_short_is_refused() {
    let short = "objects:\n  Account:\n    - { name: OrgA_Id__c, type: string, label: Org A Id, length: 15, flags: [create, update, nillable, external_id, unique] }\n";
    let world = World::of(simulator::Org::builder().objects(short)).await;
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    config.objects.retain(|object| object.name == "Account");
    let message = refused(world.try_sink(config).await.err());
    assert!(message.contains("no text of 18 characters"), "{message}");
}

#[tokio::test]
async fn an_org_that_does_not_answer_is_tried_again() {
    let world = World::start().await;
    world.sandbox.faults().take_down();
    let config = config(Operation::Sync, Duration::from_mins(1));
    assert!(matches!(world.try_sink(config).await.err(), Some(TaskError::Restart(_))));
}
