//! A field that is taken from the user while the org runs is nowhere to be seen.

use serde_json::{Value as Json, json};

use super::client::{Client, encode};
use super::streaming::{Stream, topic};
use super::world::simulator;
use crate::Org;

async fn hide(client: &Client, object: &str, field: &str, denied: Json) {
    let body = json!({"object": object, "field": field, "denied": denied});
    assert_eq!(simulator(client, "permissions", body).await.0, 200);
}

async fn refused(client: &Client, soql: &str) -> String {
    let (status, errors) = client.get(&format!("query?q={}", encode(soql))).await;
    assert_eq!(status, 400, "{soql}: {errors}");
    errors[0]["errorCode"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_hidden_field_is_in_no_query_describe_or_event() {
    let org =
        Org::builder().name("hidden").change_data_capture(["Account", "Contact"]).start().await.unwrap();
    let client = Client::login(&org).await;
    let body = json!({"Name": "Acme", "Phone": "1", "BillingCity": "Roma", "BillingStreet": "Via"});
    let account = client.create("Account", body).await;
    let contact = client.create("Contact", json!({"LastName": "Rossi", "AccountId": account})).await;
    topic(&client, "Phones", "SELECT Id, Name, Phone FROM Account", json!({"NotifyForFields": "All"})).await;
    for (object, field) in [("Account", "Phone"), ("Account", "BillingStreet"), ("Contact", "AccountId")] {
        hide(&client, object, field, json!(["read"])).await;
    }

    let (_, describe) = client.get("sobjects/Account/describe").await;
    let names: Vec<&Json> =
        describe["fields"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
    assert!(!names.contains(&&json!("Phone")) && names.contains(&&json!("Fax")));
    let children = describe["childRelationships"].as_array().unwrap();
    assert!(!children.iter().any(|child| child["relationshipName"] == "Contacts"));
    let (_, row) = client.get(&format!("sobjects/Account/{account}")).await;
    assert!(row.get("Phone").is_none());
    assert_eq!((&row["BillingAddress"]["city"], row["BillingAddress"].get("street")), (&json!("Roma"), None));
    for (soql, code) in [
        ("SELECT Phone FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Phone = '1'", "INVALID_FIELD"),
        ("SELECT Id FROM Account ORDER BY Phone", "INVALID_FIELD"),
        ("SELECT COUNT(Id) FROM Account GROUP BY Phone", "INVALID_FIELD"),
        ("SELECT Account.Name FROM Contact", "INVALID_FIELD"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "INVALID_TYPE"),
    ] {
        assert_eq!(refused(&client, soql).await, code, "{soql}");
    }
    let all = client.query("SELECT FIELDS(ALL) FROM Account LIMIT 1").await;
    assert!(all["records"][0].get("Phone").is_none() && all["records"][0].get("Fax").is_some());
    for path in
        [format!("sobjects/Contact/{contact}/Account"), format!("sobjects/Account/{account}/Contacts")]
    {
        assert_eq!(client.get(&path).await.0, 404, "{path}");
    }
    let (status, _) = client.patch(&format!("sobjects/Account/{account}"), json!({"Phone": "2"})).await;
    assert_eq!(status, 400);
    let (_, schema) = client.get("sobjects/AccountChangeEvent/eventSchema").await;
    let schema = schema.to_string();
    assert!(!schema.contains("\"Phone\"") && schema.contains("\"Fax\""), "{schema}");

    client.create("Account", json!({"Name": "Bolt", "Fax": "3"})).await;
    let (_, changes) = Stream::open(&client, "/data/AccountChangeEvent", -2).await;
    let events = changes.events(2).await;
    let [old, new] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(old["data"]["payload"]["Phone"], "1", "what was told before is not taken back");
    assert!(new["data"]["payload"].get("Phone").is_none());
    assert_ne!(old["data"]["schema"], new["data"]["schema"]);
    let (_, notices) = Stream::open(&client, "/topic/Phones", -2).await;
    let shown = &notices.events(1).await[0]["data"]["sobject"];
    assert_eq!((&shown["Name"], shown.get("Phone")), (&json!("Bolt"), None));

    hide(&client, "Account", "Phone", json!([])).await;
    assert_eq!(client.column("SELECT Phone FROM Account WHERE Name = 'Acme'", "Phone").await, ["1"]);
}

#[tokio::test]
async fn a_hidden_field_is_no_key_of_a_bulk_job() {
    let org = Org::builder().name("hidden-key").start().await.unwrap();
    let client = Client::login(&org).await;
    let upsert = json!({"object": "Account", "operation": "upsert", "externalIdFieldName": "OrgA_Id__c"});
    assert_eq!(client.post("jobs/ingest", upsert.clone()).await.0, 200);
    hide(&client, "Account", "OrgA_Id__c", json!(["read"])).await;
    let (status, errors) = client.post("jobs/ingest", upsert).await;
    assert_eq!((status, &errors[0]["errorCode"]), (400, &json!("INVALIDJOB")), "{errors}");
}
