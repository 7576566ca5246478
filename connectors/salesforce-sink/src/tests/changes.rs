//! `sync`: what an event does to org B.

use std::time::Duration;

use orgstream_api::{Delivered, Outcome, Skip, Value};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value as Json, json};

use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{EXTERNAL, World};

#[tokio::test]
async fn only_carried_fields_are_written_and_a_carried_null_clears() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(
        Change::created("Contact", 1)
            .text("FirstName", "Ada")
            .text("Title", "Countess")
            .value("Birthdate", Value::Date(-56_270))
            .value("HasOptedOutOfEmail", Value::Boolean(true)),
    );
    runtime.settle().await;
    runtime.submit(Change::updated("Contact", 1).text("FirstName", "Augusta").null("Title"));
    runtime.submit(Change::updated("Contact", 1).null("HasOptedOutOfEmail").null("LastName"));
    runtime.settle().await;
    let row = world.row("Contact", &id("Contact", 1)).unwrap();
    assert_eq!(row["FirstName"], "Augusta");
    assert_eq!(row["Title"], json!(null));
    assert_eq!(row["LastName"], "Contact 1", "org B allows no null here");
    assert_eq!(row["HasOptedOutOfEmail"], true, "a boolean has no null");
    assert_eq!(row["Birthdate"], "1815-12-10");
}

#[tokio::test]
async fn read_only_and_unknown_fields_are_left_out() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(
        Change::created("Account", 1)
            .text(EXTERNAL, "what org A keeps there")
            .text("NotInOrgB__c", "x")
            .value("CreatedDate", Value::Timestamp(0))
            .value("IsDeleted", Value::Boolean(true))
            .value("NumberOfEmployees", Value::Int32(12)),
    );
    runtime.settle().await;
    let row = world.row("Account", &id("Account", 1)).expect("the external id is the record's id");
    assert_eq!(row["NumberOfEmployees"], 12);
    assert_eq!(runtime.rejections(), Vec::<&orgstream_api::Rejection>::new());
}

#[tokio::test]
async fn nulls_of_other_producers_mean_nothing() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1).text("Industry", "Energy"));
    runtime.settle().await;
    let update = Change::updated("Account", 1).null("Industry").text("Name", "renamed");
    runtime.submit(update.without_headers());
    runtime.settle().await;
    let row = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!((row["Industry"].as_str(), row["Name"].as_str()), (Some("Energy"), Some("renamed")));
}

#[tokio::test]
async fn a_deleted_record_is_deleted_and_never_upserted() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    world.sandbox.reset_calls();
    runtime.submit(Change::deleted("Account", 1));
    runtime.submit(Change::deleted("Account", 2));
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 0);
    assert_eq!(runtime.delivered_count(), 3);
    let methods: Vec<String> = world.sandbox.writes().into_iter().map(|call| call.method).collect();
    assert_eq!(methods, ["DELETE"], "the second one is not there to be deleted");
}

#[tokio::test]
async fn a_record_without_link_is_found_by_its_external_id_to_be_deleted() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    world.create("Account", json!({"Name": "old", EXTERNAL: id("Account", 1)})).await;
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 0);
}

#[tokio::test]
async fn a_record_that_is_gone_already_is_deleted() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    let Outcome::Delivered(delivered) = runtime.last() else { panic!("{:?}", runtime.last()) };
    world.delete(delivered.target.as_ref().unwrap().parse().unwrap()).await;
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 2);
}

#[tokio::test]
async fn an_undeleted_record_comes_back_under_its_old_id() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    let before = world.row("Account", &id("Account", 1)).unwrap();
    runtime.submit(Change::deleted("Account", 1));
    runtime.submit(Change::undeleted("Account", 1).text("Name", "back"));
    runtime.settle().await;
    let after = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!(after["Id"], before["Id"]);
    assert_eq!(after["Name"], "back");
}

#[tokio::test]
async fn an_undeleted_record_that_org_b_does_not_have_is_written_anew() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::undeleted("Account", 1));
    runtime.submit(Change::deleted("Account", 2));
    runtime.submit(Change::undeleted("Account", 2));
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 2);
}

/// An account that somebody deleted in org B, and how it had come there.
async fn deleted_in_org_b() -> (World, Runtime, Delivered) {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    let Outcome::Delivered(first) = runtime.last().clone() else { panic!("{:?}", runtime.last()) };
    world.delete(first.target.as_ref().unwrap().parse().unwrap()).await;
    (world, runtime, first)
}

#[tokio::test]
async fn a_record_that_somebody_deleted_in_org_b_comes_back_under_its_id() {
    let (world, mut runtime, first) = deleted_in_org_b().await;
    runtime.submit(Change::updated("Account", 1).text("Name", "again"));
    runtime.settle().await;
    let Outcome::Delivered(second) = runtime.last() else { panic!() };
    assert_eq!((second.created, &second.target), (false, &first.target));
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "again");
}

#[tokio::test]
async fn a_parent_that_somebody_deleted_in_org_b_comes_back_when_a_child_points_at_it() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Contact", 1));
    runtime.submit(Change::created("Contact", 2));
    runtime.settle().await;
    let boss = world.row("Contact", &id("Contact", 1)).unwrap();
    world.delete(boss["Id"].as_str().unwrap().parse().unwrap()).await;
    // One that is new, and one that org B has.
    for change in [Change::created("Contact", 3), Change::updated("Contact", 2)] {
        runtime.submit(change.text("ReportsToId", &id("Contact", 1)));
    }
    runtime.settle().await;
    assert!(runtime.rejections().is_empty());
    for number in [2, 3] {
        assert_eq!(world.row("Contact", &id("Contact", number)).unwrap()["ReportsToId"], boss["Id"]);
    }
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["Id"], boss["Id"]);
}

