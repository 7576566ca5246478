//! What is used up of an org's allocations, as `/limits` tells it, and what an org lets go of in the long run.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::bayeux::{Bayeux, LEADS, lead};
use super::client::{Client, http, org, read, typed};
use super::streaming::Stream;
use crate::Org;

const EVENTS: &str = "objects: { Order__e: { label: Order, plural: Orders, fields: [
    { name: Number__c, type: string, label: Number, length: 20 }] } }";

/// How much of a limit is used.
async fn used(client: &Client, name: &str) -> u64 {
    let (status, limits) = client.get("limits").await;
    assert_eq!(status, 200, "{limits}");
    let figure = |key: &str| limits[name][key].as_u64().unwrap_or_else(|| panic!("no {name}: {limits}"));
    figure("Max") - figure("Remaining")
}

/// So many accounts, written by the fewest calls.
async fn accounts(client: &Client, count: usize) {
    for _ in 0..count / 200 {
        let records: Vec<Json> = (0..200).map(|_| typed("Account", json!({"Name": "x"}))).collect();
        client.post("composite/sobjects", json!({"records": records})).await;
    }
}

#[tokio::test]
async fn events_are_counted_when_they_are_published_and_for_each_subscriber_they_reach() {
    let org = Org::builder().name("told").objects(EVENTS).change_data_capture(["Lead"]);
    let org = org.start().await.unwrap();
    let (client, first) = Bayeux::ready(&org).await;
    let second = Bayeux::new(&client);
    let ids = [first.subscribed(LEADS, -1).await, second.subscribed(LEADS, -1).await];
    lead(&client, "a").await;
    lead(&client, "b").await;
    let streaming = "DailyDurableStreamingApiEvents";
    assert_eq!(used(&client, streaming).await, 0, "nobody has got them yet");
    assert_eq!((first.leads(&ids[0]).await.len(), second.leads(&ids[1]).await.len()), (2, 2));
    assert_eq!(used(&client, streaming).await, 4);

    for number in ["1", "2", "3"] {
        client.post("sobjects/Order__e", json!({"Number__c": number})).await;
    }
    assert_eq!(used(&client, "HourlyPublishedPlatformEvents").await, 3);
    let (_, orders) = Stream::open(&client, "/event/Order__e", -2).await;
    orders.events(3).await;
    let (_, changes) = Stream::open(&client, "/data/LeadChangeEvent", -2).await;
    changes.events(2).await;
    assert_eq!(used(&client, "DailyDeliveredPlatformEvents").await, 5, "both kinds share one allocation");

    let channel = client.create("StreamingChannel", json!({"Name": "/u/News"})).await;
    let (_, news) = Stream::open(&client, "/u/News", -1).await;
    let push = json!({"pushEvents": [{"payload": "x"}]});
    client.post(&format!("sobjects/StreamingChannel/{channel}/push"), push).await;
    news.events(1).await;
    assert_eq!(used(&client, "DailyDurableGenericStreamingApiEvents").await, 1);

    org.limit_daily_events(Some(7));
    let (_, limits) = client.get("limits").await;
    assert_eq!(limits[streaming], json!({"Max": 7, "Remaining": 3}), "what is ordered is what is shown");
    org.limit_daily_events(None);
    org.advance(Duration::from_mins(61));
    let counts = (used(&client, "HourlyPublishedPlatformEvents").await, used(&client, streaming).await);
    assert_eq!(counts, (0, 4), "an hour later only the allocation of the hour is new");
}

