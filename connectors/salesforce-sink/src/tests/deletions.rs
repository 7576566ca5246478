//! The order of deletions among the records of several topics.

use std::time::Duration;

use orgstream_api::{Sink as _, TopicPartition};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value as Json, json};

use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::World;

/// An account with two contacts, of which the second reports to the first.
async fn family() -> (World, Runtime) {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    for change in [
        Change::created("Account", 1),
        Change::created("Contact", 1).text("AccountId", &id("Account", 1)),
        Change::created("Contact", 2).text("ReportsToId", &id("Contact", 1)),
    ] {
        runtime.submit(change);
        runtime.settle().await;
    }
    (world, runtime)
}

/// Waits until a record is in retry.
async fn retried(runtime: &mut Runtime) {
    while runtime.counts().retries == 0 {
        let settled = tokio::time::timeout(Duration::from_millis(20), runtime.sink.settled()).await;
        if let Ok(answers) = settled {
            runtime.answer(answers.unwrap()).await;
        }
    }
}

fn refusal(code: &str, containing: &str) -> Fault {
    let effect = Effect::RecordError { code: code.to_owned(), message: String::new() };
    Fault::new(CallKind::Write, effect).containing(containing)
}

#[tokio::test]
async fn a_parent_is_deleted_after_the_changes_that_lay_in_other_topics_when_its_deletion_came() {
    let (world, mut runtime) = family().await;
    let before = world.row("Contact", &id("Contact", 1)).unwrap();
    runtime.is_behind = true;
    runtime.submit(Change::deleted("Account", 1));
    runtime.submit(Change::created("Lead", 1));
    runtime.step().await;
    assert_eq!(world.sandbox.count("Lead"), 1, "others do not wait");
    assert_eq!(world.sandbox.count("Account"), 1);
    assert_eq!(runtime.sink.held().into_values().sum::<usize>(), 1);

    runtime.submit(Change::updated("Contact", 1).null("AccountId"));
    runtime.is_behind = false;
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 0);
    let after = world.row("Contact", &id("Contact", 1)).unwrap();
    assert_eq!((&after["Id"], &after["AccountId"]), (&before["Id"], &Json::Null));
    // A record that went to the bin and came back has another stamp of deletion, and its referrers were emptied.
    assert_eq!(world.row("Contact", &id("Contact", 2)).unwrap()["ReportsToId"], before["Id"]);
}

#[tokio::test]
async fn a_child_is_deleted_before_its_parent_so_that_it_does_not_come_back_with_it() {
    let (world, mut runtime) = family().await;
    runtime.is_behind = true;
    runtime.submit(Change::deleted("Account", 1));
    runtime.submit(Change::deleted("Contact", 1));
    runtime.submit(Change::undeleted("Account", 1));
    runtime.submit(Change::created("Lead", 1));
    runtime.step().await;
    runtime.is_behind = false;
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 1);
    assert_eq!(world.row("Contact", &id("Contact", 1)), None);
}

#[tokio::test]
async fn a_child_in_retry_does_not_keep_its_parent_from_being_deleted() {
    let (world, mut runtime) = family().await;
    let fault = world.sandbox.faults().add(refusal("UNABLE_TO_LOCK_ROW", "stubborn"));
    runtime.submit(Change::updated("Contact", 2).text("LastName", "stubborn"));
    runtime.submit(Change::deleted("Contact", 1));
    runtime.step().await;
    assert_eq!(world.row("Contact", &id("Contact", 1)), None);
    world.sandbox.faults().remove(fault);
    runtime.settle().await;
    assert_eq!(world.row("Contact", &id("Contact", 2)).unwrap()["LastName"], json!("stubborn"));
}

#[tokio::test]
async fn a_record_that_others_still_point_at_is_deleted_in_the_end_and_what_follows_it_is_read_meanwhile() {
    let (world, mut runtime) = family().await;
    let account = world.row("Account", &id("Account", 1)).unwrap()["Id"].as_str().unwrap().to_owned();
    // Once more than a refusal that may be a race is tried again.
    world.sandbox.faults().add(refusal("DELETE_FAILED", &account).times(4));
    runtime.submit(Change::deleted("Account", 1));
    retried(&mut runtime).await;
    assert!(runtime.sink.paused().is_empty());
    runtime.submit(Change::created("Account", 2));
    runtime.settle().await;
    assert!(runtime.rejections().is_empty());
    assert_eq!(runtime.counts().retries, 4);
    assert_eq!(world.row("Account", &id("Account", 1)), None);
}

