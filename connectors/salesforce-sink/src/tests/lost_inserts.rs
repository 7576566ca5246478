//! Inserts without an answer: what was made is found, what was not is sent again, and what nobody can tell is rejected.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use orgstream_api::intents::MemoryIntents;
use orgstream_api::{Census, Health, InputOffset, Insert, Intent, Intents, Made, Outcome, Sink, StoreError};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use rand::Rng as _;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::change::Change;
use super::inserts::without_external_ids;
use super::runtime::Runtime;
use super::world::{World, config};
use crate::config::{Operation, SinkConfig};

/// Longer than a call may be under way, by org B's clock.
const OVER: Duration = Duration::from_mins(15);

async fn inserting(world: &World) -> Runtime {
    world.try_sink(without_external_ids(Operation::Insert)).await.unwrap()
}

/// What a process that is going to be killed knows, and what it leaves: the notes, and no word of what became of them.
struct Killed {
    left: Arc<MemoryIntents>,
    known: MemoryIntents,
}

impl Killed {
    fn of(world: &World) -> Arc<Self> {
        Arc::new(Self { left: world.intents.clone(), known: MemoryIntents::default() })
    }
}

#[async_trait]
impl Intents for Killed {
    async fn note(&self, intents: Vec<Intent>) -> Result<(), StoreError> {
        self.left.note(intents.clone()).await?;
        self.known.note(intents).await
    }

    fn known(&self, at: &InputOffset) -> Option<Insert> {
        self.known.known(at)
    }

    fn not_made(&self, at: &InputOffset) {
        self.known.not_made(at);
    }

    fn made(&self, made: Made) {
        self.known.made(made);
    }

    async fn census(&self) -> Result<Census, StoreError> {
        self.known.census().await
    }
}

fn lose_answers(world: &World, times: u32) {
    world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::CutAfter).times(times));
}

/// The ids that the outcomes name, each once.
fn delivered_ids(runtime: &Runtime) -> HashSet<String> {
    let ids: Vec<String> = runtime
        .outcomes
        .iter()
        .filter_map(|(_, outcome)| match outcome {
            Outcome::Delivered(delivered) => delivered.target.clone(),
            _ => None,
        })
        .collect();
    let set: HashSet<String> = ids.iter().cloned().collect();
    assert_eq!(set.len(), ids.len(), "two records lead to one");
    set
}

fn twin(number: u32) -> Change {
    Change::created("Lead", number).text("LastName", "Same").text("Company", "Same")
}

#[tokio::test]
async fn what_an_unanswered_call_made_is_found_and_not_made_again() {
    let world = World::start().await;
    let mut runtime = inserting(&world).await;
    lose_answers(&world, 1);
    for number in 0..150 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 150);
    let rows: HashSet<String> =
        world.rows("Account").iter().map(|row| row["Id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(delivered_ids(&runtime), rows);
    assert_eq!(world.sandbox.writes().len(), 1);
}

#[tokio::test]
async fn what_was_not_made_is_sent_again_only_when_its_call_is_over() {
    let world = World::start().await;
    let mut runtime = inserting(&world).await;
    world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::Cut).times(1));
    for number in 0..50 {
        runtime.submit(Change::created("Account", number));
    }
    let waited = timeout(Duration::from_secs(3), runtime.sink.settled()).await;
    assert!(waited.is_err(), "the call may still be at work: {waited:?}");
    assert_eq!(runtime.sink.paused().len(), 1);
    let health = runtime.health.borrow().clone();
    assert!(
        matches!(&health, Health::Degraded(why) if why.contains("did not answer 50 insert(s)")),
        "{health:?}"
    );
    assert_eq!(world.sandbox.count("Account"), 0);
    world.sandbox.advance(OVER);
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (50, 50));
    assert_eq!(runtime.counts().retries, 0, "no record is to blame");
}