#[tokio::test]
async fn passing_trouble_makes_no_second_record_of_one_in_the_bin() {
    let (world, mut runtime, first) = deleted_in_org_b().await;
    let locked = Effect::RecordError { code: "UNABLE_TO_LOCK_ROW".to_owned(), message: String::new() };
    world.sandbox.faults().add(Fault::new(CallKind::Write, locked).containing("again").times(1));
    runtime.submit(Change::updated("Account", 1).text("Name", "again"));
    runtime.settle().await;
    let Outcome::Delivered(second) = runtime.last() else { panic!("{:?}", runtime.last()) };
    assert_eq!((second.created, &second.target), (false, &first.target));
    assert_eq!(runtime.counts().retries, 1);
}

#[tokio::test]
async fn a_record_that_left_org_b_for_good_is_made_anew() {
    let (world, mut runtime, first) = deleted_in_org_b().await;
    world.sandbox.advance(Duration::from_hours(24 * 16));
    runtime.submit(Change::updated("Account", 1).text("Name", "again"));
    runtime.settle().await;
    let Outcome::Delivered(second) = runtime.last() else { panic!() };
    assert!(second.created);
    assert_ne!(first.target, second.target);
    runtime.submit(Change::updated("Account", 1).text("Name", "once more"));
    runtime.settle().await;
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "once more");
}

#[tokio::test]
async fn who_left_a_parent_before_its_deletion_stays_though_the_deletion_is_read_first() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    runtime.submit(Change::created("Contact", 1).text("AccountId", &id("Account", 1)));
    runtime.settle().await;
    runtime.submit(Change::created("Contact", 2).text("ReportsToId", &id("Contact", 1)));
    runtime.settle().await;
    let before = world.row("Contact", &id("Contact", 1)).unwrap();
    // Org A took the contact out of the account first. The objects' topics have no order among each other.
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    assert_eq!(world.row("Contact", &id("Contact", 1)), None, "org B's contact goes with its account");
    runtime.submit(Change::updated("Contact", 1).null("AccountId"));
    runtime.settle().await;
    let after = world.row("Contact", &id("Contact", 1)).unwrap();
    assert_eq!((&after["Id"], &after["AccountId"]), (&before["Id"], &Json::Null));
    assert_eq!(world.row("Contact", &id("Contact", 2)).unwrap()["ReportsToId"], before["Id"]);
    assert!(runtime.rejections().is_empty());
}

#[tokio::test]
async fn a_record_that_comes_again_is_skipped() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    world.sandbox.reset_calls();
    runtime.submit_again(Change::created("Account", 1), 0);
    runtime.settle().await;
    assert_eq!(*runtime.last(), Outcome::Skipped(Skip::Duplicate));
    assert!(world.sandbox.writes().is_empty());
}

#[tokio::test]
async fn an_older_state_from_another_partition_is_skipped_unless_it_is_an_undelete() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1).stamped("2026-01-01T10:00:05.900Z"));
    runtime.settle().await;
    let older = Change::updated("Account", 1).text("Name", "older").stamped("2026-01-01T10:00:04.999Z");
    runtime.submit_to(older.clone(), 1);
    runtime.settle().await;
    assert_eq!(*runtime.last(), Outcome::Skipped(Skip::Stale));
    runtime.submit_to(older.text("Name", "same second").stamped("2026-01-01T10:00:05.000Z"), 1);
    runtime.settle().await;
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "same second");
    let back = Change::undeleted("Account", 1).text("Name", "back").stamped("2026-01-01T09:00:00.000Z");
    runtime.submit_to(back, 2);
    runtime.settle().await;
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "back");
}

#[tokio::test]
async fn what_cannot_be_understood_is_rejected_with_its_reason() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    world.sandbox.reset_calls();
    for (change, code) in [
        (Change::updated("Account", 1).tombstone(), "TOMBSTONE"),
        (Change::updated("Account", 1).event(None), "MISSING_EVENT_TYPE"),
        (Change::updated("Account", 1).event(Some("merged")), "UNKNOWN_EVENT_TYPE"),
        (Change::updated("Account", 1).with_id("001"), "MALFORMED_ID"),
        (Change::updated("Account", 1).of_object("Opportunity"), "UNROUTABLE"),
        (Change::created("Account", 1).stamped("yesterday"), "MALFORMED_HEADER"),
        (
            Change::created("Account", 1).value("NumberOfEmployees", Value::Float64(f64::NAN)),
            "VALUE_NOT_WRITABLE",
        ),
    ] {
        runtime.submit(change);
        runtime.settle().await;
        match runtime.last() {
            Outcome::Rejected(rejection) => assert_eq!(rejection.code, code, "{rejection}"),
            other => panic!("{code}: {other:?}"),
        }
    }
    assert!(world.sandbox.writes().is_empty());
}

#[tokio::test]
async fn a_record_that_org_b_refuses_is_rejected_with_its_reason_and_the_others_are_delivered() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::created("Account", 2).text("Name", &"x".repeat(300)));
    runtime.submit(Change::created("Account", 3));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 2);
    let rejections = runtime.rejections();
    assert_eq!(rejections.len(), 1);
    assert_eq!(rejections[0].code, "STRING_TOO_LONG");
    assert_eq!(rejections[0].fields, ["Name"]);
    assert_eq!(runtime.counts().rejected["STRING_TOO_LONG"], 1);
}
