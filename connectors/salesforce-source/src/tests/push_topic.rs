//! PushTopics in the org.

use std::time::Duration;

use orgstream_api::{Health, TaskError};
use orgstream_salesforce::{Row, SalesforceId};
use serde_json::{Value, json};

use super::feed::Committed;
use super::world::World;
use crate::config::Start;

async fn account_topic(world: &World) -> Row {
    let soql = "SELECT Id, Query, NotifyForFields, NotifyForOperationUndelete, Description FROM PushTopic \
                WHERE Name = 'orgstream_Account'";
    let mut rows = world.org.query(soql).await.unwrap().rows;
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

fn id_of(row: &Row) -> SalesforceId {
    row.get("Id").and_then(Value::as_str).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_push_topic_is_created_once_and_repaired_when_it_differs() {
    let world = World::start().await;
    let mut committed = Committed::default();
    drop(committed.source(&world, Start::Latest).await);
    let first = account_topic(&world).await;
    assert_eq!(first["NotifyForFields"], "All");
    assert_eq!(first["Query"], "SELECT Id FROM Account");

    world.update("PushTopic", id_of(&first), json!({"NotifyForOperationUndelete": false})).await;
    drop(committed.source(&world, Start::Latest).await);
    let second = account_topic(&world).await;
    assert_eq!(id_of(&second), id_of(&first));
    assert_eq!(second["NotifyForOperationUndelete"], true);
}

#[tokio::test]
async fn a_push_topic_of_somebody_else_is_left_alone() {
    let world = World::start().await;
    let foreign = json!({
        "Name": "orgstream_Account", "Query": "SELECT Id, Name FROM Account", "ApiVersion": 62.0,
        "NotifyForFields": "Referenced",
    });
    let fields: Row = serde_json::from_value(foreign).unwrap();
    world.org.create_one("PushTopic", &fields, Duration::from_secs(10)).await.unwrap();
    let mut committed = Committed::default();
    let feed = committed.source(&world, Start::Latest).await;
    let Health::Degraded(text) = feed.health.borrow().clone() else { panic!("{:?}", feed.health) };
    assert!(text.contains("orgstream_Account") && text.contains("NotifyForFields"), "{text}");
    drop(feed);
    assert_eq!(account_topic(&world).await["NotifyForFields"], "Referenced");

    let error = Committed::default().try_source_of(&world, &["Account"]).await.err().unwrap();
    assert!(matches!(error, TaskError::Config(_)), "with no other object it is a fault of the file: {error}");
}

#[tokio::test]
async fn an_object_that_the_org_lacks_is_a_fault_of_the_file() {
    let world = World::start().await;
    let error = Committed::default().try_source_of(&world, &["Acount"]).await.err().unwrap();
    let text = error.to_string();
    assert!(matches!(error, TaskError::Config(_)), "{text}");
    assert!(text.contains("`Acount`") && text.contains("org `a`"), "{text}");
}
