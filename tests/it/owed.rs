//! References whose parent does not come.

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;

use crate::support::{World, locked};

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_whose_parent_never_comes_ends_the_sync_with_its_name_and_is_set_when_it_does() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.prime().await;
    let refused =
        Effect::RecordError { code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".into(), message: "no".into() };
    let fault = world.b.faults().add(Fault::new(CallKind::Write, refused).containing("Refused"));
    let parent = world.in_a.create("Account", json!({ "Name": "Refused" })).await;
    let child = world.in_a.create("Contact", json!({ "LastName": "Orphan", "AccountId": parent })).await;
    // The second time a sink that has not read yet what is owed looks as if it had nothing to do.
    for half in [&[][..], &["--only", "sink"]] {
        let finished = world.sync_with(half).await.expect_code(1);
        for said in [&child, "AccountId", &parent, &world.pipeline] {
            assert!(finished.stderr.contains(said), "no `{said}` in\n{}", finished.stderr);
        }
    }
    assert_eq!((world.b.count("Account"), world.b.count("Contact")), (0, 1));

    assert!(world.b.faults().remove(fault));
    world.in_a.update("Account", &parent, json!({ "Phone": "1" })).await;
    world.sync().await.expect_code(0);
    world.verify().await;
    let (accounts, contacts) = (world.b.rows("Account"), world.b.rows("Contact"));
    assert_eq!(contacts[0]["AccountId"], accounts[0]["Id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_to_a_parent_that_is_gone_is_no_debt_and_is_set_when_the_parent_comes_back() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.prime().await;
    let parent = world.in_a.create("Contact", json!({ "LastName": "Boss" })).await;
    world.in_a.create("Contact", json!({ "LastName": "Locked", "ReportsToId": parent })).await;
    world.sync_with(&["--only", "source"]).await.expect_code(0);
    world.in_a.delete("Contact", &parent).await;
    world.sync_with(&["--only", "source"]).await.expect_code(0);
    // The contact is in retry until the one that it points at is deleted again.
    world.b.faults().add(Fault::new(CallKind::Write, locked()).containing("Locked").times(4));
    world.sync_with(&["--only", "sink"]).await.expect_code(0);
    assert_eq!(world.b.count("Contact"), 1);
    world.verify().await;

    world.in_a.undelete(&parent).await;
    world.sync().await.expect_code(0);
    world.verify().await;
    let contacts = world.b.rows("Contact");
    let named = |name: &str| contacts.iter().find(|contact| contact["LastName"] == name).unwrap();
    assert_eq!((contacts.len(), &named("Locked")["ReportsToId"]), (2, &named("Boss")["Id"]));
}
