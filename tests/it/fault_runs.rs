//! What raised no event or is no longer retained: each run ends with equal orgs and all gaps closed.
//!
//! `tests/soak` runs the longer forms.

use std::time::Duration;

use orgstream_salesforce::datetime;
use orgstream_salesforce_simulator::CallKind;
use serde_json::{Value as Json, json};

use crate::support::{World, eventually};

const HOUR: Duration = Duration::from_hours(1);

const DAY: Duration = Duration::from_hours(24);

fn lead(name: &str) -> Json {
    json!({ "LastName": name, "Company": "Acme" })
}

/// What `orgstream gaps --json` shows.
async fn gaps(world: &World) -> Vec<Json> {
    let listed = world.command(&["gaps", "orgstream.yaml", "--json"]).finish().await.expect_code(0);
    serde_json::from_str(&listed.stdout).expect("JSON")
}

/// The gaps of an object; none of them may be open.
async fn closed_gaps(world: &World, object: &str) -> Vec<Json> {
    let mut gaps = gaps(world).await;
    gaps.retain(|gap| gap["object"] == object);
    assert!(gaps.iter().all(|gap| gap["state"] == "closed"), "{gaps:#?}");
    gaps
}

async fn assert_equal(world: &World) {
    world.verify().await;
    assert_eq!(world.dead_letters().await, []);
}

/// How far the running process is in the channel of leads, as it is stored.
async fn as_of(world: &World) -> String {
    let status = world.command(&["status", "orgstream.yaml", "--json"]).finish().await.expect_code(0);
    let status: Json = serde_json::from_str(&status.stdout).expect("JSON");
    let tasks = status["status"]["pipelines"][0]["tasks"].as_array().expect("tasks").clone();
    let mut positions = tasks.iter().filter_map(|task| task["positions"].as_array()).flatten();
    let lead = positions.find(|position| position["partition"]["channel"] == "/topic/orgstream_Lead");
    lead.expect("a position")["offset"]["as_of"].as_str().expect("a time").to_owned()
}

