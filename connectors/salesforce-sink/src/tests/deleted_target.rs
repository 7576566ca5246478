//! Changes of records that somebody deleted in org B.

use std::time::Duration;

use orgstream_api::{Outcome, Skip};
use orgstream_salesforce::SalesforceId;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};

use super::change::{Change, id};
use super::inserts::without_external_ids;
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::{Operation, SinkConfig};
use crate::deleted_target::DeletedTarget;

const RETRY: Duration = Duration::from_mins(1);

/// Longer than the recycle bin keeps a record.
const PAST_THE_BIN: Duration = Duration::from_hours(24 * 16);

async fn sink(world: &World, on_deleted_target: DeletedTarget) -> Runtime {
    let config = config(Operation::Sync, RETRY);
    world.try_sink(SinkConfig { on_deleted_target, ..config }).await.unwrap()
}

/// An account that was written and that somebody deleted in org B.
async fn deleted(on_deleted_target: DeletedTarget) -> (World, Runtime, SalesforceId) {
    let world = World::start().await;
    let mut runtime = sink(&world, on_deleted_target).await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    let target = target(runtime.last());
    world.delete(target).await;
    (world, runtime, target)
}

fn target(outcome: &Outcome) -> SalesforceId {
    let Outcome::Delivered(delivered) = outcome else { panic!("{outcome:?}") };
    delivered.target.as_ref().unwrap().parse().unwrap()
}

fn again() -> Change {
    Change::updated("Account", 1).text("Name", "again")
}

#[tokio::test]
async fn by_default_it_is_fetched_back_and_past_the_bin_made_anew_and_both_are_counted() {
    let (world, mut runtime, first) = deleted(DeletedTarget::default()).await;
    runtime.submit(again());
    runtime.settle().await;
    assert_eq!(target(runtime.last()), first);
    assert_eq!((runtime.counts().brought_back, runtime.counts().recreated), (1, 0));
    world.delete(first).await;
    world.sandbox.advance(PAST_THE_BIN);
    runtime.submit(again());
    runtime.settle().await;
    assert_ne!(target(runtime.last()), first);
    assert_eq!((runtime.counts().brought_back, runtime.counts().recreated), (1, 1));
    assert_eq!(world.row("Account", &id("Account", 1)).unwrap()["Name"], "again");
}

#[tokio::test]
async fn where_it_is_to_be_made_anew_it_stays_in_the_bin_and_its_link_leads_to_the_new_one() {
    let (world, mut runtime, first) = deleted(DeletedTarget::Recreate).await;
    // A child that pointed at it comes before it: the parent is not fetched back for it.
    runtime.submit(again());
    runtime.settle().await;
    let second = target(runtime.last());
    assert_ne!(second, first);
    runtime.submit(Change::created("Contact", 1).text("AccountId", &id("Account", 1)));
    runtime.settle().await;
    assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], second.as_str());
    assert_eq!((runtime.counts().brought_back, runtime.counts().recreated), (0, 1));
}

#[tokio::test]
async fn without_an_external_id_it_is_made_anew_as_well() {
    let world = World::start().await;
    let config = without_external_ids(Operation::ByEventType);
    let config = SinkConfig { on_deleted_target: DeletedTarget::Recreate, ..config };
    let mut runtime = world.try_sink(config).await.unwrap();
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    let first = target(runtime.last());
    world.delete(first).await;
    runtime.submit(Change::created("Account", 1).text("Name", "again"));
    runtime.settle().await;
    assert_ne!(target(runtime.last()), first);
    assert_eq!(world.rows("Account")[0]["Name"], "again");
    // An update makes nothing.
    world.delete(target(runtime.last())).await;
    runtime.submit(again());
    runtime.settle().await;
    assert_eq!(runtime.rejections()[0].code, "ENTITY_IS_DELETED");
    assert_eq!(world.sandbox.count("Account"), 0);
}

#[tokio::test]
async fn a_change_of_it_is_rejected_or_skipped_where_that_is_wanted_also_past_the_bin() {
    for policy in [DeletedTarget::Reject, DeletedTarget::Skip] {
        let (world, mut runtime, first) = deleted(policy).await;
        for time in [Duration::ZERO, PAST_THE_BIN] {
            world.sandbox.advance(time);
            runtime.submit(again());
            runtime.settle().await;
            match runtime.last() {
                Outcome::Rejected(rejection) if policy == DeletedTarget::Reject => {
                    assert_eq!(rejection.code, "TARGET_DELETED");
                    assert!(rejection.message.contains(first.as_str()), "{rejection}");
                }
                Outcome::Skipped(Skip::TargetDeleted) if policy == DeletedTarget::Skip => {}
                other => panic!("{policy:?}: {other:?}"),
            }
        }
        assert_eq!(world.sandbox.count("Account"), 0);
        // A deletion of it is done, and its own org's word that it is back counts.
        runtime.submit(Change::deleted("Account", 1));
        runtime.submit(Change::undeleted("Account", 1));
        runtime.settle().await;
        assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (3, 1));
    }
}

#[tokio::test]
async fn a_bad_reference_is_not_taken_for_a_deleted_record() {
    for policy in [DeletedTarget::Reject, DeletedTarget::Skip, DeletedTarget::Recreate] {
        let world = World::start().await;
        let mut runtime = sink(&world, policy).await;
        runtime.submit(Change::created("Account", 1));
        runtime.settle().await;
        let code = "INVALID_CROSS_REFERENCE_KEY".to_owned();
        let refused = Effect::RecordError { code, message: "invalid cross reference id".to_owned() };
        world.sandbox.faults().add(Fault::new(CallKind::Write, refused).containing("again").times(1));
        runtime.submit(again());
        runtime.settle().await;
        let row = world.row("Account", &id("Account", 1)).unwrap();
        assert_eq!((row["Name"].as_str(), runtime.delivered_count()), (Some("again"), 2), "{policy:?}");
        assert_eq!(world.sandbox.count("Account"), 1);
    }
}

#[tokio::test]
async fn nothing_that_points_at_it_brings_it_back_where_that_is_not_wanted() {
    let (world, mut runtime, _) = deleted(DeletedTarget::Skip).await;
    runtime.submit(Change::created("Contact", 1).text("AccountId", &id("Account", 1)));
    runtime.settle().await;
    assert_eq!(runtime.rejections()[0].code, "ENTITY_IS_DELETED");
    assert_eq!((world.sandbox.count("Account"), runtime.counts().brought_back), (0, 0));
}
