//! SOQL over the wire.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Client, encode, org, typed};
use crate::Org;

async fn filled(org: &Org, accounts: usize) -> Client {
    let client = Client::login(org).await;
    for from in (0..accounts).step_by(200) {
        let records: Vec<Json> = (from..(from + 200).min(accounts))
            .map(|n| {
                typed("Account", json!({"Name": format!("Account {n:05}"), "OrgA_Id__c": format!("k{n}")}))
            })
            .collect();
        let (status, _) = client.post("composite/sobjects", json!({"records": records})).await;
        assert_eq!(status, 200);
    }
    client
}

#[tokio::test]
async fn big_answers_come_in_pages_of_two_thousand() {
    let org = org("pages").await;
    let client = filled(&org, 4_500).await;
    let mut page = client.query("SELECT Id, Name FROM Account").await;
    let mut seen = Vec::new();
    loop {
        assert_eq!(page["totalSize"], 4_500);
        seen.extend(page["records"].as_array().unwrap().iter().map(|r| r["Id"].as_str().unwrap().to_owned()));
        let Some(next) = page.get("nextRecordsUrl").and_then(Json::as_str) else { break };
        let next = next.rsplit('/').next().unwrap().to_owned();
        page = client.get(&format!("query/{next}")).await.1;
    }
    assert_eq!((seen.len(), page["done"].as_bool()), (4_500, Some(true)));
    assert!(seen.is_sorted());

    let mut cursor = "000000000000000".to_owned();
    let mut by_cursor = Vec::new();
    loop {
        let page = client
            .column(&format!("SELECT Id FROM Account WHERE Id > '{cursor}' ORDER BY Id LIMIT 2000"), "Id")
            .await;
        let Some(last) = page.last() else { break };
        cursor.clone_from(last);
        by_cursor.extend(page);
    }
    assert_eq!(by_cursor, seen);
    assert_eq!(client.query("SELECT COUNT() FROM Account").await["totalSize"], 4_500);
    let (status, errors) = client.get("query/01gzz0000000000AAA-2000").await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some("INVALID_QUERY_LOCATOR")));
}

#[tokio::test]
async fn conditions_select_what_they_say() {
    let org = org("conditions").await;
    let client = Client::login(&org).await;
    let parent = client
        .create("Account", json!({"Name": "Parent", "Industry": "Energy", "NumberOfEmployees": 5}))
        .await;
    client
        .create(
            "Account",
            json!({"Name": "O'Neil \\ Co", "Rating": "Hot", "NumberOfEmployees": 50, "AnnualRevenue": 10}),
        )
        .await;
    client.create("Account", json!({"Name": "third", "Rating": "Cold"})).await;
    client
        .create(
            "Contact",
            json!({"LastName": "Rossi", "FirstName": "Anna", "AccountId": parent, "DoNotCall": true}),
        )
        .await;
    client.create("Contact", json!({"LastName": "Solo", "Birthdate": "1990-05-06"})).await;
    for (condition, names) in [
        ("Name = 'PARENT'", vec!["Parent"]),
        ("Name = 'O\\'Neil \\\\ Co'", vec!["O'Neil \\ Co"]),
        ("Name LIKE '%ren%' OR Name LIKE 't_ird'", vec!["Parent", "third"]),
        ("NumberOfEmployees > 5", vec!["O'Neil \\ Co"]),
        ("NumberOfEmployees >= 5 AND (Rating = null OR Rating = 'Cold')", vec!["Parent"]),
        ("Rating IN ('Hot', 'cold')", vec!["O'Neil \\ Co", "third"]),
        ("Rating NOT IN ('Hot')", vec!["Parent", "third"]),
        ("Rating != 'Hot'", vec!["Parent", "third"]),
        ("(NOT Rating = 'Hot') AND Industry = 'Energy'", vec!["Parent"]),
        ("AnnualRevenue <= 10.0", vec!["O'Neil \\ Co"]),
        ("CreatedDate > 2020-01-01T00:00:00Z AND Rating = 'Hot'", vec!["O'Neil \\ Co"]),
        ("CreatedDate < 2020-01-01T00:00:00+01:00", vec![]),
        ("Owner.Name = 'Ops Bot' AND Rating = 'Cold'", vec!["third"]),
    ] {
        let soql = format!("SELECT Name FROM Account WHERE {condition} ORDER BY Id");
        assert_eq!(client.column(&soql, "Name").await, names, "{condition}");
    }
    let contacts = client
        .query("SELECT Name, Account.Name, Account.Owner.Name FROM Contact ORDER BY Birthdate NULLS LAST")
        .await;
    assert_eq!(contacts["records"][0]["Account"], Json::Null);
    assert_eq!(contacts["records"][1]["Account"]["Owner"]["Name"], "Ops Bot");
    assert_eq!(contacts["records"][1]["Name"], "Anna Rossi");
    assert_eq!(
        client.column("SELECT Name FROM Contact WHERE DoNotCall = true", "Name").await,
        ["Anna Rossi"]
    );
    assert_eq!(
        client
            .column("SELECT Name FROM Account ORDER BY NumberOfEmployees DESC LIMIT 1 OFFSET 1", "Name")
            .await,
        ["O'Neil \\ Co"]
    );
}

