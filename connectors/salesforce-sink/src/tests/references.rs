//! References: mapped, owed, paid, left out.

use std::time::Duration;

use orgstream_api::{LinkState, Outcome, Owed, Sink, Skip, Value};
use orgstream_salesforce_simulator as simulator;
use serde_json::json;
use tokio::time::timeout;

use super::change::{Change, id, owed_account};
use super::world::{EXTERNAL, World};
use crate::parking::Parking;

fn contact(number: u32, account: u32) -> Change {
    Change::created("Contact", number).text("AccountId", &id("Account", account))
}

#[tokio::test]
async fn a_child_points_at_org_bs_own_parent() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    runtime.submit(contact(1, 1));
    runtime.settle().await;
    let parent = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], parent["Id"]);
    assert!(runtime.payments.is_empty(), "the reference was there at once");
}

#[tokio::test]
async fn a_parent_that_is_written_but_not_bound_yet_counts() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    let unbound = runtime.sink.settled().await.unwrap();
    runtime.submit(contact(1, 1));
    let child = runtime.sink.settled().await.unwrap();
    runtime.answer(unbound).await;
    runtime.answer(child).await;
    assert_eq!(runtime.counts().owed, 0);
}

#[tokio::test]
async fn children_before_parents_are_written_and_owe_their_reference() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    for number in 0..300 {
        runtime.submit(contact(number, number % 7));
    }
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Contact"), 300);
    assert_eq!(runtime.owed.len(), 300);
    for number in 0..7 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.settle().await;
    assert!(runtime.owed.is_empty());
    assert_eq!(runtime.payments.len(), 300);
    for number in 0..300 {
        let parent = world.row("Account", &id("Account", number % 7)).unwrap();
        assert_eq!(world.row("Contact", &id("Contact", number)).unwrap()["AccountId"], parent["Id"]);
    }
}

#[tokio::test]
async fn circles_and_references_to_the_own_object_close() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    let contact = |number, boss| Change::created("Contact", number).text("ReportsToId", &id("Contact", boss));
    let account =
        |number, parent| Change::created("Account", number).text("ParentId", &id("Account", parent));
    for change in [contact(1, 2), contact(2, 3), contact(3, 4), account(1, 2), account(2, 3)] {
        runtime.submit(change);
    }
    runtime.submit(Change::created("Contact", 4));
    runtime.submit(Change::created("Account", 3));
    runtime.settle().await;
    assert!(runtime.owed.is_empty());
    let points = |object: &str, field: &str, from: u32, to: u32| {
        let target = world.row(object, &id(object, to)).unwrap();
        assert_eq!(world.row(object, &id(object, from)).unwrap()[field], target["Id"], "{object} {from}");
    };
    for number in 1..4 {
        points("Contact", "ReportsToId", number, number + 1);
    }
    for number in 1..3 {
        points("Account", "ParentId", number, number + 1);
    }
}

#[tokio::test]
async fn a_parent_without_link_is_found_in_org_b() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    let parent = world.create("Account", json!({"Name": "old", EXTERNAL: id("Account", 1)})).await;
    runtime.submit(contact(1, 1));
    runtime.settle().await;
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], parent.as_str());
    assert_eq!(runtime.counts().owed, 0);
}

#[tokio::test]
async fn a_reference_to_a_deleted_parent_is_empty_until_that_comes_back() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    let of = |account| Change::created("Contact", 1).text("AccountId", &id("Account", account));
    for change in [Change::created("Account", 1), Change::created("Account", 2), of(2)] {
        runtime.submit(change);
        runtime.settle().await;
    }
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    // It was moved, perhaps before the deletion and perhaps after the return that the parent's topic is still to tell.
    runtime.submit(of(1));
    runtime.settle().await;
    let account = || world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"].clone();
    assert_eq!((account(), runtime.owed.len()), (json!(null), 1));
    runtime.submit(Change::undeleted("Account", 1));
    runtime.settle().await;
    assert_eq!(account(), world.row("Account", &id("Account", 1)).unwrap()["Id"]);
    assert!(runtime.owed.is_empty());
}

#[tokio::test]
async fn a_reference_to_a_parent_that_cannot_come_back_is_left_out_and_not_owed() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::deleted("Account", 1).told(-LinkState::RESTORABLE_MS - 1));
    runtime.settle().await;
    runtime.submit(contact(1, 1));
    runtime.settle().await;
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], json!(null));
    assert!(runtime.owed.is_empty());
    assert_eq!(runtime.counts().left_out, 1);
}

