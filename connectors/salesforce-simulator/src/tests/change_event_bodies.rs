//! Change Data Capture: formula fields, events that are too large to be told, and changes that came in bulk.

use serde_json::{Value as Json, json};

use super::change_events::{first, kinds};
use super::client::{Client, org};
use crate::{Org, SimulatorError};

const DEALS: &str = "objects:
  Deal__c:
    label: Deal
    plural: Deals
    change_data_capture: true
    fields:
      - { name: Net__c, type: double, label: Net, precision: 18, scale: 2 }
      - { name: Note__c, type: string, label: Note, length: 20 }
      - { name: Gross__c, type: double, label: Gross, precision: 18, scale: 2, formula: Net__c * 2 }
      - { name: Huge__c, type: double, label: Huge, precision: 18, scale: 0, formula: Net__c * 1000000000 }
";

async fn with_objects(name: &str, yaml: &str) -> Result<(Org, Client), SimulatorError> {
    let org = Org::builder().name(name).objects(yaml).start().await?;
    let client = Client::login(&org).await;
    Ok((org, client))
}

fn changed(header: &Json) -> Vec<&str> {
    let names = header["changedFields"].as_array().unwrap().iter();
    names.map(|name| name.as_str().unwrap()).filter(|name| *name != "LastModifiedDate").collect()
}

#[tokio::test]
async fn formula_fields_are_told_when_they_change_along_with_their_record() {
    let (_org, client) = with_objects("formulas", DEALS).await.unwrap();
    let id = client.create("Deal__c", json!({"Net__c": 5})).await;
    let path = format!("sobjects/Deal__c/{id}");
    client.patch(&path, json!({"Net__c": 7})).await;
    client.patch(&path, json!({"Note__c": "x"})).await;
    client.patch(&path, json!({"Net__c": null})).await;
    client.delete(&path).await;
    let events = first(&client, "/data/Deal__ChangeEvent", 5).await;
    assert_eq!(kinds(&events), ["CREATE", "UPDATE", "UPDATE", "UPDATE", "DELETE"]);
    assert_eq!((&events[0].1["Gross__c"], &events[0].1["Net__c"]), (&json!(10.0), &json!(5.0)));
    assert_eq!(changed(&events[1].0), ["Net__c", "Gross__c", "Huge__c"]);
    assert_eq!(events[1].1["Gross__c"], json!(14.0));
    assert_eq!(changed(&events[2].0), ["Note__c"]);
    assert!(events[2].1.get("Gross__c").is_none());
    assert_eq!(events[3].1.get("Net__c"), Some(&Json::Null));
    assert_eq!(events[4].1, json!({}));
}

#[tokio::test]
async fn a_formula_that_gives_more_than_18_digits_makes_a_gap_event() {
    let (_org, client) = with_objects("digits", DEALS).await.unwrap();
    let id = client.create("Deal__c", json!({"Net__c": 999_999_999})).await;
    client.patch(&format!("sobjects/Deal__c/{id}"), json!({"Net__c": 1_000_000_000})).await;
    let events = first(&client, "/data/Deal__ChangeEvent", 2).await;
    assert_eq!(kinds(&events), ["CREATE", "GAP_UPDATE"]);
    assert_eq!((&events[1].0["recordIds"], &events[1].1), (&json!([id]), &json!({})));
}

#[tokio::test]
async fn an_event_larger_than_a_mebibyte_is_a_gap_event() {
    let fields: Vec<String> = (0..9)
        .map(|n| format!("      - {{ name: T{n}__c, type: textarea, label: T, length: 131072 }}\n"))
        .collect();
    let yaml = format!(
        "objects:\n  Book__c:\n    label: Book\n    plural: Books\n    change_data_capture: true\n    fields:\n{}",
        fields.concat()
    );
    let (_org, client) = with_objects("large", &yaml).await.unwrap();
    let texts = |many: usize, letter: &str| -> Json {
        (0..many)
            .map(|n| (format!("T{n}__c"), json!(letter.repeat(130_000))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let id = client.create("Book__c", texts(9, "a")).await;
    client.create("Book__c", texts(7, "a")).await;
    client.patch(&format!("sobjects/Book__c/{id}"), texts(9, "b")).await;
    client.delete(&format!("sobjects/Book__c/{id}")).await;
    let events = first(&client, "/data/Book__ChangeEvent", 4).await;
    assert_eq!(kinds(&events), ["GAP_CREATE", "CREATE", "GAP_UPDATE", "DELETE"]);
    assert_eq!((&events[0].0["recordIds"], &events[0].1), (&json!([id]), &json!({})));
    assert_eq!(events[0].0["changedFields"], json!([]));
}

#[tokio::test]
async fn changes_that_come_in_bulk_are_told_and_say_so() {
    let org = org("bulk-changes").await;
    org.capture("Account").unwrap();
    let client = Client::login(&org).await;
    let insert = json!({"object": "Account", "operation": "insert"});
    let (_, good, _) = client.done(insert, "Name\na\nb\n").await;
    let ids: Vec<&str> = good[1..].iter().map(|line| &line[1..19]).collect();
    let update = json!({"object": "Account", "operation": "update"});
    client.done(update, &format!("Id,Industry\n{},Energy\n{},Energy\n", ids[0], ids[1])).await;
    let delete = json!({"object": "Account", "operation": "delete"});
    client.done(delete, &format!("Id\n{}\n", ids[0])).await;
    let events = first(&client, "/data/AccountChangeEvent", 4).await;
    assert_eq!(kinds(&events), ["CREATE", "CREATE", "UPDATE", "DELETE"]);
    assert_eq!((&events[2].0["recordIds"], &events[2].1["Industry"]), (&json!(ids), &json!("Energy")));
    for (header, _) in &events {
        assert_eq!(header["changeOrigin"], "com/salesforce/api/bulkapi/60.0");
    }
}