#[tokio::test]
async fn a_deletion_that_org_b_refuses_is_left_out_when_the_record_comes_back_behind_it() {
    let (world, mut runtime) = family().await;
    let before = world.row("Account", &id("Account", 1)).unwrap();
    let account = before["Id"].as_str().unwrap();
    world.sandbox.faults().add(refusal("DELETE_FAILED", account).times(2));
    runtime.submit(Change::deleted("Account", 1));
    retried(&mut runtime).await;
    runtime.submit(Change::undeleted("Account", 1));
    runtime.settle().await;
    assert!(runtime.rejections().is_empty());
    assert_eq!(runtime.counts().retries, 1, "the second refusal ends it");
    assert_eq!(runtime.counts().skipped["comes_back"], 1);
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], before["Id"]);
}

#[tokio::test]
async fn a_record_that_goes_to_the_bin_after_a_refusal_comes_back_and_is_not_made_twice() {
    let (world, mut runtime) = family().await;
    let before = world.row("Contact", &id("Contact", 1)).unwrap();
    world.sandbox.faults().add(refusal("INVALID_CROSS_REFERENCE_KEY", "again").times(1));
    runtime.submit(Change::updated("Contact", 1).text("LastName", "again"));
    retried(&mut runtime).await;
    world.delete(before["Id"].as_str().unwrap().parse().unwrap()).await;
    runtime.settle().await;
    let after = world.row("Contact", &id("Contact", 1)).unwrap();
    assert_eq!((&after["Id"], &after["LastName"]), (&before["Id"], &json!("again")));
    assert_eq!(world.row("Contact", &id("Contact", 2)).unwrap()["ReportsToId"], before["Id"]);
}

#[tokio::test]
async fn a_child_that_is_deleted_after_its_parent_came_back_stays_deleted_though_both_are_read_the_other_way_round()
 {
    let (world, mut runtime) = family().await;
    runtime.submit(Change::deleted("Account", 1).stamped("2026-01-01T11:00:00.000Z"));
    runtime.settle().await;
    // Org A brought the account back, and deleted the contact that had come with it.
    runtime.submit(Change::deleted("Contact", 1).stamped("2026-01-01T11:00:20.000Z"));
    runtime.settle().await;
    runtime.submit(Change::undeleted("Account", 1).stamped("2026-01-01T11:00:10.000Z"));
    runtime.settle().await;
    for _ in 0..200 {
        if world.row("Contact", &id("Contact", 1)).is_none() {
            break;
        }
        tokio::time::timeout(Duration::from_millis(50), runtime.sink.settled()).await.ok();
    }
    assert_eq!(world.row("Contact", &id("Contact", 1)), None);
    assert_eq!(world.sandbox.count("Account"), 1);
}

#[tokio::test]
async fn a_child_that_went_with_its_parent_comes_back_under_its_id_whatever_its_next_change_is() {
    for change in [Change::updated("Contact", 1), Change::created("Contact", 1)] {
        let (world, mut runtime) = family().await;
        let before = world.row("Contact", &id("Contact", 1)).unwrap();
        runtime.submit(Change::deleted("Account", 1));
        runtime.settle().await;
        runtime.submit(Change::deleted("Contact", 1));
        runtime.settle().await;
        // It came back with its account, which is yet to be read.
        runtime.submit(change.text("LastName", "back"));
        runtime.settle().await;
        let after = world.row("Contact", &id("Contact", 1)).unwrap();
        assert_eq!((&after["Id"], &after["LastName"]), (&before["Id"], &json!("back")));
        assert_eq!(world.row("Contact", &id("Contact", 2)).unwrap()["ReportsToId"], before["Id"]);
    }
}

#[tokio::test]
async fn deletions_that_fill_the_sink_are_written_though_they_have_not_seen_the_end() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.is_behind = true;
    for number in 0..4_100 {
        runtime.submit(Change::deleted("Account", number));
    }
    // Without them the sink would have no room for what they wait for.
    while runtime.outcomes.len() < 100 {
        runtime.step().await;
    }
    runtime.is_behind = false;
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 4_100);
}

#[tokio::test]
async fn whatever_lies_behind_a_held_deletion_counts_as_held() {
    let (_world, mut runtime) = family().await;
    runtime.is_behind = true;
    runtime.submit(Change::deleted("Account", 1));
    runtime.submit(Change::updated("Account", 1).event(Some("merged")));
    runtime.submit(Change::created("Lead", 1));
    runtime.step().await;
    assert_eq!(runtime.sink.held().into_values().sum::<usize>(), 2);
    runtime.is_behind = false;
    runtime.settle().await;
}

#[tokio::test]
async fn a_value_that_a_held_deletion_will_free_is_waited_for() {
    let (world, mut runtime) = family().await;
    runtime.is_behind = true;
    runtime.submit(Change::deleted("Account", 1));
    // Once more than a refusal that may be a race is tried again.
    world.sandbox.faults().add(refusal("DUPLICATE_VALUE", "heir").times(4));
    runtime.submit(Change::created("Account", 2).text("Name", "heir"));
    while world.sandbox.count("Account") < 2 {
        runtime.step().await;
    }
    runtime.is_behind = false;
    runtime.settle().await;
    assert!(runtime.rejections().is_empty());
    assert_eq!(world.row("Account", &id("Account", 2)).unwrap()["Name"], "heir");
}

