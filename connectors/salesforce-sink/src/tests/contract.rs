//! What the runtime relies on: nothing is lost when a future is dropped, nothing is written for what was taken away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use orgstream_api::{
    HealthReporter, Item, Lease, SharedLease, Sink, Ticket, TicketId, TopicPartition, Tracked,
};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::change::Change;
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::{Operation, SinkContext};

fn accounts(partition: i32) -> TopicPartition {
    TopicPartition { topic: "a.Account".into(), partition }
}

/// A lease that the test gives and takes.
struct Given(watch::Receiver<bool>);

#[async_trait]
impl Lease for Given {
    async fn held(&self) -> Duration {
        let mut given = self.0.clone();
        given.wait_for(|given| *given).await.expect("the test holds the sender");
        Duration::from_secs(10)
    }

    fn is_held(&self) -> bool {
        *self.0.borrow()
    }
}

/// The lease of a process that stands still once, between being let and calling.
struct StandsStill {
    is_over: AtomicBool,
    back: watch::Receiver<bool>,
}

#[async_trait]
impl Lease for StandsStill {
    async fn held(&self) -> Duration {
        if self.is_over.swap(true, Ordering::Relaxed) {
            let mut back = self.back.clone();
            back.wait_for(|back| *back).await.expect("the test holds the sender");
        }
        Duration::from_secs(10)
    }

    fn is_held(&self) -> bool {
        *self.back.borrow()
    }
}

async fn with_lease(world: &World, lease: SharedLease) -> Runtime {
    let (health, listener) = HealthReporter::new();
    let context = SinkContext {
        ids: world.ids.clone(),
        intents: world.intents.clone(),
        lease,
        health,
        source: None,
        spool: std::env::temp_dir(),
        tally: Arc::default(),
    };
    let config = config(Operation::Sync, Duration::from_mins(1));
    let sink = crate::start(config, world.org.clone(), context).await.unwrap();
    Runtime::new(sink, world.ids.clone(), listener)
}

#[tokio::test]
async fn a_dropped_settled_future_loses_nothing() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    for number in 0..1_000 {
        runtime.submit(Change::created("Account", number));
    }
    let mut dropped = 0;
    while runtime.delivered_count() < 1_000 {
        match timeout(Duration::from_millis(1), runtime.sink.settled()).await {
            Ok(answers) => runtime.answer(answers.unwrap()).await,
            Err(_) => dropped += 1,
        }
    }
    assert!(dropped > 0, "no future was dropped");
    assert_eq!(world.sandbox.count("Account"), 1_000);
}

#[tokio::test]
async fn items_beyond_the_capacity_come_back_in_order() {
    let world = World::start().await;
    let mut sink = world.sync().await.sink;
    let (dropped, _listener) = tokio::sync::mpsc::unbounded_channel();
    let room = sink.capacity().records;
    let tracked = |number: usize| Tracked {
        ticket: Ticket::new(TicketId { lane: 0, sequence: number as u64 }, dropped.clone()),
        item: Item::Record(Change::created("Account", u32::try_from(number).unwrap()).at(
            "a.Account",
            0,
            i64::try_from(number).unwrap(),
        )),
    };
    let back = sink.submit((0..room + 3).map(tracked).collect());
    let sequences: Vec<usize> =
        back.iter().map(|tracked| usize::try_from(tracked.ticket.id().sequence).unwrap()).collect();
    assert_eq!(sequences, [room, room + 1, room + 2]);
    assert_eq!(sink.capacity().records, 0);
}

#[tokio::test]
async fn nothing_is_written_before_the_lease_is_held() {
    let world = World::start().await;
    let (lease, held) = watch::channel(false);
    let mut runtime = with_lease(&world, Arc::new(Given(held))).await;
    runtime.submit(Change::created("Account", 1));
    assert!(timeout(Duration::from_secs(1), runtime.sink.settled()).await.is_err());
    assert!(world.sandbox.writes().is_empty());
    lease.send_replace(true);
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 1);
}

#[tokio::test]
async fn a_process_that_stood_still_before_a_call_writes_nothing_until_the_lease_is_back() {
    let world = World::start().await;
    let (lease, back) = watch::channel(false);
    let mut runtime =
        with_lease(&world, Arc::new(StandsStill { is_over: AtomicBool::new(false), back })).await;
    runtime.submit(Change::created("Account", 1));
    assert!(timeout(Duration::from_secs(1), runtime.sink.settled()).await.is_err());
    assert!(world.sandbox.writes().is_empty());
    lease.send_replace(true);
    runtime.settle().await;
    assert_eq!((world.sandbox.count("Account"), world.sandbox.writes().len()), (1, 1));
}

#[tokio::test]
async fn nothing_is_written_for_a_partition_that_was_taken_away() {
    let world = World::start().await;
    let (lease, held) = watch::channel(false);
    let mut runtime = with_lease(&world, Arc::new(Given(held))).await;
    let room = runtime.sink.capacity();
    runtime.submit_to(Change::created("Account", 1), 1);
    runtime.submit_to(Change::created("Account", 2), 2);
    // Both wait in a call for the lease.
    assert!(timeout(Duration::from_secs(1), runtime.sink.settled()).await.is_err());
    runtime.submit_to(Change::updated("Account", 1).text("Name", "queued"), 1);
    runtime.sink.revoke(&[accounts(1)]);
    lease.send_replace(true);
    let answers = runtime.sink.settled().await.unwrap();
    assert_eq!(answers.len(), 1);
    drop(answers);
    runtime.forget();
    assert_eq!(world.sandbox.count("Account"), 1);
    assert_eq!(world.rows("Account")[0]["Name"], "Account 2");
    assert_eq!(runtime.sink.capacity(), room, "their seats are free");
}

#[tokio::test]
async fn a_partition_that_comes_back_is_written_again() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    let unbound = runtime.sink.settled().await.unwrap();
    runtime.sink.revoke(&[accounts(0)]);
    drop(unbound);
    runtime.forget();
    // Its outcome was never made durable, so it is no duplicate.
    runtime.submit_again(Change::created("Account", 1), 0);
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 1);
    assert_eq!(world.sandbox.count("Account"), 1);
}

#[tokio::test]
async fn a_drain_waits_for_the_calls_in_flight_and_starts_no_other() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::Delay { ms: 1_000 }).times(1));
    for number in 0..200 {
        runtime.submit(Change::created("Account", number));
    }
    for number in 0..200 {
        runtime.submit(Change::updated("Account", number).text("Name", "queued"));
    }
    assert!(timeout(Duration::from_millis(300), runtime.sink.settled()).await.is_err());
    let deadline = Instant::now() + Duration::from_secs(30);
    let answers = runtime.sink.drain(&[accounts(0)], deadline).await.unwrap();
    assert_eq!(answers.len(), 200);
    drop(answers);
    assert_eq!(runtime.forget(), 400);
    assert!(world.rows("Account").iter().all(|row| row["Name"] != "queued"));
}

#[tokio::test]
async fn a_drain_ends_at_its_deadline() {
    let world = World::start().await;
    let (_lease, held) = watch::channel(false);
    let mut runtime = with_lease(&world, Arc::new(Given(held))).await;
    runtime.submit(Change::created("Account", 1));
    assert!(timeout(Duration::from_secs(1), runtime.sink.settled()).await.is_err());
    let deadline = Instant::now() + Duration::from_secs(30);
    let answers = timeout(Duration::from_secs(10), runtime.sink.drain(&[accounts(0)], deadline)).await;
    assert!(answers.expect("a call that has not started is not waited for").unwrap().is_empty());
}
