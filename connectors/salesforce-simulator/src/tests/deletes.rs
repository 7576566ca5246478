//! The recycle bin.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Client, org};
use crate::Org;

#[tokio::test]
async fn a_deleted_account_takes_its_contacts_along_and_brings_them_back() {
    let org = org("cascade").await;
    let client = Client::login(&org).await;
    let account = client.create("Account", json!({"Name": "Parent"})).await;
    let child = client.create("Account", json!({"Name": "Child", "ParentId": account})).await;
    let boss = client.create("Contact", json!({"LastName": "Boss", "AccountId": account})).await;
    client.create("Contact", json!({"LastName": "Clerk", "AccountId": account, "ReportsToId": boss})).await;
    let friend = client.create("Contact", json!({"LastName": "Friend", "ReportsToId": boss})).await;

    assert_eq!(client.delete(&format!("sobjects/Account/{account}")).await.0, 204);
    assert_eq!(client.column("SELECT LastName FROM Contact", "LastName").await, ["Friend"]);
    let (_, all) =
        client.get("queryAll?q=SELECT+Name+FROM+Contact+WHERE+IsDeleted=true+AND+ReportsToId!=null").await;
    assert_eq!(all["records"][0]["Name"], "Clerk", "rows deleted together keep pointing at each other");
    let (_, orphan) = client.get(&format!("sobjects/Account/{child}")).await;
    assert!(
        orphan["ParentId"].is_null()
            && client.get(&format!("sobjects/Contact/{friend}")).await.1["ReportsToId"].is_null()
    );

    assert_eq!(client.undelete(&[&account, &friend]).await, ["", "UNDELETE_FAILED"]);
    assert_eq!(
        client.column("SELECT LastName FROM Contact ORDER BY LastName", "LastName").await,
        ["Boss", "Clerk", "Friend"]
    );
    let (_, back) = client.get(&format!("sobjects/Contact/{boss}")).await;
    assert_eq!((&back["AccountId"], &back["IsDeleted"]), (&json!(account), &json!(false)));
    let (_, orphan) = client.get(&format!("sobjects/Account/{child}")).await;
    let (_, friend) = client.get(&format!("sobjects/Contact/{friend}")).await;
    assert_eq!((&orphan["ParentId"], &friend["ReportsToId"]), (&json!(account), &json!(boss)));
}

#[tokio::test]
async fn look_ups_that_a_deletion_emptied_are_filled_again_unless_they_were_written_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let start = || Org::builder().name("look-ups").data_file(dir.path().join("org.jsonl")).start();
    let org = start().await.unwrap();
    let client = Client::login(&org).await;
    let boss = client.create("Contact", json!({"LastName": "Boss"})).await;
    let heir = client.create("Contact", json!({"LastName": "Heir"})).await;
    let mut clerks = Vec::new();
    for name in ["loyal", "renamed", "moved", "freed"] {
        clerks.push(client.create("Contact", json!({"LastName": name, "ReportsToId": boss})).await);
    }
    let row = async |client: &Client, id: &str| client.get(&format!("sobjects/Contact/{id}")).await.1;
    let stamp = row(&client, &clerks[0]).await["SystemModstamp"].clone();
    client.delete(&format!("sobjects/Contact/{boss}")).await;
    for (clerk, change) in clerks.iter().skip(1).zip([
        json!({"LastName": "other"}),
        json!({"ReportsToId": heir}),
        json!({"ReportsToId": null}),
    ]) {
        client.patch(&format!("sobjects/Contact/{clerk}"), change).await;
    }
    org.stop().await;

    let org = start().await.unwrap();
    let client = Client::login(&org).await;
    assert_eq!(client.undelete(&[&boss]).await, [""]);
    let mut reports_to = Vec::new();
    for clerk in &clerks {
        reports_to.push(row(&client, clerk).await["ReportsToId"].clone());
    }
    assert_eq!(reports_to, [json!(boss), json!(boss), json!(heir), Json::Null]);
    assert_eq!(row(&client, &clerks[0]).await["SystemModstamp"], stamp);
}

