//! Two sink processes share a pipeline, and one dies: each record is there once. A partition that changes hands may be
//! written again, by upserts (D2), so calls are not counted.

use std::collections::HashSet;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use serde_json::{Value as Json, json};

use crate::support::{Link, SchemaStore, World, eventually, on_both_brokers};

/// Waits until the pipeline's consumer group has this many members, and each has its partitions.
pub(crate) async fn members(world: &Link, count: usize) {
    let client: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", &world.bootstrap_servers).create().expect("a client");
    let group = format!("orgstream.{}", world.pipeline);
    eventually("the members share the partitions", || {
        let listed = client.fetch_group_list(Some(&group), Duration::from_secs(5)).expect("an answer");
        let found = listed.groups().iter().find(|found| found.name() == group);
        found.is_some_and(|found| {
            let all_have = found
                .members()
                .iter()
                // An assignment without partitions is a version, a count of topics and a length: ten bytes.
                .all(|member| member.assignment().is_some_and(|bytes| bytes.len() > 10));
            found.state() == "Stable" && found.members().len() == count && all_have
        })
    })
    .await;
}

async fn leads(world: &World, name: &str, count: usize) {
    let rows = (0..count).map(|n| json!({ "LastName": format!("{name} {n}"), "Company": "Acme" }));
    world.in_a.create_many("Lead", rows.collect()).await;
}

on_both_brokers! {
async fn two_sink_processes_share_the_records_and_one_goes_on_when_the_other_is_killed(
    builder: WorldBuilder, kind: Kind
) {
    let Some(world) = builder.partitions(6).build().await else { return };
    // Processes with directories of their own need one registry.
    let schemas = (kind == Kind::Embedded).then(|| SchemaStore::start(&world.dir.path().join("schemas.db")));
    if let Some(schemas) = &schemas {
        world.edit("kafka:\n", &format!("schema_registry: {{ url: \"{}\" }}\nkafka:\n", schemas.url));
    }
    // All that follows comes by events. No sink has run yet: the group would wait for it to come back.
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
    let source = world.run(&["--only", "source"]);
    let one = world.run(&["--only", "sink", "--state", "sink-1"]);
    let other = world.run(&["--only", "sink", "--state", "sink-2"]);
    members(&world, 2).await;
    leads(&world, "Shared", 300).await;
    eventually("all leads arrive", || world.b.count("Lead") == 300).await;

    leads(&world, "Orphaned", 300).await;
    eventually("some leads arrive", || world.b.count("Lead") > 300).await;
    one.kill().await;
    members(&world, 1).await;
    eventually("the partitions of the dead are taken over", || world.b.count("Lead") == 600).await;
    leads(&world, "Inherited", 300).await;
    eventually("all leads arrive", || world.b.count("Lead") == 900).await;

    other.terminate().await.expect_code(0);
    source.terminate().await.expect_code(0);
    world.verify().await;
    let external: HashSet<Json> =
        world.b.rows("Lead").into_iter().map(|mut row| row["OrgA_Id__c"].take()).collect();
    assert_eq!(external.len(), 900);
    assert_eq!(world.dead_letters().await, []);
}
}
