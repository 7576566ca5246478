//! Ids that changed in a span of time.

use std::time::Duration;

use serde_json::json;

use super::client::{Client, encode, org};
use crate::Org;

/// A moment so many seconds from the org's present, as clients write it.
async fn moment(client: &Client, org: &Org, seconds: i64) -> String {
    let (_, clock) =
        super::client::read(client.http.get(format!("{}/simulator/clock", org.url())).send().await.unwrap())
            .await;
    let now = crate::timestamp::Timestamp::parse(clock["now"].as_str().unwrap()).unwrap();
    crate::timestamp::Timestamp::from_millis(now.millis() + seconds * 1000).to_second().rest()
}

#[tokio::test]
async fn spans_that_cannot_be_are_refused() {
    let org = org("replication-bad").await;
    let client = Client::login(&org).await;
    let day = 86_400;
    for (resource, start, end) in
        [("updated", -31 * day, 0), ("deleted", -16 * day, 0), ("updated", 0, -3600), ("deleted", 0, 0)]
    {
        let (start, end) = (moment(&client, &org, start).await, moment(&client, &org, end).await);
        let path = format!("sobjects/Account/{resource}/?start={}&end={}", encode(&start), encode(&end));
        let (status, errors) = client.get(&path).await;
        assert_eq!(
            (status, errors[0]["errorCode"].as_str()),
            (400, Some("INVALID_REPLICATION_DATE")),
            "{path}"
        );
    }
    assert_eq!(client.get("sobjects/Account/updated?start=2026-01-01T00:00:00Z").await.0, 400);
    assert_eq!(client.get("sobjects/Account/updated?start=soon&end=2026-01-01T00:00:00Z").await.0, 400);
    assert_eq!(client.get("sobjects/Nope/updated?start=x&end=y").await.0, 404);
    let (status, errors) = client.post("sobjects/Account/deleted", json!({})).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (405, Some("METHOD_NOT_ALLOWED")));
}

#[tokio::test]
async fn what_changed_and_what_went_is_told_in_whole_minutes() {
    let org = org("replication").await;
    let client = Client::login(&org).await;
    let old = client.create("Account", json!({"Name": "old"})).await;
    let gone = client.create("Account", json!({"Name": "gone"})).await;
    org.advance(Duration::from_hours(1));
    client.patch(&format!("sobjects/Account/{old}"), json!({"Phone": "1"})).await;
    let new = client.create("Account", json!({"Name": "new"})).await;
    client.delete(&format!("sobjects/Account/{gone}")).await;
    org.advance(Duration::from_mins(2));
    let span = |start: String, end: String| format!("start={}&end={}", encode(&start), encode(&end));
    let recent = span(moment(&client, &org, -600).await, moment(&client, &org, 600).await);
    let (status, updated) = client.get(&format!("sobjects/account/updated/?{recent}")).await;
    assert_eq!((status, &updated["ids"]), (200, &json!([old, new])), "{updated}");
    let (_, deleted) = client.get(&format!("sobjects/Account/deleted?{recent}")).await;
    assert_eq!(deleted["deletedRecords"].as_array().unwrap().len(), 1);
    assert_eq!(deleted["deletedRecords"][0]["id"], gone);
    assert_eq!(deleted["latestDateCovered"], updated["latestDateCovered"]);
    assert!(updated["latestDateCovered"].as_str().unwrap().ends_with(":00.000+0000"));
    assert!(
        deleted["earliestDateAvailable"].as_str().unwrap() < deleted["latestDateCovered"].as_str().unwrap()
    );
    let before = span(moment(&client, &org, -7200).await, moment(&client, &org, -600).await);
    assert_eq!(client.get(&format!("sobjects/Account/updated?{before}")).await.1["ids"], json!([]));
}