#[tokio::test]
async fn mistakes_are_pointed_at() {
    let org = org("mistakes").await;
    let client = Client::login(&org).await;
    let failure = async |soql: &str| {
        let (status, errors) = client.get(&format!("query/?q={}", encode(soql))).await;
        assert_eq!(status, 400, "{soql}");
        (
            errors[0]["errorCode"].as_str().unwrap().to_owned(),
            errors[0]["message"].as_str().unwrap().to_owned(),
        )
    };
    let (code, text) = failure("SELECT Bacon__c FROM Account LIMIT 2").await;
    assert_eq!(code, "INVALID_FIELD");
    assert!(text.starts_with(
        "\nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\nNo such column 'Bacon__c'"
    ));
    assert_eq!(failure("SELECT Id FORM Account").await.0, "MALFORMED_QUERY");
    assert_eq!(failure("SELECT Id FROM Foo__c").await.0, "INVALID_TYPE");
    assert_eq!(failure("SELECT Id FROM Account WHERE Description = 'x'").await.0, "INVALID_FIELD");
    assert_eq!(failure("SELECT Id FROM Account WHERE CreatedDate > '2020'").await.0, "INVALID_FIELD");
    assert_eq!(failure("SELECT Id FROM Account WHERE Id = 'x'").await.0, "INVALID_QUERY_FILTER_OPERATOR");
    assert_eq!(failure("SELECT Name, COUNT(Id) FROM Account").await.0, "MALFORMED_QUERY");
}

#[tokio::test]
async fn query_all_finds_the_deleted_and_stamps_follow_the_orgs_clock() {
    let org = org("all").await;
    let client = filled(&org, 2).await;
    let id = client.column("SELECT Id FROM Account WHERE OrgA_Id__c = 'k1'", "Id").await.remove(0);
    org.advance(Duration::from_hours(1));
    let before = client.query("SELECT SystemModstamp FROM Account WHERE OrgA_Id__c IN ('k1')").await;
    client.delete(&format!("sobjects/Account/{id}")).await;
    assert_eq!(client.query("SELECT Id FROM Account").await["totalSize"], 1);
    let (_, all) =
        client.get("queryAll?q=SELECT%20Id,SystemModstamp%20FROM%20Account%20WHERE%20IsDeleted=true").await;
    assert_eq!(all["records"][0]["Id"], id);
    assert!(all["records"][0]["SystemModstamp"].as_str() > before["records"][0]["SystemModstamp"].as_str());
    assert_eq!(client.column("SELECT Id, Name FROM Organization", "Name").await, ["all"]);
}
