//! Another file for a process that runs: what did not change goes on, what did is restarted without losing or doubling
//! anything, and what cannot work changes nothing.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be has failed, which is all there is to say"
)]

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault, Org};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::support::{Finished, Kind, Link, OwnBroker, Rest, World, eventually, on_both_brokers};

pub(crate) const LEADS: &str = "Lead: { external_id: OrgA_Id__c }";

/// The name of the pipeline that is added.
pub(crate) fn second(world: &Link) -> String {
    format!("{}-2", world.pipeline)
}

/// Adds a pipeline of accounts, from org `from` to org b.
pub(crate) fn add_accounts(world: &Link, from: &str) {
    let name = second(world);
    let text = std::fs::read_to_string(world.file()).unwrap();
    let pipeline = format!(
        "  {name}:\n    source: {{ org: {from}, topic: '{name}.${{object}}', start: snapshot }}\n    sink: {{ org: b }}\n    \
         objects: {{ Account: {{ external_id: OrgA_Id__c }} }}\n"
    );
    std::fs::write(world.file(), text + &pipeline).unwrap();
}

/// Adds an org of that name.
fn add_org(world: &Link, name: &str, url: &str, client_id: &str, secret: &str) {
    let org = format!(
        "orgs:\n  {name}: {{ url: \"{url}\", auth: {{ flow: client_credentials, client_id: \"{client_id}\", client_secret: \"{secret}\" }} }}\n"
    );
    world.edit("orgs:\n", &org);
}

pub(crate) async fn apply(world: &Link) -> Finished {
    world.command(&["apply", "orgstream.yaml"]).finish().await
}

/// Applies the file; what has changed, as JSON.
async fn applied(world: &Link) -> Json {
    let finished = world.command(&["apply", "orgstream.yaml", "--json"]).finish().await.expect_code(0);
    serde_json::from_str(&finished.stdout).unwrap()
}

async fn status(world: &Link) -> Json {
    let finished = world.command(&["status", "--state", "state", "--json"]).finish().await;
    serde_json::from_str::<Json>(&finished.stdout).unwrap_or_default()["status"].take()
}

/// The tasks that run, each with since when.
pub(crate) async fn running(world: &Link) -> Vec<(String, String, String)> {
    let said = status(world).await;
    let tasks =
        said["pipelines"].as_array().into_iter().flatten().flat_map(|one| one["tasks"].as_array().unwrap());
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    tasks.map(|task| (text(&task["name"]), text(&task["state"]), text(&task["since"]))).collect()
}

