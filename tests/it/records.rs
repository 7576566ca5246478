//! What becomes of single records on their way from org A to org B.

use serde_json::{Value as Json, json};

use crate::support::World;

const CLEAN: &[(String, String)] = &[];

fn find<'a>(rows: &'a [Json], field: &str, value: &str) -> &'a Json {
    rows.iter()
        .find(|row| row[field] == value)
        .unwrap_or_else(|| panic!("no row with {field} = {value} in {rows:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn creates_changes_deletes_and_undeletes_of_org_a_arrive_in_org_b() {
    let Some(world) = World::builder().build().await else { return };
    world.prime().await;
    let kept = world
        .in_a
        .create("Account", json!({ "Name": "Kept", "Description": "x".repeat(30_000), "Phone": "1" }))
        .await;
    let gone = world.in_a.create("Account", json!({ "Name": "Gone" })).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Account"), 2);

    world.in_a.update("Account", &kept, json!({ "Phone": null, "NumberOfEmployees": 7 })).await;
    world.in_a.delete("Account", &gone).await;
    world.sync().await.expect_code(0);
    let rows = world.b.rows("Account");
    assert_eq!(rows.len(), 1);
    let row = find(&rows, "OrgA_Id__c", &kept);
    assert_eq!((&row["Phone"], &row["NumberOfEmployees"]), (&Json::Null, &json!(7)));
    assert_eq!(row["Description"].as_str().map(str::len), Some(30_000));
    let before = row["Id"].clone();

    world.in_a.undelete(&gone).await;
    world.sync().await.expect_code(0);
    let rows = world.b.rows("Account");
    assert_eq!(rows.len(), 2);
    assert_eq!(find(&rows, "OrgA_Id__c", &kept)["Id"], before);
    find(&rows, "OrgA_Id__c", &gone);
    world.verify().await;
    assert_eq!(world.dead_letters().await, CLEAN);
}

#[tokio::test(flavor = "multi_thread")]
async fn references_point_at_the_records_of_org_b_also_in_cycles_and_when_the_parent_comes_late() {
    let Some(world) = World::builder().build().await else { return };
    let parent = world.in_a.create("Account", json!({ "Name": "Parent" })).await;
    let child = world.in_a.create("Account", json!({ "Name": "Child", "ParentId": parent })).await;
    let boss = world.in_a.create("Contact", json!({ "LastName": "Boss", "AccountId": child })).await;
    let report = world
        .in_a
        .create("Contact", json!({ "LastName": "Report", "AccountId": child, "ReportsToId": boss }))
        .await;
    // A cycle: each account is the other's parent.
    world.in_a.update("Account", &parent, json!({ "ParentId": child })).await;
    world.sync().await.expect_code(0);
    world.verify().await;
    let accounts = world.b.rows("Account");
    let contacts = world.b.rows("Contact");
    let (parent, child) = (find(&accounts, "OrgA_Id__c", &parent), find(&accounts, "OrgA_Id__c", &child));
    assert_eq!((&child["ParentId"], &parent["ParentId"]), (&parent["Id"], &child["Id"]));
    let (boss, report) = (find(&contacts, "OrgA_Id__c", &boss), find(&contacts, "OrgA_Id__c", &report));
    assert_eq!((&report["ReportsToId"], &report["AccountId"]), (&boss["Id"], &child["Id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_brings_what_was_there_before_and_the_stream_what_comes_after() {
    let Some(world) = World::builder().build().await else { return };
    let rows = (0..2_500).map(|n| json!({ "LastName": format!("Lead {n}"), "Company": "Acme" })).collect();
    let ids = world.in_a.create_many("Lead", rows).await;
    // The events of these creates are older than a day: only a snapshot brings them.
    world.a.advance(std::time::Duration::from_hours(25));
    let running = world.run(&[]);
    world.in_a.update("Lead", &ids[0], json!({ "Company": "Changed" })).await;
    world.in_a.delete("Lead", &ids[1]).await;
    crate::support::eventually("all leads are in org B", || world.b.count("Lead") >= 2_499).await;
    running.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 2_499);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fixed_operation_rejects_a_deleted_event_with_its_reason_and_writes_nothing() {
    let Some(world) = World::builder().operation("upsert").build().await else { return };
    world.prime().await;
    let id = world.in_a.create("Lead", json!({ "LastName": "Short", "Company": "Lived" })).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 1);
    world.b.reset_calls();
    world.in_a.delete("Lead", &id).await;
    world.sync().await.expect_code(1);
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].1.contains("deleted"), "{letters:?}");
    assert_eq!((world.b.count("Lead"), world.b.writes().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_event_is_never_upserted_also_when_org_b_never_had_the_record() {
    let Some(world) = World::builder().build().await else { return };
    world.prime().await;
    let id = world.in_a.create("Lead", json!({ "LastName": "Short", "Company": "Lived" })).await;
    world.in_a.delete("Lead", &id).await;
    world.sync().await.expect_code(0);
    assert_eq!((world.b.count("Lead"), world.b.writes().len()), (0, 0));
    assert_eq!(world.dead_letters().await, CLEAN);
}
