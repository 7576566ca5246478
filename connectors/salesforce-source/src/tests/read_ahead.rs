//! Reads that go on while Kafka commits.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use orgstream_api::{AtEnd, Source};
use orgstream_salesforce::SalesforceId;
use orgstream_salesforce_simulator::{self as simulator, CallKind, Effect, Fault};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::feed::Committed;
use super::world::World;
use crate::config::{SnapshotConfig, Start};

const QUIET: Duration = Duration::from_millis(300);

#[tokio::test]
async fn pages_are_read_while_a_batch_is_committed_but_only_so_many() {
    let world = World::start().await;
    world.create_accounts(9_000).await;
    let snapshot = SnapshotConfig { page: 500, ..SnapshotConfig::default() };
    let mut committed = Committed { snapshot, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_subscribed().await;
    let page = loop {
        let batch = feed.source.poll().await.unwrap();
        if batch.records.len() == 500 {
            break batch;
        }
        feed.committed.commit(batch);
    };
    // Nobody polls: the batch is being committed. One page is being sifted, one waits, and one waits for its place.
    let read = async {
        while world.sandbox.calls(CallKind::Query) < 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), read)
        .await
        .expect("the count and four pages are asked for");
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Of eighteen pages; looking for the PushTopic is a query too.
    let read = world.sandbox.calls(CallKind::Query);
    assert!(read < 10, "what is read ahead is bounded, but {read} queries were made");
    feed.committed.commit(page);
    feed.until_records(9_000).await;
    assert_eq!(feed.committed.names().len(), 9_000, "what was read ahead is not read again");
}

#[derive(Debug, Clone)]
enum Step {
    Create,
    /// Of the account of this number, modulo.
    Update(usize),
    Delete(usize),
    Undelete(usize),
    /// The next batch is produced. So often its transaction is aborted and made again, the org changing meanwhile.
    Produce {
        aborts: usize,
    },
    /// The next batch is polled, and nobody knows whether it is committed: the producer fails for good.
    Fail {
        committed: bool,
    },
    /// From here on the accounts' rows cannot be read, or can be again.
    Readable(bool),
    /// The org forgets its streaming sessions.
    Drop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Create),
        3 => any::<usize>().prop_map(Step::Update),
        1 => any::<usize>().prop_map(Step::Delete),
        1 => any::<usize>().prop_map(Step::Undelete),
        4 => (0_usize..4).prop_map(|aborts| Step::Produce { aborts }),
        1 => any::<bool>().prop_map(|committed| Step::Fail { committed }),
        1 => any::<bool>().prop_map(Step::Readable),
        1 => Just(Step::Drop),
    ]
}

/// The accounts of an org and whether they live.
struct Accounts<'a> {
    world: &'a World,
    all: Vec<(SalesforceId, bool)>,
    changes: usize,
}

impl Accounts<'_> {
    async fn change(&mut self, step: &Step) {
        self.changes += 1;
        let name = json!({"Name": format!("change {}", self.changes)});
        let of = |wanted: bool, number: usize| {
            let fitting: Vec<_> = (0..self.all.len()).filter(|index| self.all[*index].1 == wanted).collect();
            (!fitting.is_empty()).then(|| fitting[number % fitting.len()])
        };
        match step {
            Step::Update(number) => {
                if let Some(index) = of(true, *number) {
                    self.world.update("Account", self.all[index].0, name).await;
                }
            }
            Step::Delete(number) => {
                if let Some(index) = of(true, *number) {
                    self.world.delete(self.all[index].0).await;
                    self.all[index].1 = false;
                }
            }
            Step::Undelete(number) => {
                if let Some(index) = of(false, *number) {
                    self.world.undelete(self.all[index].0).await;
                    self.all[index].1 = true;
                }
            }
            Step::Readable(readable) => make_readable(self.world, *readable),
            Step::Drop => self.world.sandbox.drop_streaming_sessions(),
            Step::Create | Step::Produce { .. } | Step::Fail { .. } => {
                self.all.push((self.world.create("Account", name).await, true));
            }
        }
    }
}

/// Whether the rows of accounts can be read.
fn make_readable(world: &World, readable: bool) {
    world.sandbox.faults().clear();
    if !readable {
        let code = "INSUFFICIENT_ACCESS".to_owned();
        let effect = Effect::Answer { status: 403, code, message: String::new() };
        world.sandbox.faults().add(Fault::new(CallKind::Retrieve, effect).containing("/sobjects/Account"));
    }
}

async fn play(steps: Vec<Step>, snapshot: SnapshotConfig) {
    let world = World::of(simulator::Org::builder().poll_hold(Duration::from_millis(100))).await;
    world.create_accounts(5).await;
    let mut accounts = Accounts { world: &world, all: Vec::new(), changes: 0 };
    let mut committed = Committed { snapshot, ..Committed::default() };
    let mut steps = steps.into_iter().peekable();
    while steps.peek().is_some() {
        let mut feed = committed.source(&world, Start::Snapshot).await;
        // What was handed out and is not committed yet: one transaction is under way while the next one is gathered.
        let mut handed_out = VecDeque::new();
        for step in steps.by_ref() {
            let (aborts, fate) = match step {
                Step::Produce { aborts } => (aborts, None),
                Step::Fail { committed } => (0, Some(committed)),
                change => {
                    accounts.change(&change).await;
                    continue;
                }
            };
            let polled = tokio::time::timeout(Duration::from_millis(150), feed.source.poll()).await;
            if let Ok(batch) = polled {
                let batch = batch.unwrap();
                for again in 0..aborts {
                    // The read ahead meets another org than the one that the batch at hand was read from.
                    accounts.change(&Step::Update(again)).await;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                handed_out.push_back(batch);
            }
            let stay = if fate == Some(true) { 0 } else { aborts.min(2) };
            while fate != Some(false) && handed_out.len() > stay {
                feed.committed.commit(handed_out.pop_front().unwrap());
                feed.source.committed();
            }
            if fate.is_some() {
                break;
            }
        }
    }
    make_readable(&world, true);
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_end(QUIET, |answer| *answer == AtEnd::Yes).await;
    feed.source.stop().await;
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let rows = world.sandbox.rows("Account");
    let in_the_org: HashMap<_, _> = rows.iter().map(|row| (text(row, "Id"), text(row, "Name"))).collect();
    assert_eq!(committed.names(), in_the_org, "nothing is lost");
    committed.assert_order();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, max_shrink_iters: 20, ..ProptestConfig::default() })]

    /// However often commits are aborted and made again while the next read is ahead, however often nobody knows what
    /// became of a batch or an object cannot be read for a while: nothing is lost, doubled or out of order. Meanwhile a
    /// snapshot reads small pages, or a job, and goes on where it was.
    #[test]
    fn what_is_read_ahead_of_commits_that_fail_stays_whole_single_and_in_order(
        steps in prop::collection::vec(step(), 5..40),
        page in 1_u32..4,
        bulk in any::<bool>(),
    ) {
        let snapshot = SnapshotConfig { bulk_above: if bulk { 0 } else { 10_000 }, page };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps, snapshot));
    }
}