#[tokio::test]
async fn a_child_that_arrives_before_its_parent_comes_goes_and_comes_back_points_at_it_in_the_end() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(contact(1, 1));
    runtime.settle().await;
    let owed = runtime.owed.values().next().unwrap().clone();
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    // It was submitted when the parent had come, and its turn comes when that is gone again.
    runtime.owed.insert((owed.id.clone(), owed.field.clone()), owed.clone());
    runtime.submit_owed(owed);
    runtime.settle().await;
    assert_eq!(runtime.payments.last().unwrap().1, Outcome::Skipped(Skip::StillOwed));
    runtime.submit(Change::undeleted("Account", 1));
    runtime.settle().await;
    let parent = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], parent["Id"]);
}

#[tokio::test]
async fn a_reference_out_of_the_pipeline_is_left_out_and_counted() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1).text("OwnerId", "0055g000004XyzEAAS"));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 1);
    assert_eq!(runtime.counts().left_out, 1);
}

#[tokio::test]
async fn a_cleared_or_replaced_reference_is_no_longer_owed() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(contact(1, 1));
    runtime.submit(contact(2, 1));
    runtime.settle().await;
    assert_eq!(runtime.owed.len(), 2);
    runtime.submit(Change::updated("Contact", 1).null("AccountId"));
    runtime.submit(Change::updated("Contact", 2).text("AccountId", &id("Account", 2)));
    runtime.settle().await;
    let owed: Vec<&str> = runtime.owed.values().map(|owed| owed.parent_id.as_str()).collect();
    assert_eq!(owed, [id("Account", 2)], "the newer value took its place");
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::created("Account", 2));
    runtime.settle().await;
    let parent = world.row("Account", &id("Account", 2)).unwrap();
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], json!(null));
    assert_eq!(world.row("Contact", &id("Contact", 2)).unwrap()["AccountId"], parent["Id"]);
}

#[tokio::test]
async fn a_deleted_record_owes_nothing() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(contact(1, 1));
    runtime.submit(Change::deleted("Contact", 1));
    runtime.settle().await;
    assert!(runtime.owed.is_empty());
}

#[tokio::test]
async fn an_older_debt_never_overwrites_a_newer_reference() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    for number in 1..3 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.submit(Change::created("Contact", 1));
    runtime.settle().await;
    // The debt of the first record arrives while a newer one is queued before it, or behind it.
    let debt = owed_account();
    let newer = Change::updated("Contact", 1).text("AccountId", &id("Account", 2));
    runtime.submit(newer.clone());
    runtime.submit_owed(debt.clone());
    runtime.settle().await;
    runtime.submit_owed(debt);
    runtime.submit(newer);
    runtime.settle().await;
    let parent = world.row("Account", &id("Account", 2)).unwrap();
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], parent["Id"]);
    for (_, outcome) in &runtime.payments {
        assert_eq!(*outcome, Outcome::Skipped(Skip::NoLongerOwed));
    }
}

#[tokio::test]
async fn a_debt_outlives_a_newer_reference_that_is_refused() {
    for is_queued in [true, false] {
        let world = World::start().await;
        let mut runtime = world.sync().await;
        runtime.submit(contact(1, 1));
        runtime.settle().await;
        let delay = simulator::Effect::Delay { ms: 500 };
        world.sandbox.faults().add(simulator::Fault::new(simulator::CallKind::Write, delay).times(1));
        let newer = || Change::updated("Contact", 1).text("AccountId", &id("Account", 2));
        if is_queued {
            // The refused one lies behind another one, and the debt comes to its lane meanwhile.
            runtime.submit(Change::updated("Contact", 1).text("Title", "in its call"));
        }
        runtime.submit(newer().text("LastName", &"x".repeat(300)));
        assert!(timeout(Duration::from_millis(200), runtime.sink.settled()).await.is_err());
        runtime.submit(Change::created("Account", 1));
        runtime.settle().await;
        assert_eq!(runtime.rejections()[0].code, "STRING_TOO_LONG");
        let parent = world.row("Account", &id("Account", 1)).unwrap();
        assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], parent["Id"]);
        assert!(runtime.owed.is_empty());
        assert!(matches!(runtime.payments[..], [(_, Outcome::Delivered(_))]), "{:?}", runtime.payments);
    }
}

#[tokio::test]
async fn debts_whose_parents_have_no_links_take_no_room_and_stay_owed() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    for number in 0..300 {
        runtime.submit(contact(number, 1));
    }
    runtime.settle().await;
    let free = runtime.sink.capacity();
    let debts: Vec<Owed> = runtime.owed.values().cloned().collect();
    for debt in debts {
        runtime.submit_owed(debt);
    }
    runtime.settle().await;
    assert_eq!(runtime.sink.capacity(), free);
    assert_eq!(runtime.payments.len(), 300);
    for (_, outcome) in runtime.payments.drain(..) {
        assert_eq!(outcome, Outcome::Skipped(Skip::StillOwed));
    }
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    assert!(runtime.owed.is_empty());
    let parent = world.row("Account", &id("Account", 1)).unwrap();
    assert!(world.rows("Contact").iter().all(|contact| contact["AccountId"] == parent["Id"]));
}

