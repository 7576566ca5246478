//! The recycle bin.

use serde_json::json;

use super::client::{Client, org};

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
