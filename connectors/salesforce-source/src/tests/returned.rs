//! What points at records that came back from the recycle bin.

use orgstream_api::record::header;
use orgstream_api::{SourceRecord, Value};
use serde_json::json;

use super::feed::{Committed, id, text};
use super::world::World;
use crate::config::Start;

fn parent(record: &SourceRecord) -> Option<&Value> {
    record.record.value.as_ref()?.value("ParentId")
}

#[tokio::test]
async fn a_look_up_that_the_org_fills_again_without_a_stamp_is_read_once_more() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let above = world.create("Account", json!({"Name": "Above"})).await;
    let below = world.create("Account", json!({"Name": "Below", "ParentId": above.as_str()})).await;
    world.create("Account", json!({"Name": "Other"})).await;
    feed.until_records(3).await;
    world.delete(above).await;
    world.update("Account", below, json!({"Phone": "1"})).await;
    feed.until_records(5).await;
    let emptied = feed.committed.records.iter().rfind(|record| id(record) == below.as_str()).unwrap();
    assert_eq!(parent(emptied), Some(&Value::Null));
    world.undelete(above).await;
    feed.until_records(7).await;
    let last = &committed.records[6];
    assert_eq!((id(last), text(last, "ParentId")), (below.as_str(), above.as_str()));
    assert_eq!(last.record.headers.text(header::ORIGIN), Some("snapshot"));
}
