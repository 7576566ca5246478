//! The daily calls of an org run out: what can wait waits, and changes go on.

use serde_json::{Value as Json, json};

use crate::support::{World, eventually};

async fn held_back(world: &World, org: &str) -> Option<String> {
    let shown = world.command(&["status", "orgstream.yaml", "--json"]).finish().await.expect_code(0);
    let status: Json = serde_json::from_str(&shown.stdout).expect("JSON");
    status["status"]["orgs"][org]["held_back"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_reserve_a_comparison_waits_while_changes_flow_and_goes_on_by_itself() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.edit("  a: { url:", "  a: { allowances: { every: 1s, reserve: 5% }, url:");
    world.in_a.create("Lead", json!({ "LastName": "Before", "Company": "Acme" })).await;
    world.prime().await;
    // Fewer than were made already: nothing but the reserve is left, and not even that.
    world.a.limit_daily_api_requests(10);
    let running = world.run(&[]);
    running.warns("The org's calls run out").await;
    world.in_a.create("Lead", json!({ "LastName": "After", "Company": "Acme" })).await;
    eventually("the change arrives", || world.b.count("Lead") == 2).await;
    let said = held_back(&world, "a").await.expect("something is held back");
    for part in
        ["0 of its 10 daily calls are left", "kept for people", "`verify` wait", "changes and writes go on"]
    {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    assert_eq!(held_back(&world, "b").await, None);
    let verify = world.command(&["verify", "orgstream.yaml"]);
    verify.warns("The org's calls run out").await;
    world.a.limit_daily_api_requests(100_000);
    verify.finish().await.expect_code(0);
    running.warns("calls enough again").await;
    running.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_reserve_a_snapshot_waits_and_is_whole_in_the_end() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.edit("  a: { url:", "  a: { allowances: { every: 1s }, url:");
    let rows = (0..300).map(|n| json!({ "LastName": format!("Lead {n}"), "Company": "Acme" }));
    world.in_a.create_many("Lead", rows.collect()).await;
    world.a.limit_daily_api_requests(1);
    let running = world.run(&[]);
    running.warns("The org's calls run out").await;
    // What was there before the subscription is the snapshot's.
    for _ in 0..60 {
        if world.b.count("Account") > 0 {
            break;
        }
        world.in_a.create("Account", json!({ "Name": "Streamed" })).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert!(world.b.count("Account") > 0, "changes flow");
    assert_eq!(world.b.count("Lead"), 0);
    world.a.limit_daily_api_requests(100_000);
    let all = || world.b.count("Lead") == 300 && world.b.count("Account") == world.a.count("Account");
    eventually("the snapshot arrives", all).await;
    running.terminate().await.expect_code(0);
    world.verify().await;
}