#[tokio::test]
async fn whoever_has_the_partition_next_finds_what_a_killed_process_made() {
    let world = World::start().await;
    let notes = Killed::of(&world);
    let mut killed = world.sink_with(without_external_ids(Operation::Insert), notes).await.unwrap();
    for number in 0..10 {
        killed.submit(Change::created("Account", number));
    }
    let lost = killed.sink.settled().await.unwrap();
    assert_eq!(lost.len(), 10);
    drop((lost, killed));
    let mut runtime = inserting(&world).await;
    for number in 0..10 {
        runtime.submit_again(Change::created("Account", number), i64::from(number));
    }
    runtime.settle().await;
    assert_eq!(delivered_ids(&runtime).len(), 10);
    assert_eq!(world.sandbox.count("Account"), 10);
    // A crash behind the outcome, before its link was bound: nothing is asked or made again.
    let world = World { ids: Arc::default(), ..world };
    let mut again = inserting(&world).await;
    world.sandbox.reset_calls();
    again.submit_again(Change::created("Account", 3), 3);
    again.settle().await;
    assert_eq!((again.delivered_count(), world.sandbox.count("Account")), (1, 10));
    assert_eq!(world.sandbox.calls(CallKind::Query) + world.sandbox.calls(CallKind::Write), 0);
}

#[tokio::test]
async fn a_reference_that_a_killed_process_left_out_is_set_when_its_record_is_found() {
    let world = World::start().await;
    let notes = Killed::of(&world);
    let mut killed = world.sink_with(without_external_ids(Operation::Insert), notes.clone()).await.unwrap();
    let contact =
        |number: u32| Change::created("Contact", number).text("AccountId", &super::change::id("Account", 1));
    killed.submit(contact(1));
    killed.submit(contact(2));
    drop((killed.sink.settled().await.unwrap(), killed));
    // Of the second it is known that it was made; what it owes was not stored.
    let second = contact(2).at("a.Contact", 0, 1).at;
    let Some(Insert::Made(made)) = notes.known(&second) else { panic!("it is made") };
    world.intents.made(made);
    let mut runtime = inserting(&world).await;
    runtime.submit(Change::created("Account", 1));
    runtime.settle().await;
    runtime.submit_again(contact(1), 0);
    runtime.submit_again(contact(2), 1);
    runtime.settle().await;
    let account = &world.rows("Account")[0]["Id"];
    let contacts = world.rows("Contact");
    assert_eq!(contacts.len(), 2);
    assert!(contacts.iter().all(|contact| contact["AccountId"] == *account), "{contacts:?}");
}

#[tokio::test]
async fn a_record_that_somebody_deleted_after_the_kill_was_made() {
    let world = World::start().await;
    let notes = Killed::of(&world);
    let mut killed = world.sink_with(without_external_ids(Operation::Insert), notes).await.unwrap();
    killed.submit(Change::created("Account", 1));
    drop((killed.sink.settled().await.unwrap(), killed));
    let id = world.rows("Account")[0]["Id"].as_str().unwrap().parse().unwrap();
    world.delete(id).await;
    let mut runtime = inserting(&world).await;
    runtime.submit_again(Change::created("Account", 1), 0);
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (1, 0));
}

#[tokio::test]
async fn twins_without_an_answer_are_rejected_with_what_they_may_have_made() {
    let world = World::start().await;
    let mut runtime = inserting(&world).await;
    lose_answers(&world, 1);
    runtime.submit(twin(1));
    runtime.submit(twin(2));
    assert!(timeout(Duration::from_secs(2), runtime.sink.settled()).await.is_err());
    world.sandbox.advance(OVER);
    runtime.settle().await;
    let rejections = runtime.rejections();
    assert_eq!(rejections.len(), 2, "{} were delivered", runtime.delivered_count());
    for rejection in rejections {
        assert_eq!(rejection.code, "INSERT_UNDECIDED");
        for row in world.rows("Lead") {
            assert!(rejection.message.contains(row["Id"].as_str().unwrap()), "{rejection}");
        }
    }
    assert_eq!(world.sandbox.count("Lead"), 2);
}

#[tokio::test]
async fn a_twin_that_was_answered_is_not_taken_for_the_one_that_was_not() {
    let world = World::start().await;
    let mut runtime = inserting(&world).await;
    runtime.submit(twin(1));
    runtime.submit(twin(2).with_id("no id of Salesforce's"));
    runtime.settle().await;
    lose_answers(&world, 1);
    runtime.submit(twin(3));
    runtime.settle().await;
    assert_eq!(delivered_ids(&runtime).len(), 3);
    assert_eq!(world.sandbox.count("Lead"), 3);
}

