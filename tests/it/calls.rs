//! How many calls a write costs.

use serde_json::json;

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_waiting_accounts_take_at_most_twenty_write_calls() {
    let Some(world) = World::builder().partitions(6).build().await else { return };
    let rows = (0..2_000).map(|n| json!({ "Name": format!("Account {n}") })).collect();
    world.in_a.create_many("Account", rows).await;
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
    world.b.reset_calls();
    world.run(&["--only", "sink", "--until-synced"]).finish().await.expect_code(0);
    assert_eq!(world.b.count("Account"), 2_000);
    let writes = world.b.writes();
    println!("2,000 accounts in {} write calls", writes.len());
    assert!(writes.len() <= 20, "{} calls: {writes:?}", writes.len());
}