/// Waits until so many tasks run.
pub(crate) async fn all_run(world: &Link, count: usize) -> Vec<(String, String, String)> {
    for _ in 0..600 {
        let tasks = running(world).await;
        if tasks.len() == count && tasks.iter().all(|(_, state, _)| state == "running") {
            return tasks;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never do {count} tasks run: {}", status(world).await);
}

pub(crate) async fn create(org: &Rest, object: &str, name: &str, count: usize) -> usize {
    let row = |n| match object {
        "Account" => json!({ "Name": format!("{name} {n}") }),
        _ => json!({ "LastName": format!("{name} {n}"), "Company": "Acme" }),
    };
    org.create_many(object, (0..count).map(row).collect()).await.len()
}

/// Creates leads and accounts until enough is said. Answers how many of each.
async fn flow(org: Rest, enough: CancellationToken) -> usize {
    let mut count = 0;
    while !enough.is_cancelled() {
        for object in ["Lead", "Account"] {
            create(&org, object, &format!("Flow {count}"), 10).await;
        }
        count += 10;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    count
}

/// Records that org b was sent, and in which calls.
fn sent(b: &Org) -> (usize, BTreeMap<String, usize>) {
    let mut calls = BTreeMap::new();
    for call in b.writes() {
        *calls.entry(call.path).or_default() += call.records;
    }
    (calls.values().sum(), calls)
}

fn assert_each_once(b: &Org, object: &str, count: usize) {
    let rows = b.rows(object);
    let external: HashSet<&Json> = rows.iter().map(|row| &row["OrgA_Id__c"]).collect();
    assert_eq!((rows.len(), external.len()), (count, count), "{object}");
}

on_both_brokers! {
async fn a_pipeline_that_is_restarted_under_load_delivers_each_change_once_and_the_other_goes_on(
    builder: WorldBuilder, _kind: Kind
) {
    let Some(world) = builder.objects(LEADS).build().await else { return };
    add_accounts(&world, "a");
    world.prime().await;
    world.b.reset_calls();
    let process = world.run(&[]);
    let before = all_run(&world, 4).await;
    let enough = CancellationToken::new();
    let flowing = tokio::spawn(flow(world.in_a.clone(), enough.clone()));
    for (old, new) in [("15m", "14m"), ("14m", "13m"), ("13m", "12m")] {
        let leads = world.b.count("Lead");
        eventually("leads flow", || world.b.count("Lead") > leads).await;
        world.edit(&format!("retry_for: {old}"), &format!("retry_for: {new}"));
        let changes = applied(&world).await;
        assert_eq!(changes["restarted"], json!([world.pipeline]), "{changes}");
        assert_eq!(changes["unchanged"], json!([second(&world)]), "{changes}");
        assert_eq!((&changes["started"], &changes["stopped"]), (&json!([]), &json!([])), "{changes}");
    }
    enough.cancel();
    let count = flowing.await.unwrap();
    eventually("all of them arrive", || world.b.count("Lead") == count && world.b.count("Account") == count).await;
    let others = |tasks: Vec<(String, String, String)>| -> Vec<_> {
        tasks.into_iter().filter(|(name, ..)| name.starts_with(&second(&world))).collect()
    };
    assert_eq!(others(running(&world).await), others(before), "what did not change was left alone");
    process.terminate().await.expect_code(0);
    for object in ["Lead", "Account"] {
        assert_each_once(&world.b, object, count);
    }
    let (records, calls) = sent(&world.b);
    assert_eq!(records, 2 * count, "records that were sent to org b: {calls:?}");
    assert_eq!(world.read(&world.topic("Lead")).await.len(), count);
    world.every_event_stands_once("Lead").await;
}

async fn a_process_that_is_killed_while_it_applies_a_file_loses_and_doubles_nothing(
    builder: WorldBuilder, _kind: Kind
) {
    let Some(world) = builder.objects(LEADS).build().await else { return };
    world.prime().await;
    let enough = CancellationToken::new();
    let flowing = tokio::spawn(flow(world.in_a.clone(), enough.clone()));
    let mut minutes = 15;
    for after in [0, 50, 150, 400, 1_000] {
        let process = world.run(&[]);
        let leads = world.b.count("Lead");
        eventually("leads flow", || world.b.count("Lead") > leads).await;
        world.edit(&format!("retry_for: {minutes}m"), &format!("retry_for: {}m", minutes - 1));
        minutes -= 1;
        let applying = world.command(&["apply", "orgstream.yaml"]);
        tokio::time::sleep(Duration::from_millis(after)).await;
        process.kill().await;
        // Whether it was in time is up to chance; it never hangs.
        applying.finish().await;
    }
    enough.cancel();
    let count = flowing.await.unwrap();
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_each_once(&world.b, "Lead", count);
    world.every_event_stands_once("Lead").await;
}
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_come_and_go_and_everything_that_shows_them_follows() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    world.edit("state: ./state", "state: ./state\nhttp: { listen: '127.0.0.1:0' }");
    let process = world.run(&[]);
    all_run(&world, 2).await;
    create(&world.in_a, "Account", "Early", 3).await;
    add_accounts(&world, "a");
    let said = apply(&world).await.expect_code(0);
    assert!(said.stdout.contains(&format!("started: {}\n", second(&world))), "{}", said.stdout);
    assert!(said.stdout.contains(&format!("unchanged: {}", world.pipeline)), "{}", said.stdout);
    all_run(&world, 4).await;
    eventually("accounts arrive", || world.b.count("Account") == 3).await;

    let url = status(&world).await["http"].as_str().unwrap().to_owned();
    let shown = async |path: &str| reqwest::get(format!("{url}{path}")).await.unwrap().text().await.unwrap();
    let connectors: Json = serde_json::from_str(&shown("/connectors").await).unwrap();
    let named = |name: &str| [format!("{name}-source"), format!("{name}-sink")];
    let mut all = [named(&world.pipeline), named(&second(&world))].concat();
    all.sort();
    assert_eq!(connectors, json!(all));
    assert!(shown("/metrics").await.contains(&format!("task=\"{}-sink-0\"", second(&world))));

    let text = std::fs::read_to_string(world.file()).unwrap();
    let without = text.find(&format!("  {}:", second(&world))).unwrap();
    std::fs::write(world.file(), &text[..without]).unwrap();
    assert_eq!(applied(&world).await["stopped"], json!([second(&world)]));
    assert_eq!(all_run(&world, 2).await.len(), 2);
    let connectors: Json = serde_json::from_str(&shown("/connectors").await).unwrap();
    assert_eq!(connectors.as_array().unwrap().len(), 2, "{connectors}");
    assert!(!shown("/metrics").await.contains(&second(&world)));
    create(&world.in_a, "Account", "Late", 2).await;
    create(&world.in_a, "Lead", "Late", 2).await;
    eventually("leads arrive", || world.b.count("Lead") == 2).await;
    assert_eq!(world.b.count("Account"), 3, "nobody reads accounts any more");

    // It comes back where it was.
    std::fs::write(world.file(), text).unwrap();
    assert_eq!(applied(&world).await["started"], json!([second(&world)]));
    eventually("accounts arrive", || world.b.count("Account") == 5).await;
    process.terminate().await.expect_code(0);
}

/// Makes the file one that cannot work.
type Edit<'a> = Box<dyn Fn() + 'a>;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_work_is_refused_whole_and_everything_goes_on() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    let process = world.run(&[]);
    let before = all_run(&world, 2).await;
    let good = std::fs::read_to_string(world.file()).unwrap();
    let other = Org::builder().name("other").start().await.unwrap();
    let known = other.credentials().clone();
    // Beside what cannot work stands a change that could.
    let edits: [(&str, i32, Edit<'_>); 6] = [
        (
            "`c`",
            1,
            Box::new(|| {
                add_org(&world, "c", other.url(), &known.client_id, "wrong");
                add_accounts(&world, "c");
            }),
        ),
        (
            "`c`",
            1,
            Box::new(|| {
                add_org(&world, "c", "http://127.0.0.1:1", &known.client_id, "wrong");
                add_accounts(&world, "c");
            }),
        ),
        (
            "Nothing__c",
            1,
            Box::new(|| {
                add_accounts(&world, "a");
                world.edit("Account: {", "Nothing__c: {");
            }),
        ),
        ("`kafka.topics.partitions`", 1, Box::new(|| world.edit("partitions: 3", "partitions: 4"))),
        ("no such", 78, Box::new(|| world.edit("operation: sync", "operation: no such"))),
        ("orgstream.yaml:", 78, Box::new(|| world.edit("pipelines:", "pipelines: ]"))),
    ];
    for (says, code, edit) in edits {
        world.edit("retry_for: 15m", "retry_for: 7m");
        edit();
        let refused =
            world.command(&["apply", "orgstream.yaml", "--state", "state"]).finish().await.expect_code(code);
        assert!(refused.stderr.contains(says), "{says}: {}", refused.stderr);
        std::fs::write(world.file(), &good).unwrap();
    }
    assert_eq!(running(&world).await, before, "nothing was touched");
    create(&world.in_a, "Lead", "After", 2).await;
    eventually("leads arrive", || world.b.count("Lead") == 2).await;
    process.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_as_soon_as_it_starts_harms_nothing_else_and_is_mended_by_the_next_file() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    add_accounts(&world, "a");
    let process = world.run(&[]);
    all_run(&world, 4).await;
    create(&world.in_a, "Account", "One", 1).await;
    eventually("an account arrives", || world.b.count("Account") == 1).await;
    // The places that are on record of the pipeline are those of another org.
    let other = Org::builder().name("other").start().await.unwrap();
    let good = std::fs::read_to_string(world.file()).unwrap();
    let known = other.credentials();
    add_org(&world, "c", other.url(), &known.client_id, &known.client_secret);
    let name = second(&world);
    world.edit(&format!("org: a, topic: '{name}"), &format!("org: c, topic: '{name}"));
    let failed = apply(&world).await.expect_code(1);
    assert!(
        failed.stdout.contains(&format!("failed: {name}-source: pipeline {name} has read org")),
        "{}",
        failed.stdout
    );
    let is_failed = |tasks: Vec<(String, String, String)>| {
        tasks.iter().any(|(task, state, _)| *task == format!("{name}-source-0") && state == "failed")
    };
    assert!(is_failed(running(&world).await));
    // To start it again by hand is no more use, and does no more harm.
    let source = format!("{name}-source");
    let failed = world.command(&["restart", "orgstream.yaml", &source]).finish().await.expect_code(1);
    assert!(failed.stderr.contains("has read org"), "{}", failed.stderr);
    assert!(is_failed(running(&world).await));
    create(&world.in_a, "Lead", "Beside", 2).await;
    eventually("leads arrive", || world.b.count("Lead") == 2).await;
    std::fs::write(world.file(), good).unwrap();
    assert_eq!(applied(&world).await["restarted"], json!([name]));
    all_run(&world, 4).await;
    create(&world.in_a, "Account", "Two", 1).await;
    eventually("an account arrives", || world.b.count("Account") == 2).await;
    process.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_has_the_file_read_again_and_a_broken_one_changes_nothing() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    let process = world.run(&[]);
    let before = all_run(&world, 2).await;
    let good = std::fs::read_to_string(world.file()).unwrap();
    world.edit("operation: sync", "operatoin: sync");
    process.hang_up();
    process.warns("everything goes on as before").await;
    process.warns("operatoin").await;
    assert_eq!(running(&world).await, before);
    std::fs::write(world.file(), good).unwrap();
    add_accounts(&world, "a");
    process.hang_up();
    process.warns("read again and applied").await;
    all_run(&world, 4).await;
    create(&world.in_a, "Account", "New", 2).await;
    create(&world.in_a, "Lead", "Old", 2).await;
    eventually("both arrive", || world.b.count("Account") == 2 && world.b.count("Lead") == 2).await;
    process.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_at_once_are_applied_one_after_the_other() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    let process = world.run(&[]);
    all_run(&world, 2).await;
    add_accounts(&world, "a");
    world.edit("retry_for: 15m", "retry_for: 7m");
    let (one, other) = tokio::join!(applied(&world), applied(&world));
    let counts = [one, other].map(|said| said["unchanged"].as_array().unwrap().len());
    assert!(counts == [0, 2] || counts == [2, 0], "{counts:?}");
    all_run(&world, 4).await;
    process.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_refused_while_the_broker_is_away_and_taken_when_it_is_back() {
    let mut broker = OwnBroker::start(Kind::Embedded);
    let builder = World::builder().embedded().objects(LEADS).kafka(broker.address());
    let Some(world) = builder.build().await else { return };
    let process = world.run(&[]);
    all_run(&world, 2).await;
    broker.kill();
    add_accounts(&world, "a");
    let refused = apply(&world).await.expect_code(1);
    assert!(
        refused.stderr.contains(&format!("pipeline {} cannot be started", second(&world))),
        "{}",
        refused.stderr
    );
    broker.start_again();
    all_run(&world, 2).await;
    assert_eq!(applied(&world).await["started"], json!([second(&world)]));
    create(&world.in_a, "Account", "New", 2).await;
    create(&world.in_a, "Lead", "Old", 2).await;
    eventually("both arrive", || world.b.count("Account") == 2 && world.b.count("Lead") == 2).await;
    process.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_job_that_runs_meanwhile_is_neither_lost_nor_doubled() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    world.edit("operation: sync", "operation: sync, bulk: { from: 200 }");
    create(&world.in_a, "Lead", "Bulk", 1_000).await;
    let slow = world.b.faults().add(Fault::new(CallKind::BulkChunk, Effect::Delay { ms: 1_500 }));
    let process = world.run(&[]);
    eventually("the job is at work", || world.b.count("Lead") > 0).await;
    world.edit("retry_for: 15m", "retry_for: 7m");
    assert_eq!(applied(&world).await["restarted"], json!([world.pipeline]));
    world.b.faults().remove(slow);
    eventually("all leads arrive", || world.b.count("Lead") == 1_000).await;
    process.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_each_once(&world.b, "Lead", 1_000);
    assert_eq!(world.dead_letters().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_no_file_says_so() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    let refused = apply(&world).await.expect_code(1);
    assert!(
        refused.stderr.contains("nothing runs") && refused.stderr.contains("orgstream run"),
        "{}",
        refused.stderr
    );
    // What is counted towards the end would change under it.
    let outage = world.b.faults().take_down();
    create(&world.in_a, "Lead", "Slow", 1).await;
    let process = world.run(&["--until-synced"]);
    eventually("it runs", || world.dir.path().join("state/control.sock").exists()).await;
    let refused = apply(&world).await.expect_code(1);
    assert!(
        refused.stderr.contains("still starting") || refused.stderr.contains("--until-synced"),
        "{}",
        refused.stderr
    );
    assert!(world.b.faults().remove(outage));
    process.finish().await.expect_code(0);
}