/// A number of the soak, or the short one.
fn long_or(short: usize, variable: &str) -> usize {
    std::env::var(variable).ok().map_or(short, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_behind_a_forgotten_replay_id_is_in_org_b_and_the_gap_is_closed() {
    let Some(world) = World::builder().start_from("earliest").build().await else { return };
    world.prime().await;
    let [kept, gone, back, never] = [
        world.in_a.create("Lead", lead("Kept")).await,
        world.in_a.create("Lead", lead("Gone")).await,
        world.in_a.create("Lead", lead("Back")).await,
        world.in_a.create("Lead", lead("Never")).await,
    ];
    world.sync().await.expect_code(0);
    world.in_a.delete("Lead", &back).await;
    world.in_a.delete("Lead", &never).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 2);

    world.a.advance(HOUR);
    world.in_a.create("Lead", lead("Made")).await;
    world.in_a.update("Lead", &kept, json!({ "Company": "Changed" })).await;
    world.in_a.delete("Lead", &gone).await;
    world.in_a.undelete(&back).await;
    world.a.advance(DAY + HOUR);
    world.a.forget_events(world.a.last_replay_id());
    world.sync().await.expect_code(0);

    assert_equal(&world).await;
    assert_eq!(world.b.count("Lead"), 3);
    let [gap] = &closed_gaps(&world, "Lead").await[..] else { panic!("one gap") };
    assert_eq!((&gap["cause"], &gap["rows"]), (&json!("expired_replay_id"), &json!(4)));

    world.in_a.create("Lead", lead("After")).await;
    world.sync().await.expect_code(0);
    assert_equal(&world).await;
    assert_eq!(closed_gaps(&world, "Lead").await.len(), 1, "it is not found again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_quiet_for_days_has_no_gap() {
    let world = World::builder().org_a(|a| a.poll_hold(Duration::from_secs(1))).build().await;
    let Some(world) = world else { return };
    world.in_a.create("Lead", lead("Before")).await;
    let running = world.run(&[]);
    eventually("the snapshot is in org B", || world.b.count("Lead") == 1).await;
    let begun = datetime::parse_datetime(&as_of(&world).await).expect("a time");
    let half_days = long_or(6, "ORGSTREAM_QUIET_HALF_DAYS");
    for _ in 0..half_days {
        world.a.advance(DAY / 2);
        let polls = world.a.calls(CallKind::Connect);
        eventually("the channel is polled", || world.a.calls(CallKind::Connect) >= polls + 3).await;
    }
    // A quiet channel's position is stored once a minute.
    let nearly_all = i64::try_from(half_days - 1).expect("a small number") * 43_200_000;
    for _ in 0..40 {
        if datetime::parse_datetime(&as_of(&world).await).expect("a time") - begun > nearly_all {
            break;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    running.terminate().await.expect_code(0);
    world.in_a.create("Lead", lead("After")).await;
    world.sync().await.expect_code(0);
    assert_equal(&world).await;
    let gaps = gaps(&world).await;
    assert!(gaps.iter().all(|gap| gap["cause"] == "no_event"), "{gaps:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_and_purged_while_nothing_ran_for_thirty_days_is_deleted_in_org_b() {
    let Some(world) = World::builder().build().await else { return };
    let ids =
        world.in_a.create_many("Lead", (0..20).map(|number| lead(&format!("L{number}"))).collect()).await;
    world.sync().await.expect_code(0);
    for id in &ids[..5] {
        world.in_a.delete("Lead", id).await;
    }
    world.a.advance(DAY * 30);
    world.in_a.delete("Lead", &ids[5]).await;
    world.in_a.update("Lead", &ids[6], json!({ "Company": "Changed" })).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 14);
    assert_equal(&world).await;
    assert!(!closed_gaps(&world, "Lead").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_loaded_without_events_are_brought_by_sweeps() {
    let Some(world) = World::builder().fast().build().await else { return };
    let count = long_or(2_000, "ORGSTREAM_LOADED");
    let csv = |from: usize, to: usize| {
        let head = std::iter::once("LastName,Company\n".to_owned());
        head.chain((from..to).map(|number| format!("Loaded {number},Acme\n"))).collect::<Vec<_>>().concat()
    };
    let running = world.run(&[]);
    world.in_a.create("Lead", lead("By an event")).await;
    eventually("the stream flows", || world.b.count("Lead") == 1).await;
    world.in_a.bulk_load("Lead", csv(0, count)).await;
    // Sweeps leave the last minute to the stream.
    world.a.advance(Duration::from_mins(2));
    for _ in 0..10 {
        if world.b.count("Lead") == count + 1 {
            break;
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    assert_eq!(world.b.count("Lead"), count + 1);
    running.terminate().await.expect_code(0);

    world.in_a.bulk_load("Lead", csv(count, count + 100)).await;
    world.a.advance(HOUR);
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), count + 101);
    assert_equal(&world).await;
    let gaps = closed_gaps(&world, "Lead").await;
    assert!(gaps.iter().all(|gap| gap["cause"] == "no_event"), "{gaps:#?}");
    let rows: u64 = gaps.iter().filter_map(|gap| gap["rows"].as_u64()).sum();
    assert_eq!(rows, u64::try_from(count).unwrap() + 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_that_takes_fifty_children_with_it_takes_them_in_org_b_too() {
    let Some(world) = World::builder().start_from("earliest").build().await else { return };
    world.prime().await;
    let parent = world.in_a.create("Account", json!({ "Name": "Parent" })).await;
    let child = |number| json!({ "LastName": format!("Child {number}"), "AccountId": parent });
    world.in_a.create_many("Contact", (0..50).map(child).collect()).await;
    let other = world.in_a.create("Contact", json!({ "LastName": "Nobody's" })).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Contact"), 51);
    world.in_a.delete("Account", &parent).await;
    world.in_a.update("Contact", &other, json!({ "LastName": "Still nobody's" })).await;
    world.sync().await.expect_code(0);
    assert_eq!((world.b.count("Account"), world.b.count("Contact")), (0, 1));
    assert_equal(&world).await;
    let [gap] = &closed_gaps(&world, "Contact").await[..] else { panic!("one gap") };
    assert_eq!((&gap["cause"], &gap["rows"]), (&json!("no_event"), &json!(50)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_overflow_left_out_is_in_org_b() {
    for hydrate in [true, false] {
        let world = World::builder()
            .org_a(|a| a.change_data_capture(["Account"]).change_event_threshold(100))
            .source(&format!("channel: cdc\nhydrate: {hydrate}"))
            .objects("Account: { external_id: OrgA_Id__c }\n")
            .build()
            .await;
        let Some(world) = world else { return };
        world.prime().await;
        let account = |number| json!({ "Name": format!("Account {number}") });
        let ids = world.in_a.create_many("Account", (0..200).map(account).collect()).await;
        world.sync().await.expect_code(0);
        assert_eq!(world.b.count("Account"), 200);
        world.in_a.delete("Account", &ids[0]).await;
        world.a.order_gaps("Account", 1).expect("the object is captured");
        world.in_a.update("Account", &ids[1], json!({ "Name": "Changed" })).await;
        world.sync().await.expect_code(0);
        assert_equal(&world).await;
        assert_eq!(world.b.count("Account"), 199);
        let gaps = closed_gaps(&world, "Account").await;
        assert!(gaps.iter().any(|gap| gap["cause"] == "overflow"), "{gaps:#?}");
    }
}
