//! Changes of records that somebody deleted in org B.

use std::time::Duration;

use orgstream_api::{IdLink, IdMap, InputOffset, LinkState, Outcome, Skip, TopicPartition};
use orgstream_salesforce::SalesforceId;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;

use super::change::{Change, ORG_A, id, owed_account};
use super::inserts::without_external_ids;
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::{Algorithm, Operation, SinkConfig};
use crate::deleted_target::DeletedTarget;

const RETRY: Duration = Duration::from_mins(1);

/// Longer than the recycle bin keeps a record.
const PAST_THE_BIN: Duration = Duration::from_hours(24 * 16);

async fn sink(world: &World, on_deleted_target: DeletedTarget) -> Runtime {
    sink_by(world, on_deleted_target, Algorithm::Ordered).await
}

async fn sink_by(world: &World, on_deleted_target: DeletedTarget, algorithm: Algorithm) -> Runtime {
    let config = config(Operation::Sync, RETRY);
    world.try_sink(SinkConfig { algorithm, on_deleted_target, ..config }).await.unwrap()
}

/// An account that was written and that somebody deleted in org B.
async fn deleted(on_deleted_target: DeletedTarget) -> (World, Runtime, SalesforceId) {
    deleted_by(on_deleted_target, Algorithm::Ordered).await
}

async fn deleted_by(
    on_deleted_target: DeletedTarget,
    algorithm: Algorithm,
) -> (World, Runtime, SalesforceId) {
    let world = World::start().await;
    let mut runtime = sink_by(&world, on_deleted_target, algorithm).await;
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
    let policies = [DeletedTarget::Reject, DeletedTarget::Skip];
    let algorithms = [Algorithm::Ordered, Algorithm::Merged];
    for (policy, algorithm) in policies.into_iter().flat_map(|policy| algorithms.map(|by| (policy, by))) {
        let (world, mut runtime, first) = deleted_by(policy, algorithm).await;
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
        assert!(
            matches!(runtime.last(), Outcome::Delivered(_)),
            "{policy:?} {algorithm:?}: {:?}",
            runtime.last()
        );
        assert_eq!(world.sandbox.count("Account"), 1);
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

/// An account and a contact that were written, of which somebody deleted the account in org B.
async fn orphaned(policy: DeletedTarget) -> (World, Runtime) {
    let (world, mut runtime, account) = deleted(policy).await;
    runtime.submit(Change::created("Contact", 1));
    runtime.settle().await;
    assert!(world.row("Account", &id("Account", 1)).is_none(), "{account} is in the bin");
    (world, runtime)
}

const OTHERS: [DeletedTarget; 3] = [DeletedTarget::Recreate, DeletedTarget::Reject, DeletedTarget::Skip];

#[tokio::test]
async fn a_change_of_a_record_that_lives_is_refused_for_its_deleted_parent_and_not_passed_over() {
    for policy in OTHERS {
        let (world, mut runtime) = orphaned(policy).await;
        let child = Change::updated("Contact", 1).text("Title", "late");
        runtime.submit(child.text("AccountId", &id("Account", 1)));
        runtime.settle().await;
        let Outcome::Rejected(rejection) = runtime.last() else { panic!("{policy:?}: {:?}", runtime.last()) };
        assert_eq!(rejection.code, "ENTITY_IS_DELETED");
        // The next one, without the bad reference, is written to the same record.
        runtime.submit(Change::updated("Contact", 1).text("Title", "on time"));
        runtime.settle().await;
        assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["Title"], "on time");
        assert_eq!((world.sandbox.count("Contact"), world.sandbox.count("Account")), (1, 0));
    }
}

#[tokio::test]
async fn an_owed_reference_to_a_deleted_parent_is_refused_and_not_ended() {
    for policy in OTHERS {
        let (world, mut runtime) = orphaned(policy).await;
        runtime.submit_owed(owed_account());
        runtime.settle().await;
        let (_, Outcome::Rejected(rejection)) = &runtime.payments[0] else {
            panic!("{policy:?}: {:?}", runtime.payments)
        };
        assert_eq!((rejection.code.as_str(), world.sandbox.count("Account")), ("ENTITY_IS_DELETED", 0));
    }
}

#[tokio::test]
async fn an_owed_reference_brings_its_parent_and_its_record_back() {
    let (world, mut runtime) = orphaned(DeletedTarget::Undelete).await;
    let contact = world.row("Contact", &id("Contact", 1)).unwrap()["Id"].as_str().unwrap().parse().unwrap();
    for is_gone in [false, true] {
        if is_gone {
            world.delete(contact).await;
            world
                .delete(
                    world.row("Account", &id("Account", 1)).unwrap()["Id"].as_str().unwrap().parse().unwrap(),
                )
                .await;
        }
        runtime.submit_owed(owed_account());
        runtime.settle().await;
        let (_, outcome) = runtime.payments.last().unwrap();
        assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
        let account = world.row("Account", &id("Account", 1)).unwrap();
        assert_eq!(world.row("Contact", &id("Contact", 1)).unwrap()["AccountId"], account["Id"]);
    }
    assert_eq!(runtime.counts().brought_back, 3);
}

#[tokio::test]
async fn a_record_that_org_b_knows_by_its_link_only_is_not_made_twice_for_its_deleted_parent() {
    let (world, mut runtime, _) = deleted(DeletedTarget::default()).await;
    let own = world.create("Contact", json!({"LastName": "theirs"})).await;
    let partition = TopicPartition { topic: "a.Contact".into(), partition: 7 };
    let link = IdLink {
        source_org: ORG_A.into(),
        object: "Contact".into(),
        source_id: id("Contact", 1),
        target_org: world.org.id().to_string(),
        target_id: Some(own.to_string()),
        state: LinkState::Live,
        last: InputOffset { partition, offset: 0 },
        stamp: None,
    };
    world.ids.bind(vec![link]).await.unwrap();
    runtime
        .submit(Change::updated("Contact", 1).text("LastName", "mine").text("AccountId", &id("Account", 1)));
    runtime.settle().await;
    assert_eq!(target(runtime.last()), own);
    assert_eq!((world.sandbox.count("Contact"), world.sandbox.count("Account")), (1, 1));
}