#[tokio::test]
async fn a_record_that_the_org_may_have_changed_on_its_way_is_not_sent_again() {
    let world = World::start().await;
    let mut runtime = inserting(&world).await;
    world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::Cut).times(1));
    runtime.submit(Change::created("Lead", 1));
    runtime.submit(Change::created("Lead", 2).text("Company", "Other"));
    assert!(timeout(Duration::from_secs(1), runtime.sink.settled()).await.is_err());
    let changed = world.create("Lead", json!({"LastName": "LEAD ONE", "Company": "Acme"})).await;
    world.sandbox.advance(OVER);
    runtime.settle().await;
    let rejections = runtime.rejections();
    assert_eq!(rejections.len(), 1, "{} were delivered", runtime.delivered_count());
    assert!(rejections[0].message.contains(changed.as_str()), "{}", rejections[0]);
    assert_eq!(runtime.delivered_count(), 1, "the other agrees with it in nothing");
    assert_eq!(world.sandbox.count("Lead"), 2);
}

#[tokio::test]
async fn an_external_id_tells_twins_apart() {
    let world = World::start().await;
    let mut runtime = world.try_sink(config(Operation::Insert, Duration::from_secs(1))).await.unwrap();
    lose_answers(&world, 1);
    runtime.submit(twin(1));
    runtime.submit(twin(2));
    runtime.settle().await;
    assert_eq!(delivered_ids(&runtime).len(), 2);
    assert_eq!(world.sandbox.count("Lead"), 2);
}

#[tokio::test]
async fn an_outage_in_the_middle_of_inserts_loses_and_doubles_none() {
    let world = World::start().await;
    let mut runtime = inserting(&world).await;
    lose_answers(&world, 2);
    for number in 0..600 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.step().await;
    let outage = world.sandbox.faults().take_down();
    timeout(Duration::from_secs(1), runtime.settle()).await.ok();
    world.sandbox.faults().remove(outage);
    world.sandbox.advance(OVER);
    runtime.settle().await;
    assert_eq!((runtime.delivered_count(), world.sandbox.count("Account")), (600, 600));
}

/// Records that meet two faults in a row are tried on for longer than the test takes.
fn patient() -> SinkConfig {
    let mut config = without_external_ids(Operation::Insert);
    config.retry_for = Duration::from_mins(5);
    config
}

/// Waits until what was sent has arrived, or never will: nothing has come to org B for a second. The clock that is moved behind
/// this would else let a call come a quarter of an hour after it was sent, which no org does.
async fn quiet(world: &World) {
    let seen = || (world.sandbox.writes().len(), world.sandbox.count("Account"));
    let (mut last, mut since) = (seen(), Instant::now());
    while since.elapsed() < Duration::from_secs(1) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if seen() != last {
            (last, since) = (seen(), Instant::now());
        }
    }
}

/// Whatever calls meet, in whatever order: every record is there once.
#[tokio::test]
async fn inserts_under_random_faults_and_restarts_are_there_once_each() {
    let world = World::start().await;
    let mut rng = rand::rng();
    for round in 0..6_u32 {
        let faults = world.sandbox.faults();
        let effect = match rng.random_range(0..4) {
            0 => Effect::CutAfter,
            1 => Effect::Cut,
            2 => Effect::Answer { status: 500, code: "UNKNOWN_EXCEPTION".into(), message: "gack".into() },
            _ => Effect::RecordError { code: "UNABLE_TO_LOCK_ROW".into(), message: "locked".into() },
        };
        faults.add(Fault::new(CallKind::Write, effect).times(rng.random_range(1..3)));
        let numbers = round * 40..round * 40 + 40;
        let notes = Killed::of(&world);
        let mut killed = world.sink_with(patient(), notes).await.unwrap();
        for number in numbers.clone() {
            let record = Change::created("Account", number);
            killed.submit_again(record, i64::from(number));
        }
        let wait = Duration::from_millis(rng.random_range(0..600));
        timeout(wait, killed.sink.settled()).await.ok();
        drop(killed);
        quiet(&world).await;
        world.sandbox.advance(OVER);
        // No org's clock jumps, so whoever writes knows what it shows.
        world.org.query("SELECT Id FROM User LIMIT 1").await.unwrap();
        let mut runtime = world.try_sink(patient()).await.unwrap();
        for number in numbers {
            runtime.submit_again(Change::created("Account", number), i64::from(number));
        }
        while timeout(Duration::from_secs(20), runtime.settle()).await.is_err() {
            // A fault that was left for this run: its call may have been under way.
            world.sandbox.advance(OVER);
        }
        assert_eq!(runtime.delivered_count(), 40, "{:?}", runtime.rejections());
        assert_eq!(world.sandbox.count("Account"), 40 * (round as usize + 1));
    }
}