#[tokio::test]
async fn the_recycle_bin_blocks_no_value_and_gives_none_back_that_is_taken() {
    let org = org("bin").await;
    let client = Client::login(&org).await;
    let first = client.create("Lead", json!({"LastName": "x", "Company": "y", "OrgA_Id__c": "k"})).await;
    client.delete(&format!("sobjects/Lead/{first}")).await;
    let (status, second) =
        client.patch("sobjects/Lead/OrgA_Id__c/k", json!({"LastName": "x", "Company": "y"})).await;
    assert_eq!((status, second["id"] == json!(first)), (201, false));
    assert_eq!(client.undelete(&[&first]).await, ["DUPLICATE_VALUE"]);
    assert_eq!((org.count("Lead"), org.rows("Lead").len()), (1, 1));
}

#[tokio::test]
async fn a_contact_that_comes_back_without_its_account_stands_alone() {
    let org = org("alone").await;
    let client = Client::login(&org).await;
    let account = client.create("Account", json!({"Name": "Parent"})).await;
    let contact = client.create("Contact", json!({"LastName": "x", "AccountId": account})).await;
    client.delete(&format!("sobjects/Contact/{contact}")).await;
    client.delete(&format!("sobjects/Account/{account}")).await;
    assert_eq!(client.undelete(&[&contact]).await, [""]);
    assert!(client.get(&format!("sobjects/Contact/{contact}")).await.1["AccountId"].is_null());
}

#[tokio::test]
async fn an_account_with_a_case_stays_until_the_case_is_gone() {
    let org = org("restrict").await;
    let client = Client::login(&org).await;
    let account = client.create("Account", json!({"Name": "Acme"})).await;
    let case = client.create("Case", json!({"Subject": "x", "AccountId": account})).await;
    let number = client.column("SELECT CaseNumber FROM Case", "CaseNumber").await.remove(0);
    let (status, refusal) = client.delete(&format!("sobjects/Account/{account}")).await;
    assert_eq!((status, &refusal[0]["errorCode"]), (400, &json!("DELETE_FAILED")));
    let named = if number == "null" { &case } else { &number };
    let text = format!(
        "Your attempt to delete Acme could not be completed because it is associated with the following cases.: {named}\n"
    );
    assert_eq!(refusal[0]["message"], text);
    assert_eq!(org.count("Account"), 1);
    assert_eq!(client.delete(&format!("sobjects/Case/{case}")).await.0, 204);
    assert_eq!(client.delete(&format!("sobjects/Account/{account}")).await.0, 204);
}

#[tokio::test]
async fn after_fifteen_days_a_deleted_record_is_gone_for_good() {
    let org = org("fifteen-days").await;
    let client = Client::login(&org).await;
    let lead = client.create("Lead", json!({"LastName": "x", "Company": "y"})).await;
    client.delete(&format!("sobjects/Lead/{lead}")).await;
    for (days, found, undeleted) in [(14, 1, ""), (15, 0, "UNDELETE_FAILED")] {
        org.advance(Duration::from_hours(24 * days + 1));
        let client = Client::login(&org).await;
        let (_, all) = client.get("queryAll?q=SELECT+Id,IsDeleted+FROM+Lead").await;
        assert_eq!(all["totalSize"], found);
        assert_eq!(client.undelete(&[&lead]).await, [undeleted]);
        client.delete(&format!("sobjects/Lead/{lead}")).await;
    }
}

#[tokio::test]
async fn a_queue_that_owns_records_stays_and_nobody_points_at_one_that_is_gone() {
    let org = org("queues").await;
    let client = Client::login(&org).await;
    let queue = client.create("Group", json!({"Name": "Hot", "Type": "Queue"})).await;
    let lead =
        client.create("Lead", json!({"LastName": "Lund", "Company": "Lund AB", "OwnerId": queue})).await;
    let (status, errors) = client.delete(&format!("sobjects/Group/{queue}")).await;
    assert_eq!((status, &errors[0]["errorCode"]), (400, &json!("DELETE_FAILED")));
    let message = "Your attempt to delete Hot could not be completed because it is associated with the following leads.: Lund\n";
    assert_eq!(errors[0]["message"], message);

    let user = client.column("SELECT Id FROM User LIMIT 1", "Id").await.remove(0);
    let (status, _) =
        client.patch(&format!("sobjects/User/{user}"), json!({"DelegatedApproverId": queue})).await;
    assert_eq!(status, 204);
    client.patch(&format!("sobjects/Lead/{lead}"), json!({"OwnerId": user})).await;
    assert_eq!(client.delete(&format!("sobjects/Group/{queue}")).await.0, 204);
    let (_, user) = client.get(&format!("sobjects/User/{user}")).await;
    assert_eq!(user["DelegatedApproverId"], Json::Null);
}