/// Fields of org B where a lead cannot be without an account.
const REQUIRED: &str = "
objects:
  Account:
    - &id { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }
  Contact: [*id]
  Lead:
    - *id
    - { name: Customer__c, type: reference, label: Customer, reference_to: [Account], relationship: Customer__r, flags: [create, update] }
";

#[tokio::test]
async fn a_record_waits_for_a_parent_that_it_cannot_be_without() {
    let world = World::of(simulator::Org::builder().objects(REQUIRED)).await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Lead", 1).text("Customer__c", &id("Account", 1)));
    runtime.step().await;
    assert!(matches!(runtime.last(), Outcome::Parked(_)), "{:?}", runtime.last());
    assert!(runtime.sink.paused().is_empty(), "its partition goes on");
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    let parent = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!(world.row("Lead", &id("Lead", 1)).unwrap()["Customer__c"], parent["Id"]);
}

#[tokio::test]
async fn a_required_parent_that_never_comes_is_a_rejection() {
    let world = World::of(simulator::Org::builder().objects(REQUIRED)).await;
    let mut runtime =
        world.parking(Parking { expire_after: Duration::from_secs(1), ..Parking::default() }).await;
    runtime.submit(Change::created("Lead", 1).text("Customer__c", &id("Account", 1)));
    runtime.settle().await;
    let rejection = runtime.rejections()[0];
    assert_eq!(rejection.code, "REQUIRED_PARENT_MISSING");
    assert!(rejection.message.contains("waited for 1 s"), "{rejection}");
    assert_eq!(world.sandbox.count("Lead"), 0);
}

#[tokio::test]
async fn a_required_parent_that_was_deleted_is_a_rejection_at_once() {
    let world = World::of(simulator::Org::builder().objects(REQUIRED)).await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::deleted("Account", 1).stamped("2026-01-01T10:00:01.000Z"));
    runtime.settle().await;
    runtime.submit(Change::created("Lead", 1).text("Customer__c", &id("Account", 1)));
    runtime.step().await;
    let rejection = runtime.rejections()[0];
    assert_eq!(rejection.code, "REQUIRED_PARENT_DELETED");
    assert!(rejection.message.contains(&id("Account", 1)), "{rejection}");
    assert_eq!(runtime.counts().retries, 0);
}

#[tokio::test]
async fn a_required_parent_that_came_back_since_is_waited_for() {
    let world = World::of(simulator::Org::builder().objects(REQUIRED)).await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    // The child's topic is read faster than the parent's.
    let later = "2026-01-01T10:00:05.000Z";
    let child = Change::created("Lead", 1).text("Customer__c", &id("Account", 1));
    runtime.submit(child.stamped(later));
    runtime.step().await;
    assert!(matches!(runtime.last(), Outcome::Parked(_)), "the parent will be back: {:?}", runtime.last());
    runtime.submit(Change::undeleted("Account", 1).stamped(later));
    runtime.settle().await;
    let parent = world.row("Account", &id("Account", 1)).unwrap();
    assert_eq!(world.row("Lead", &id("Lead", 1)).unwrap()["Customer__c"], parent["Id"]);
}

#[tokio::test]
async fn parents_are_caught_up_with_before_their_children() {
    let world = World::start().await;
    let runtime = world.sync().await;
    assert!(runtime.sink.rank("a.Account") < runtime.sink.rank("a.Contact"));
    assert_eq!(runtime.sink.rank("a.Lead"), 0);
    assert_eq!(runtime.sink.rank("unknown"), 0);
}

#[tokio::test]
async fn an_id_that_is_of_another_object_than_its_reference_is_left_out_and_not_owed() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Contact", 1).text("AccountId", &id("Lead", 7)));
    runtime.submit(Change::created("Contact", 2).text("AccountId", &id("Account", 7)));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 2, "{:?}", runtime.rejections());
    let owed: Vec<_> = runtime.owed.values().map(|owed| &owed.parent_id).collect();
    assert_eq!(owed, [&id("Account", 7)]);
    assert_eq!(runtime.counts().left_out, 1);
}

#[tokio::test]
async fn a_number_in_place_of_an_id_is_shown_as_the_record_has_it() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Contact", 1).value("AccountId", Value::Int64(5)).without_headers());
    runtime.settle().await;
    assert_eq!(runtime.rejections()[0].message, "5 is not a Salesforce id");
}