#[tokio::test]
async fn a_bulk_job_uses_a_batch_for_every_ten_thousand_rows() {
    let org = org("batches").await;
    let client = Client::login(&org).await;
    let body = json!({"object": "Account", "operation": "insert"});
    let file = |rows: usize| format!("Name\n{}", "x\n".repeat(rows));
    for (rows, batches) in [(450, 1), (10_000, 2), (10_001, 4)] {
        let (job, ..) = client.done(body.clone(), &file(rows)).await;
        assert_eq!(job["numberRecordsProcessed"], rows);
        assert_eq!(used(&client, "DailyBulkApiBatches").await, batches, "{rows}");
    }
    client.post("jobs/query", json!({"operation": "query", "query": "SELECT Id FROM Account"})).await;
    assert_eq!(used(&client, "DailyBulkV2QueryJobs").await, 1);
    org.advance(Duration::from_hours(25));
    let client = Client::login(&org).await;
    assert_eq!(
        (used(&client, "DailyBulkApiBatches").await, used(&client, "DailyBulkV2QueryJobs").await),
        (0, 0)
    );
}

#[tokio::test]
async fn a_job_that_nobody_closed_is_forgotten_after_a_week() {
    let org = org("left").await;
    let client = Client::login(&org).await;
    let body = json!({"object": "Account", "operation": "insert"});
    let id = client.job(body.clone()).await;
    org.advance(Duration::from_hours(8 * 24));
    let client = Client::login(&org).await;
    client.job(body).await;
    assert_eq!(client.get(&format!("jobs/ingest/{id}")).await.0, 404);
}

#[tokio::test]
async fn an_old_client_has_ten_open_cursors_and_loses_the_oldest_to_the_next() {
    let org = org("cursors").await;
    let client = Client::login(&org).await;
    accounts(&client, 2_200).await;
    let page = async |version: &str, url: &str| {
        let url = format!("{}/services/data/v{version}/{url}", org.url());
        read(http().get(url).bearer_auth(&client.token).send().await.unwrap()).await
    };
    let open = async |version: &str| {
        let (_, first) = page(version, "query?q=SELECT+Id+FROM+Account").await;
        let url = first["nextRecordsUrl"].as_str().unwrap().to_owned();
        url.rsplit('/').next().unwrap().to_owned()
    };
    let mut old = Vec::new();
    for _ in 0..11 {
        old.push(open("55.0").await);
    }
    let (status, errors) = page("55.0", &format!("query/{}", old[0])).await;
    assert_eq!(
        (status, errors),
        (400, json!([{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}]))
    );
    for kept in &old[1..] {
        let (status, rest) = page("55.0", &format!("query/{kept}")).await;
        assert_eq!((status, rest["records"].as_array().map(Vec::len)), (200, Some(200)));
    }
    let mut new = Vec::new();
    for _ in 0..12 {
        new.push(open("56.0").await);
    }
    for kept in [&new[0], &old[1]] {
        assert_eq!(page("56.0", &format!("query/{kept}")).await.0, 200, "newer versions have no such cap");
    }
}

#[tokio::test]
async fn the_cursors_of_one_query_stay_together_however_many_its_children_need() {
    let org = org("children").await;
    let client = Client::login(&org).await;
    for parent in 0..12 {
        let parent = client.create("Account", json!({"Name": format!("{parent}")})).await;
        let contact = typed("Contact", json!({"LastName": "x", "AccountId": parent}));
        for _ in 0..2 {
            let records = vec![contact.clone(); 105];
            client.post("composite/sobjects", json!({"records": records})).await;
        }
    }
    let url = format!("{}/services/data/v50.0/query", org.url());
    let soql = "SELECT Id, (SELECT Id FROM Contacts) FROM Account ORDER BY Name";
    let request = http().get(url).query(&[("q", soql)]).header("sforce-query-options", "batchSize=200");
    let (_, answer) = read(request.bearer_auth(&client.token).send().await.unwrap()).await;
    for account in answer["records"].as_array().unwrap() {
        let next = account["Contacts"]["nextRecordsUrl"].as_str().unwrap();
        let next = http().get(format!("{}{next}", org.url())).bearer_auth(&client.token);
        let (status, rest) = read(next.send().await.unwrap()).await;
        assert_eq!((status, rest["records"].as_array().map(Vec::len)), (200, Some(10)), "{rest}");
    }
}
