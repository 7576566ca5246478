//! What org B lacks is said before anything is written.

use std::time::Duration;

use orgstream_api::TaskError;
use orgstream_salesforce_simulator as simulator;

use super::world::{EXTERNAL, World, config};
use crate::config::Operation;
use crate::{Preparation, Prepared, prepare};

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

#[tokio::test]
async fn what_org_b_lacks_is_made_once_and_can_be_used_at_once() {
    let world = World::start().await;
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    config.objects[0].external_id = Some("From_A__c".to_owned());
    let prepared = |preparation| prepare(&config, &world.org, preparation);
    let looked = prepared(Preparation::Look).await.unwrap();
    assert_eq!(looked[0], ("Contact".to_owned(), Prepared::Missing("From_A__c".to_owned())));
    assert!(world.try_sink(config.clone()).await.is_err());
    let made = prepared(Preparation::Make).await.unwrap();
    assert_eq!(made[0].1, Prepared::Made("From_A__c".to_owned()));
    assert_eq!(made[1], ("Account".to_owned(), Prepared::Fits(EXTERNAL.to_owned())));
    assert_eq!(prepared(Preparation::Make).await.unwrap()[0].1, Prepared::Fits("From_A__c".to_owned()));
    world.try_sink(config.clone()).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_made_is_said_and_changes_nothing() {
    let world = World::start().await;
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    config.objects[0].name = "Contract__c".to_owned();
    config.objects[1].external_id = Some("Missing".to_owned());
    config.objects[2].external_id = Some("Company".to_owned());
    let prepared = prepare(&config, &world.org, Preparation::Make).await.unwrap();
    for ((_, prepared), part) in
        prepared.iter().zip(["Contract__c is not there", "ends in `__c`", "`Unique` is not ticked"])
    {
        assert!(matches!(prepared, Prepared::Fault(fault) if fault.contains(part)), "{part}: {prepared:?}");
    }
}

#[tokio::test]
async fn what_the_org_says_of_a_field_that_it_does_not_make_decides_the_advice() {
    let world = World::start().await;
    world.deny("Contact", EXTERNAL, &["read", "edit"]).await;
    let mut config = config(Operation::Sync, Duration::from_mins(1));
    config.objects[1].external_id = Some("X___c".to_owned());
    let prepared = prepare(&config, &world.org, Preparation::Make).await.unwrap();
    for ((_, prepared), part) in
        prepared.iter().zip(["Set Field-Level Security, erase it", "name another field"])
    {
        let Prepared::Fault(fault) = prepared else { panic!("{prepared:?}") };
        assert!(fault.contains(part) && !fault.contains("Customize Application"), "{fault}");
    }
}
