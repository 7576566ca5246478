//! A sink of several tasks: they share the partitions, what one writes the others see, and together they are one sink.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::support::{Dice, Rest, World, eventually, on_both_brokers};

fn four_tasks(world: &World, more: &str) {
    world.edit("sink: { org: b,", &format!("sink: {{ org: b, tasks: 4, {more}"));
}

async fn leads(world: &World, name: &str, count: usize) {
    let rows = (0..count).map(|n| json!({ "LastName": format!("{name} {n}"), "Company": "Acme" }));
    world.in_a.create_many("Lead", rows.collect()).await;
}

/// The only pipeline, as a running process shows it.
async fn pipeline(world: &World) -> Json {
    let shown = world.command(&["status", "orgstream.yaml", "--json"]).finish().await;
    let mut status: Json = serde_json::from_str(&shown.stdout).unwrap_or_else(|_| panic!("{}", shown.stdout));
    status["status"]["pipelines"][0].take()
}

fn sinks(pipeline: &Json) -> Vec<&Json> {
    pipeline["tasks"].as_array().expect("tasks").iter().filter(|task| task["kind"] == "sink").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_task_shows_its_own_partitions_and_the_pipeline_the_worst_state() {
    let Some(world) = World::builder().embedded().partitions(8).build().await else { return };
    four_tasks(&world, "");
    world.prime().await;
    let running = world.run(&[]);
    leads(&world, "Lead", 100).await;
    eventually("all leads arrive", || world.b.count("Lead") == 100).await;
    let mut pipeline = pipeline(&world).await;
    for _ in 0..300 {
        let shares = sinks(&pipeline).iter().map(|task| task["lag"].as_array().map_or(0, Vec::len)).min();
        if pipeline["state"] == "running" && shares > Some(0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        pipeline = self::pipeline(&world).await;
    }
    let tasks = sinks(&pipeline);
    let names: Vec<String> = (0..4).map(|number| format!("{}-sink-{number}", world.pipeline)).collect();
    assert_eq!(tasks.iter().map(|task| task["name"].as_str().unwrap()).collect::<Vec<_>>(), names);
    let mut partitions = BTreeSet::new();
    for task in &tasks {
        let lag = task["lag"].as_array().expect("lag");
        assert!(!lag.is_empty(), "{} has no partition", task["name"]);
        for lag in lag {
            let partition = (lag["topic"].as_str().unwrap(), lag["partition"].as_i64().unwrap());
            assert!(partitions.insert(partition), "{partition:?} is shown twice");
        }
    }
    assert_eq!(partitions.len(), 3 * 8);
    assert_eq!(pipeline["state"], "running");
    let shown = world.command(&["status", "orgstream.yaml"]).finish().await.expect_code(0).stdout;
    for task in ["sink-0", "sink-3"] {
        assert!(shown.contains(&format!("  {task} ")), "no {task} in {shown}");
    }

    let down = world.b.faults().take_down();
    leads(&world, "Late", 100).await;
    let mut state = Json::Null;
    for _ in 0..300 {
        state = self::pipeline(&world).await["state"].take();
        if state == "degraded" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(state, "degraded", "some of its tasks wait for the org");
    world.b.faults().remove(down);
    running.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejections_of_all_tasks_count_together() {
    let Some(world) = World::builder().embedded().partitions(8).build().await else { return };
    four_tasks(&world, "stop_after: { rejected: 36, of: 100 },");
    world.prime().await;
    let code = "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned();
    let refused = Effect::RecordError { code, message: "Not like this".to_owned() };
    world.b.faults().add(Fault::new(CallKind::Write, refused).containing("Bad"));
    let running = world.run(&[]);
    leads(&world, "Bad", 40).await;
    let finished = running.finish().await.expect_code(1);
    assert!(finished.stderr.contains("`stop_after` does not let pass"), "{}", finished.stderr);
    let letters = world.dead_letters().await;
    assert!((36..=40).contains(&letters.len()), "{} dead letters", letters.len());
    // Each task had fewer than the file allows: only together they are too many.
    let mut by_task: BTreeMap<String, usize> = BTreeMap::new();
    for letter in world.read(&orgstream::kafka::topics::dead_letters(&world.pipeline)).await {
        let task = letter.headers.text("__connect.errors.task.id").expect("a task").to_owned();
        *by_task.entry(task).or_default() += 1;
    }
    assert!(by_task.values().all(|count| *count < 36), "{by_task:?}");
}

/// Kills; `tests/soak` asks for more.
fn kills() -> u32 {
    std::env::var("ORGSTREAM_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

on_both_brokers! {
    async fn four_tasks_of_one_pipeline_lose_and_double_nothing_when_they_are_killed(
        builder: WorldBuilder, _kind: Kind
    ) {
    let Some(world) = builder.partitions(8).build().await else { return };
    four_tasks(&world, "");
    world.prime().await;
    // Accounts meet locked rows now and then, so that contacts of other tasks come before them.
    let locked = Effect::RecordError {
        code: "UNABLE_TO_LOCK_ROW".into(),
        message: "unable to obtain exclusive access".into(),
    };
    world.b.faults().add(Fault::new(CallKind::Write, locked).containing("Locked").times(60));
    let killing = CancellationToken::new();
    let flow = tokio::spawn(flow(world.in_a.clone(), 3_000, killing.clone()));
    let mut dice = Dice::new();
    for _ in 0..kills() {
        let running = world.run(&[]);
        tokio::time::sleep(Duration::from_millis(2_500 + dice.next() % 5_000)).await;
        running.kill().await;
    }
    killing.cancel();
    flow.await.expect("the flow does not panic");
    world.sync().await.expect_code(0);
    assert_equal(&world).await;
    let parked = world.read(&orgstream::kafka::topics::parked(&world.pipeline)).await;
    assert!(!parked.is_empty(), "no contact came before its account");
}
}

/// Both orgs have the same records, each once, and no reference is missing.
pub(crate) async fn assert_equal(world: &World) {
    world.verify().await;
    for object in ["Account", "Contact", "Lead"] {
        assert_eq!(world.b.count(object), world.a.count(object), "{object}");
        let rows = world.b.rows(object);
        let external: HashSet<&Json> = rows.iter().map(|row| &row["OrgA_Id__c"]).collect();
        assert_eq!(external.len(), rows.len(), "duplicates of {object} in org B");
    }
    for (object, reference) in [("Contact", "AccountId"), ("Contact", "ReportsToId"), ("Account", "ParentId")]
    {
        let set = |rows: Vec<Json>| rows.iter().filter(|row| !row[reference].is_null()).count();
        assert_eq!(set(world.b.rows(object)), set(world.a.rows(object)), "{object}.{reference}");
    }
    assert_eq!(world.dead_letters().await, []);
}

/// Changes org A until `count` changes are made and `enough` is said; contacts refer to accounts, accounts and contacts to
/// each other.
pub(crate) async fn flow(org: Rest, count: usize, enough: CancellationToken) {
    let (mut changes, mut round) = (0, 0);
    while changes < count || !enough.is_cancelled() {
        round += 1;
        let name =
            |n| if n % 4 == 0 { format!("Locked {round}-{n}") } else { format!("Account {round}-{n}") };
        let accounts = (0..40).map(|n| json!({ "Name": name(n) })).collect();
        let accounts = org.create_many("Account", accounts).await;
        let contact =
            |(n, account)| json!({ "LastName": format!("Contact {round}-{n}"), "AccountId": account });
        let contacts = org.create_many("Contact", accounts.iter().enumerate().map(contact).collect()).await;
        let lead = |n| json!({ "LastName": format!("Lead {round}-{n}"), "Company": "Acme" });
        let leads = org.create_many("Lead", (0..40).map(lead).collect()).await;
        for n in 0..10 {
            let parent = json!({ "ParentId": accounts[n + 10], "Phone": format!("{round}") });
            org.update("Account", &accounts[n], parent).await;
            org.update("Contact", &contacts[n], json!({ "ReportsToId": contacts[n + 10] })).await;
            for turn in 0..3 {
                org.update("Lead", &leads[n], json!({ "Description": format!("{round} {turn}") })).await;
            }
            org.delete("Lead", &leads[n + 20]).await;
            org.delete("Contact", &contacts[n + 30]).await;
        }
        changes += 120 + 10 * 7;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
