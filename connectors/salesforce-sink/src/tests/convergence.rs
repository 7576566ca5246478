//! Whatever changes in org A, whatever goes wrong on the way, and whichever way it is written: org B ends as org A.
//!
//! `PROPTEST_CASES` asks for more histories.

#![expect(clippy::option_option, reason = "a field is not written, or cleared, or has a value")]

use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;

use crate::config::Algorithm;

mod replica;
mod source;
mod trouble;

use replica::{Replica, Way};
use source::{RECORDS, Source};
use trouble::{Trouble, trouble};

/// Histories that run side by side in one case: they wait more than they work.
const TOGETHER: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    /// The record is written with these fields: made, changed or brought back, as it is.
    Write { record: usize, fields: Vec<Option<Option<u8>>>, pointing: Vec<Option<Option<usize>>> },
    /// The record is deleted, or its deletion is told again.
    Delete { record: usize },
    /// The sink has so many milliseconds.
    Work(u64),
    /// Something goes wrong from now on.
    Fault(Trouble),
    /// The partitions go and come back; so many settled records of each come again.
    Rebalance(usize),
    /// The process ends, some answers with it, and another one begins.
    Crash(usize),
}

/// Steps, each as often as the others of its kind.
fn step(way: Way) -> impl Strategy<Value = Step> {
    let record = || 0..RECORDS.len();
    let fields = prop::collection::vec(prop::option::of(prop::option::of(0..4_u8)), 3);
    let pointing = prop::collection::vec(prop::option::of(prop::option::weighted(0.7, record())), 2);
    prop_oneof![
        8 => (record(), fields, pointing)
            .prop_map(|(record, fields, pointing)| Step::Write { record, fields, pointing }),
        3 => record().prop_map(|record| Step::Delete { record }),
        3 => (10..400_u64).prop_map(Step::Work),
        2 => trouble(way).prop_map(Step::Fault),
        1 => (0..4_usize).prop_map(Step::Rebalance),
        1 => (0..4_usize).prop_map(Step::Crash),
    ]
}

fn histories(way: Way) -> impl Strategy<Value = Vec<Vec<Step>>> {
    prop::collection::vec(prop::collection::vec(step(way), 5..30), 1..=TOGETHER)
}

/// One history in a world of its own.
async fn converges(way: Way, algorithm: Algorithm, steps: Vec<Step>) {
    let mut source = Source::new();
    let mut replica = Replica::start(way, algorithm).await;
    for record in (0..RECORDS.len()).filter(|record| RECORDS[*record].1) {
        replica.tell(&source.write(record, &[Some(Some(0)); 3], &[None; 2]));
    }
    replica.runtime.settle().await;
    assert!(way.was_gone(&replica.world), "{way:?}");
    for step in steps {
        match step {
            Step::Write { record, fields, pointing } => {
                replica.tell(&source.write(record, &fields, &pointing));
            }
            Step::Delete { record } => {
                source.delete(record).iter().for_each(|told| replica.tell(told));
            }
            Step::Work(ms) => replica.work(Duration::from_millis(ms)).await,
            Step::Fault(trouble) => {
                replica.world.sandbox.faults().add(trouble.fault());
            }
            Step::Rebalance(again) => replica.rebalance(again).await,
            Step::Crash(again) => replica = replica.crash(again).await,
        }
    }
    replica.runtime.settle().await;
    replica.assert_equal(&source);
}

/// Runs histories, a few of them at a time.
fn all_converge(way: Way, algorithm: Algorithm) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2);
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(histories in histories(way))| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(join_all(histories.into_iter().map(|steps| converges(way, algorithm, steps))));
    });
}

#[test]
fn org_b_ends_as_org_a_by_single_calls() {
    all_converge(Way::Single, Algorithm::Ordered);
}

#[test]
fn org_b_ends_as_org_a_by_collections() {
    all_converge(Way::Collections, Algorithm::Ordered);
}

#[test]
fn org_b_ends_as_org_a_by_composite_calls() {
    all_converge(Way::Composite, Algorithm::Ordered);
}

#[test]
fn org_b_ends_as_org_a_by_bulk_jobs() {
    all_converge(Way::Bulk, Algorithm::Ordered);
}

#[test]
fn org_b_ends_as_org_a_by_merged_single_calls() {
    all_converge(Way::Single, Algorithm::Merged);
}

#[test]
fn org_b_ends_as_org_a_by_merged_collections() {
    all_converge(Way::Collections, Algorithm::Merged);
}

#[test]
fn org_b_ends_as_org_a_by_merged_composite_calls() {
    all_converge(Way::Composite, Algorithm::Merged);
}

#[test]
fn org_b_ends_as_org_a_by_merged_bulk_jobs() {
    all_converge(Way::Bulk, Algorithm::Merged);
}
