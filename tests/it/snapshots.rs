//! Reading all rows while they change, while the process is killed, and on demand.

#![expect(clippy::print_stdout, reason = "the harness shows it with the failed test")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use orgstream::kafka::Consumed;
use orgstream_api::record::header;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::{Link, Rest, World, eventually, on_both_brokers};

/// Rows of a snapshot that a test reads; `tests/soak` asks for more.
fn rows(few: usize) -> usize {
    std::env::var("ORGSTREAM_SNAPSHOT_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

/// The org takes its time.
const SLOW: Effect = Effect::Delay { ms: 700 };

const LEADS: &str = "Lead: { external_id: OrgA_Id__c }";

/// Leads that no event tells of.
async fn load_leads(org: &Rest, count: usize) {
    load_wide_leads(org, count, 0).await;
}

/// As [`load_leads`], with so many characters of text.
async fn load_wide_leads(org: &Rest, count: usize, width: usize) {
    let mut csv = String::from("LastName,Company,Street,AnnualRevenue,Description\n");
    let text = "x".repeat(width);
    for number in 0..count {
        writeln!(csv, "Lead {number},Acme,\"{number}, Main\",{number},{text}").expect("text grows");
    }
    assert_eq!(org.bulk_load("Lead", csv).await, count as u64);
}

/// Changes of leads: several in one second, deletes, undeletes, new ones.
async fn change(org: &Rest, ids: &[String], stop: CancellationToken) -> usize {
    let mut changes = 0;
    for (number, id) in ids.iter().enumerate() {
        let revenue = |revenue: usize| json!({ "AnnualRevenue": revenue });
        match number % 4 {
            0 => {
                org.update("Lead", id, revenue(1_000_000 + number)).await;
                org.update("Lead", id, revenue(2_000_000 + number)).await;
            }
            1 => org.delete("Lead", id).await,
            2 => {
                org.delete("Lead", id).await;
                org.undelete(id).await;
                org.update("Lead", id, json!({ "Company": "Again" })).await;
            }
            _ => drop(
                org.create("Lead", json!({ "LastName": format!("New {number}"), "Company": "New" })).await,
            ),
        }
        changes += 1;
        if stop.is_cancelled() {
            break;
        }
    }
    changes
}

fn ids_of(world: &World) -> Vec<String> {
    let id = |row: &serde_json::Value| row["Id"].as_str().expect("a row has an id").to_owned();
    world.a.rows("Lead").iter().map(id).collect()
}

on_both_brokers! {
    async fn what_changes_while_a_job_is_read_is_not_lost_overwritten_or_brought_back(
        builder: WorldBuilder, _kind: Kind
    ) {
    let builder = builder.objects(LEADS).source("snapshot: { bulk_above: 1000 }");
    let Some(world) = builder.build().await else { return };
    let count = rows(4_000);
    load_leads(&world.in_a, count).await;
    let ids = ids_of(&world);
    // The job has its rows long before they are read.
    world.a.faults().add(Fault::new(CallKind::Bulk, SLOW));
    let loaded = world.a.calls(CallKind::Bulk);
    let running = world.run(&[]);
    // Made, and asked whether it is done.
    eventually("the job is made", || world.a.calls(CallKind::Bulk) > loaded + 1).await;
    let stop = CancellationToken::new();
    let step = (ids.len() / 400).max(1);
    let some: Vec<String> = ids.iter().step_by(step).cloned().collect();
    let writer = {
        let (org, stop) = (world.in_a.clone(), stop.clone());
        tokio::spawn(async move { change(&org, &some, stop).await })
    };
    eventually("rows arrive", || world.b.count("Lead") > 100).await;
    let changes = writer.await.expect("the writer does not panic");
    println!("{changes} changes");
    running.terminate().await.expect_code(0);
    world.a.faults().clear();
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!(world.b.count("Lead"), world.a.count("Lead"));
    assert_eq!(world.dead_letters().await, []);
    let rows = world.read(&world.topic("Lead")).await;
    let by_snapshot = rows.iter().filter(|row| origin(row) == Some("snapshot")).count();
    assert!(by_snapshot > 1_000 && by_snapshot < rows.len(), "{by_snapshot} of {}", rows.len());
}

    async fn a_snapshot_by_queries_that_is_killed_again_and_again_goes_on_where_it_stopped(
        builder: WorldBuilder, _kind: Kind
    ) {
    let builder = builder.objects(LEADS).source("snapshot: { page: 200 }");
    let Some(world) = builder.build().await else { return };
    load_leads(&world.in_a, 4_000).await;
    world.a.faults().add(Fault::new(CallKind::Query, Effect::Delay { ms: 300 }));
    let before = world.a.calls(CallKind::Query);
    kill_often(&world).await;
    let calls = world.a.calls(CallKind::Query) - before;
    world.verify().await;
    // A count and twenty-one pages; each kill costs what was read ahead.
    assert!(calls <= 22 + 5 * 8 + 10, "{calls} queries");
}

    async fn a_snapshot_by_a_job_that_is_killed_again_and_again_goes_on_in_its_results(
        builder: WorldBuilder, _kind: Kind
    ) {
    let builder = builder.objects(LEADS).source("snapshot: { bulk_above: 1000 }");
    let Some(world) = builder.build().await else { return };
    // So wide that a thousand of them are a part.
    load_wide_leads(&world.in_a, 6_000, 8_000).await;
    // The last part must be seen to be on its way, on a busy machine as well.
    world.a.faults().add(Fault::new(CallKind::Bulk, Effect::Delay { ms: 1_500 }));
    kill_often(&world).await;
    world.verify().await;
    assert_eq!(world.b.count("Lead"), 6_000);
    assert_eq!(world.dead_letters().await, []);
}

    async fn a_parent_that_takes_its_children_with_it_during_the_snapshot_takes_them_in_org_b_too(
        builder: WorldBuilder, kind: Kind
    ) {
    // The rows of a page are those of its moment, those of a job all of one moment before.
    let (keys, fault) = match kind {
        Kind::Embedded => ("snapshot: { page: 40 }", Fault::new(CallKind::Query, SLOW).containing("Contact")),
        Kind::Apache => ("snapshot: { bulk_above: 100 }", Fault::new(CallKind::Bulk, SLOW)),
    };
    let objects = "Account: { external_id: OrgA_Id__c }\nContact: { external_id: OrgA_Id__c }\n";
    let Some(world) = builder.objects(objects).source(keys).build().await else { return };
    let goes = world.in_a.create("Account", json!({ "Name": "Goes" })).await;
    let stays = world.in_a.create("Account", json!({ "Name": "Stays" })).await;
    let child = |number: usize| {
        let parent = if number.is_multiple_of(4) { &goes } else { &stays };
        json!({ "LastName": format!("Child {number}"), "AccountId": parent })
    };
    world.in_a.create_many("Contact", (0..200).map(child).collect()).await;
    world.a.faults().add(fault);
    let running = world.run(&[]);
    eventually("contacts are read", || match kind {
        Kind::Embedded => world.b.count("Contact") > 0,
        // The job is made, and was asked whether it is done.
        Kind::Apache => world.b.count("Account") == 2 && world.a.calls(CallKind::Bulk) > 1,
    })
    .await;
    world.in_a.delete("Account", &goes).await;
    world.in_a.update("Account", &stays, json!({ "Name": "Stays on" })).await;
    eventually("the contacts arrive", || world.b.count("Contact") >= 150).await;
    let first = running.terminate().await.expect_code(0);
    world.a.faults().clear();
    println!("{} contacts in org B when it was stopped", world.b.count("Contact"));
    let second = world.sync().await.expect_code(0);
    println!("{}\nthen\n{}", first.stderr, second.stderr);
    let contacts = world.read(&world.topic("Contact")).await;
    let by_sweeps = contacts.iter().filter(|record| origin(record) == Some("sweep")).count();
    println!("{by_sweeps} of {} records of contacts were brought by sweeps", contacts.len());
    world.verify().await;
    assert_eq!((world.b.count("Account"), world.b.count("Contact")), (1, 150));
    assert_eq!(world.dead_letters().await, []);
}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_read_as_it_was_made_though_its_object_changes_meanwhile() {
    let keys = "snapshot: { bulk_above: 100 }\ndescribe_every: 500ms";
    let world = World::builder().embedded().objects("Lead: {}").source_only().source(keys).build().await;
    let Some(world) = world else { return };
    load_leads(&world.in_a, 3_000).await;
    world.a.faults().add(Fault::new(CallKind::Bulk, Effect::Delay { ms: 2_000 }));
    let loaded = world.a.calls(CallKind::Bulk);
    let running = world.run(&[]);
    eventually("the job is made", || world.a.calls(CallKind::Bulk) > loaded + 1).await;
    let size = json!({ "type": "Text", "label": "Size", "length": 40, "required": false });
    world.in_a.create_field("Lead.Size__c", size).await;
    let described = world.a.calls(CallKind::Describe);
    eventually("the lead is described anew", || world.a.calls(CallKind::Describe) > described + 1).await;
    world.a.faults().clear();
    let all = async {
        while world.read(&world.topic("Lead")).await.len() < 3_000 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), all).await.expect("all leads are read");
    let ended = running.terminate().await.expect_code(0);
    assert!(!ended.stderr.contains("is read by queries"), "{}", ended.stderr);
}

fn origin(record: &Consumed) -> Option<&str> {
    record.headers.text(header::ORIGIN)
}

/// Five kills in the midst of the rows, then to the end; every lead stands on the topic once.
async fn kill_often(world: &World) {
    let all = world.a.count("Lead") as u64;
    for kill in 1..=5 {
        let running = world.run(&[]);
        let mut rows = 0;
        // Further than the run before came, so it went on and did not begin again.
        let further = async {
            while rows < all * kill / 7 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                rows = rows_read(world).await.unwrap_or(rows);
            }
        };
        tokio::time::timeout(Duration::from_mins(1), further).await.expect("the snapshot gets further");
        running.kill().await;
        println!("kill {kill} at {rows} rows");
        assert!(rows < all, "the snapshot is too fast to be killed");
    }
    world.a.faults().clear();
    world.sync().await.expect_code(0);
    let mut times: HashMap<Vec<u8>, u32> = HashMap::new();
    for record in world.read(&world.topic("Lead")).await {
        *times.entry(record.key.expect("a lead has a key")).or_default() += 1;
    }
    assert_eq!(times.len(), world.a.count("Lead"), "none is lost");
    let twice = times.values().filter(|times| **times > 1).count();
    assert_eq!(twice, 0, "the next run goes on behind what is committed");
}

/// How many rows the snapshot has read, as the status says; `None` before it has begun.
async fn rows_read(world: &Link) -> Option<u64> {
    let status = world.command(&["status", "orgstream.yaml", "--json"]).finish().await;
    let status: serde_json::Value = serde_json::from_str(&status.stdout).ok()?;
    let tasks = status["status"]["pipelines"][0]["tasks"].as_array()?;
    tasks.iter().find_map(|task| task["flow"]["snapshots"][0]["rows"].as_u64())
}

/// Runs `orgstream snapshot` with these arguments.
async fn order(world: &Link, arguments: &[&str]) -> crate::support::Finished {
    world.command(&[&["snapshot", "orgstream.yaml"], arguments].concat()).finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_on_demand_runs_beside_the_stream_and_waits_where_nothing_runs() {
    let Some(world) = World::builder().objects(LEADS).start_from("latest").build().await else { return };
    load_leads(&world.in_a, 300).await;
    let running = world.run(&[]);
    eventually("the stream runs", || world.a.calls(CallKind::Subscribe) > 0).await;

    let refused = order(&world, &["--object", "Lead", "--where", "Nmae = 'x'"]).await.expect_code(1);
    assert!(refused.stderr.contains("Nmae"), "{}", refused.stderr);
    let unread = order(&world, &["--object", "Case"]).await.expect_code(2);
    assert!(unread.stderr.contains("no source reads Case"), "{}", unread.stderr);

    let some = order(&world, &["--object", "lead", "--where", "AnnualRevenue < 100"]).await.expect_code(0);
    assert!(some.stderr.contains("100 rows read"), "{}", some.stderr);
    eventually("a hundred leads arrive", || world.b.count("Lead") == 100).await;
    running.terminate().await.expect_code(0);

    let refused = order(&world, &["--object", "Lead", "--where", "Nmae = 'x'"]).await.expect_code(1);
    assert!(refused.stderr.contains("Nmae"), "{}", refused.stderr);
    let waits = order(&world, &["--object", "Lead"]).await.expect_code(0);
    assert!(waits.stderr.contains("Nothing runs"), "{}", waits.stderr);
    let running = world.run(&[]);
    eventually("all leads arrive", || world.b.count("Lead") == 300).await;
    running.terminate().await.expect_code(0);
    world.verify().await;
}

/// The org answers nothing but its streaming calls.
fn down() -> Fault {
    let code = "SERVER_UNAVAILABLE".to_owned();
    Fault::new(CallKind::Rest, Effect::Answer { status: 503, code, message: "busy".to_owned() })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_an_ordered_snapshot_waiting_is_said_to_the_one_who_ordered_it() {
    let world = World::builder().embedded().objects(LEADS).start_from("latest").build().await;
    let Some(world) = world else { return };
    load_leads(&world.in_a, 300).await;
    let running = world.run(&[]);
    eventually("the stream runs", || world.a.calls(CallKind::Subscribe) > 0).await;

    world.a.faults().add(down());
    let snapshot = ["snapshot", "orgstream.yaml", "--object", "Lead"];
    let follows = world.command(&snapshot);
    follows.warns("trying again").await;
    // Its condition cannot be tried.
    let given = order(&world, &["--object", "Lead", "--where", "AnnualRevenue < 100"]).await.expect_code(1);
    assert!(
        given.stderr.contains("has not taken it") && given.stderr.contains("trying again"),
        "{}",
        given.stderr
    );
    world.a.faults().clear();
    let done = follows.finish().await.expect_code(0);
    assert!(done.stderr.contains("300 rows read"), "{}", done.stderr);
    eventually("all leads arrive", || world.b.count("Lead") == 300).await;
    running.terminate().await.expect_code(0);
    assert_eq!(world.read(&world.topic("Lead")).await.len(), 300, "what was not taken is not carried out");
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_a_snapshot_is_told_that_its_process_was_killed_and_what_becomes_of_the_order() {
    let world = World::builder().embedded().objects(LEADS).start_from("latest").build().await;
    let Some(world) = world else { return };
    load_leads(&world.in_a, 300).await;
    let running = world.run(&[]);
    eventually("the stream runs", || world.a.calls(CallKind::Subscribe) > 0).await;

    world.a.faults().add(down());
    let follows = world.command(&["snapshot", "orgstream.yaml", "--object", "Lead"]);
    follows.warns("trying again").await;
    running.kill().await;
    let told = follows.finish().await.expect_code(1);
    let last = told.stderr.lines().last().unwrap_or_default();
    for said in ["was killed", "on record as", "the next `orgstream run orgstream.yaml` goes on with it"] {
        assert!(last.contains(said), "no `{said}` in\n{}", told.stderr);
    }
    world.a.faults().clear();
    let running = world.run(&[]);
    eventually("all leads arrive", || world.b.count("Lead") == 300).await;
    running.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_condition_no_longer_holds_ends_alone() {
    let world = World::builder().embedded().objects(LEADS).start_from("latest").build().await;
    let Some(world) = world else { return };
    world.prime().await;
    let size = json!({ "type": "Text", "label": "Size", "length": 40, "required": false });
    let size = world.in_a.create_field("Lead.Size__c", size).await;
    let waits = order(&world, &["--object", "Lead", "--where", "Size__c = null"]).await.expect_code(0);
    assert!(waits.stderr.contains("Nothing runs"), "{}", waits.stderr);
    world.in_a.delete_field(&size).await;
    world.in_a.create("Lead", json!({ "LastName": "After", "Company": "Acme" })).await;

    let mut running = world.run(&[]);
    running.warns("the ordered snapshot is given up").await;
    eventually("the lead arrives", || world.b.count("Lead") == 1).await;
    assert!(running.alive());
    running.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    world.verify().await;
}
