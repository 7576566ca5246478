//! Which records a duplicate rule compares with: those that are there now, with the values that they have now.

use serde_json::{Value as Json, json};

use super::client::Client;
use crate::Org;

const RULE: &str = "objects:
  Account:
    duplicate_rules: [{ name: Same_Duplicate_Rule, fields: [Name, BillingCity] }]
";

/// The records that a new one like this is refused for; none when it is saved, whose id is the second.
async fn alike(client: &Client, name: &str, city: &str) -> (Vec<Json>, Json) {
    let (_, answer) = client.post("sobjects/Account", json!({"Name": name, "BillingCity": city})).await;
    let found = answer[0]["duplicateResult"]["matchResults"][0]["matchRecords"].as_array().cloned();
    let ids = found.unwrap_or_default().iter().map(|found| found["record"]["Id"].clone()).collect();
    (ids, answer["id"].clone())
}

#[tokio::test]
async fn a_duplicate_rule_follows_every_change_of_the_records() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.data");
    let start = || Org::builder().name("alike").objects(RULE).data_file(&file).start();
    let org = start().await.unwrap();
    let client = Client::login(&org).await;
    let (_, first) = alike(&client, "Acme, Inc.", "Rome").await;
    assert_eq!(alike(&client, "ACME INC", "rome").await.0, std::slice::from_ref(&first));
    // What one field ends with is not what the next one begins with.
    assert_eq!(alike(&client, "Acme Incro", "me").await.0, [] as [Json; 0]);
    let path = format!("sobjects/Account/{}", first.as_str().unwrap());
    assert_eq!(
        client.patch(&path, json!({"Name": "acme inc", "Phone": "1"})).await.0,
        204,
        "it is none of its own"
    );
    client.patch(&path, json!({"BillingCity": "Bari"})).await;
    assert_eq!(alike(&client, "Acme Inc", "Bari").await.0, std::slice::from_ref(&first));
    client.delete(&path).await;
    let (none, second) = alike(&client, "Acme Inc", "Bari").await;
    assert!(none.is_empty() && second.is_string());
    assert_eq!(client.undelete(&[first.as_str().unwrap()]).await, [""]);
    let mut both = vec![first, second];
    both.sort_by_key(Json::to_string);
    assert_eq!(alike(&client, "Acme Inc", "Bari").await.0, both);
    org.stop().await;
    let org = start().await.unwrap();
    let client = Client::login(&org).await;
    assert_eq!(alike(&client, "Acme Inc", "Bari").await.0, both, "after a restart, too");
}