#[tokio::test]
async fn who_moves_to_a_parent_that_is_late_survives_the_deletion_of_the_old_one() {
    let (world, mut runtime) = family().await;
    let before = world.row("Contact", &id("Contact", 1)).unwrap();
    runtime.submit(Change::updated("Contact", 1).text("AccountId", &id("Account", 2)));
    runtime.settle().await;
    runtime.submit(Change::deleted("Account", 1));
    runtime.settle().await;
    runtime.submit(Change::created("Account", 2));
    runtime.settle().await;
    let after = world.row("Contact", &id("Contact", 1)).unwrap();
    let heir = world.row("Account", &id("Account", 2)).unwrap();
    assert_eq!((&after["Id"], &after["AccountId"]), (&before["Id"], &heir["Id"]));
    assert_eq!(runtime.owed.len(), 0);
}

#[tokio::test]
async fn who_points_at_a_record_waits_for_it_to_be_fetched_back_through_passing_trouble() {
    let (world, mut runtime) = family().await;
    let boss = world.row("Contact", &id("Contact", 1)).unwrap()["Id"].as_str().unwrap().to_owned();
    world.delete(boss.parse().unwrap()).await;
    let effect = Effect::RecordError { code: "UNABLE_TO_LOCK_ROW".to_owned(), message: String::new() };
    // For longer than a refusal that may be a race is tried again.
    world.sandbox.faults().add(Fault::new(CallKind::Soap, effect).containing(&boss).times(5));
    runtime.submit(Change::updated("Contact", 2).text("ReportsToId", &id("Contact", 1)));
    runtime.settle().await;
    assert!(runtime.rejections().is_empty(), "{:?}", runtime.rejections());
    assert_eq!(world.row("Contact", &id("Contact", 2)).unwrap()["ReportsToId"], json!(boss));
}

#[tokio::test]
async fn who_points_at_a_record_that_is_being_deleted_is_not_refused_before_that_is_over() {
    let (world, mut runtime) = family().await;
    world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::Delay { ms: 2_000 }).times(1));
    runtime.submit(Change::deleted("Account", 1));
    let call = tokio::time::timeout(Duration::from_millis(200), runtime.sink.settled()).await;
    assert!(call.is_err(), "it is in its call");
    // Once more than a refusal that may be a race is tried again; while the deletion is at work it does not count.
    world.sandbox.faults().add(refusal("ENTITY_IS_DELETED", "late").times(4));
    runtime
        .submit(Change::updated("Contact", 2).text("LastName", "late").text("AccountId", &id("Account", 1)));
    runtime.settle().await;
    assert!(runtime.rejections().is_empty(), "{:?}", runtime.rejections());
    let row = world.row("Contact", &id("Contact", 2)).unwrap();
    assert_eq!((&row["LastName"], &row["AccountId"]), (&json!("late"), &Json::Null));
}

#[tokio::test]
async fn a_child_that_came_back_by_mistake_is_deleted_again_whatever_becomes_of_others_in_the_call() {
    for lost in [0, 1] {
        let world = World::start().await;
        let mut runtime = world.sync().await;
        for partition in [0, 1] {
            let number = u32::try_from(partition).unwrap();
            let contact = Change::created("Contact", number).text("AccountId", &id("Account", number));
            for change in [
                Change::created("Account", number),
                contact,
                Change::deleted("Account", number).stamped("2026-01-01T11:00:00.000Z"),
                Change::deleted("Contact", number).stamped("2026-01-01T11:00:20.000Z"),
            ] {
                runtime.submit_to(change, partition);
                runtime.settle().await;
            }
        }
        world.sandbox.faults().add(Fault::new(CallKind::Soap, Effect::Delay { ms: 500 }).times(1));
        for (number, partition) in [(0, 0), (1, 1)] {
            let back = Change::undeleted("Account", number).stamped("2026-01-01T11:00:10.000Z");
            runtime.submit_to(back, partition);
        }
        assert!(tokio::time::timeout(Duration::from_millis(200), runtime.sink.settled()).await.is_err());
        runtime.sink.revoke(&[TopicPartition { topic: "a.Account".into(), partition: lost }]);
        let kept = id("Contact", u32::from(lost == 0));
        // It comes back with its account.
        let is_over = || world.sandbox.count("Account") == 2 && world.row("Contact", &kept).is_none();
        for _ in 0..200 {
            if is_over() {
                break;
            }
            drop(tokio::time::timeout(Duration::from_millis(50), runtime.sink.settled()).await);
        }
        assert!(is_over(), "{kept}");
        runtime.forget();
    }
}
