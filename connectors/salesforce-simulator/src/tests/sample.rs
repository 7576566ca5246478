//! Sample records of a new org.

use std::collections::{HashMap, HashSet};

use serde_json::{Value as Json, json};

use super::client::Client;
use crate::Org;

#[tokio::test]
async fn a_new_org_holds_so_many_records_with_relations_and_the_same_every_time() {
    let mut names = Vec::new();
    for name in ["one", "two"] {
        let org = Org::builder().name(name).records(402).start().await.unwrap();
        let counts = ["Account", "Contact", "Lead"].map(|object| org.count(object));
        assert_eq!(counts, [100, 201, 101]);
        let accounts = org.rows("Account");
        assert!(accounts.iter().filter(|row| row["ParentId"].is_string()).count() > 50);
        let contacts = org.rows("Contact");
        assert!(contacts.iter().all(|row| row["AccountId"].is_string()));
        assert!(contacts.iter().filter(|row| row["ReportsToId"].is_string()).count() > 50);
        names.push(contacts.iter().map(|row| row["Email"].clone()).collect::<Vec<_>>());
        org.stop().await;
    }
    assert_eq!(names[0], names[1]);
}

#[tokio::test]
async fn things_happen_to_them_and_every_relation_leads_somewhere() {
    let org = Org::builder().name("sales").records(800).start().await.unwrap();
    let counts =
        ["Campaign", "CampaignMember", "Opportunity", "Case", "Task"].map(|object| org.count(object));
    assert_eq!(counts, [4, 100, 100, 100, 100]);
    let ids = |object: &str| -> HashMap<String, Json> {
        org.rows(object).into_iter().map(|row| (row["Id"].as_str().unwrap().to_owned(), row)).collect()
    };
    let known = ["Account", "Contact", "Lead", "Campaign", "Opportunity", "Case"].map(ids);
    let leads_to = |row: &Json, field: &str, objects: &[usize]| {
        row[field].as_str().is_some_and(|id| objects.iter().any(|at| known[*at].contains_key(id)))
    };
    assert!(org.rows("Opportunity").iter().all(|row| leads_to(row, "AccountId", &[0])));
    assert!(org.rows("Opportunity").iter().filter(|row| leads_to(row, "CampaignId", &[3])).count() > 20);
    for case in org.rows("Case") {
        let contact = &known[1][case["ContactId"].as_str().unwrap()];
        assert_eq!(case["AccountId"], contact["AccountId"]);
    }
    assert!(org.rows("Task").iter().all(|row| leads_to(row, "WhoId", &[1, 2])));
    assert!(org.rows("Task").iter().filter(|row| leads_to(row, "WhatId", &[0, 4, 5])).count() > 40);
    let members = org.rows("CampaignMember");
    assert!(members.iter().all(|row| leads_to(row, "LeadId", &[2]) != leads_to(row, "ContactId", &[1])));
    let pairs: HashSet<_> = members
        .iter()
        .map(|row| format!("{}{}{}", row["CampaignId"], row["LeadId"], row["ContactId"]))
        .collect();
    assert_eq!(pairs.len(), members.len(), "nobody is invited twice");
}

#[tokio::test]
async fn a_seed_makes_the_whole_org_the_same_and_another_seed_another_org() {
    let mut rows = Vec::new();
    for seed in [1, 1, 2] {
        let org = Org::builder().name("seeded").seed(seed).records(40).start().await.unwrap();
        rows.push(
            org.rows("Contact")
                .iter()
                .map(|row| (row["Id"].clone(), row["Email"].clone()))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(rows[0], rows[1]);
    assert!(rows[0].iter().zip(&rows[2]).filter(|(one, two)| one.1 == two.1).count() < 3);
}

#[tokio::test]
async fn sample_records_come_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.data");
    for _ in 0..2 {
        let org = Org::builder().data_file(&file).records(20).start().await.unwrap();
        assert_eq!(org.count("Contact"), 10);
        org.stop().await;
    }
}

#[tokio::test]
async fn sample_records_have_values_in_fields_that_the_user_may_not_see() {
    let hidden =
        "objects: { Account: { denied: [create], denied_fields: { Name: [edit], Industry: [read] } } }";
    let org = Org::builder().name("hidden").objects(hidden).records(16).start().await.unwrap();
    assert_eq!(org.count("Account"), 4);
    let client = Client::login(&org).await;
    assert_eq!(client.post("sobjects/Account", json!({"Name": "x"})).await.0, 400);
}
