//! Custom fields over the Tooling API: made while the org runs, refused as Salesforce does, kept over restarts.

use serde_json::{Value as Json, json};

use super::client::{Client, encode, org};
use crate::Org;

const FIELDS: &str = "tooling/sobjects/CustomField";

fn text(full_name: &str) -> Json {
    json!({"FullName": full_name, "Metadata": {"type": "Text", "label": "Org A Id", "length": 18, "externalId": true, "unique": true, "caseSensitive": true, "required": false}})
}

async fn make(client: &Client, body: Json) -> String {
    let (status, made) = client.post(FIELDS, body).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["success"], true);
    made["id"].as_str().unwrap().to_owned()
}

async fn find(client: &Client, soql: &str) -> Json {
    let (status, found) = client.get(&format!("tooling/query?q={}", encode(soql))).await;
    assert_eq!(status, 200, "{soql}: {found}");
    found
}

async fn described(client: &Client, object: &str, name: &str) -> Option<Json> {
    let (_, describe) = client.get(&format!("sobjects/{object}/describe")).await;
    describe["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).cloned()
}

#[tokio::test]
async fn a_field_is_usable_as_soon_as_it_is_made() {
    let org = org("made").await;
    let client = Client::login(&org).await;
    let old = client.create("Case", json!({"Subject": "old"})).await;
    let id = make(&client, text("Case.OrgA_Id__c")).await;
    assert!(id.starts_with("00N") && id.len() == 18);
    let field = described(&client, "Case", "OrgA_Id__c").await.unwrap();
    for (key, value) in [
        ("type", json!("string")),
        ("length", json!(18)),
        ("externalId", json!(true)),
        ("unique", json!(true)),
        ("caseSensitive", json!(true)),
        ("nillable", json!(true)),
        ("idLookup", json!(true)),
        ("createable", json!(true)),
    ] {
        assert_eq!(field[key], value, "{key}");
    }
    let (_, row) = client.get(&format!("sobjects/Case/{old}")).await;
    assert_eq!(row["OrgA_Id__c"], Json::Null, "rows that are there have nothing in it");
    let (status, made) = client.patch("sobjects/Case/OrgA_Id__c/a1", json!({"Subject": "new"})).await;
    assert_eq!((status, &made["created"]), (201, &json!(true)));
    let (status, again) = client.patch("sobjects/Case/OrgA_Id__c/a1", json!({"Subject": "newer"})).await;
    assert_eq!((status, &again["id"]), (200, &made["id"]));
    let (status, errors) = client.post("sobjects/Case", json!({"Subject": "twin", "OrgA_Id__c": "a1"})).await;
    assert_eq!((status, &errors[0]["errorCode"]), (400, &json!("DUPLICATE_VALUE")));
    let found = client.column("SELECT Subject FROM Case WHERE OrgA_Id__c = 'a1'", "Subject").await;
    assert_eq!(found, ["newer"]);

    let (status, shown) = client.get(&format!("{FIELDS}/{id}")).await;
    assert_eq!(
        (status, &shown["FullName"], &shown["TableEnumOrId"], &shown["DeveloperName"]),
        (200, &json!("Case.OrgA_Id__c"), &json!("Case"), &json!("OrgA_Id"))
    );
    assert_eq!(
        (&shown["Metadata"]["type"], &shown["Metadata"]["length"], &shown["Metadata"]["externalId"]),
        (&json!("Text"), &json!(18), &json!(true))
    );
    let soql = "SELECT Id, DeveloperName FROM CustomField WHERE TableEnumOrId = 'Case' AND DeveloperName = 'OrgA_Id'";
    let found = find(&client, soql).await;
    assert_eq!((&found["totalSize"], &found["records"][0]["Id"]), (&json!(1), &json!(id)));
}

#[tokio::test]
async fn every_type_of_field_can_be_made() {
    let org = org("types").await;
    let client = Client::login(&org).await;
    let values = json!({"restricted": true, "valueSetDefinition": {"sorted": false, "value": [
        {"fullName": "A", "default": true, "label": "First"}, {"fullName": "B", "default": false, "label": "Second"}
    ]}});
    for (name, metadata, kind) in [
        ("T1__c", json!({"type": "Number", "precision": 18, "scale": 2}), "double"),
        ("T2__c", json!({"type": "Currency", "precision": 16, "scale": 2}), "currency"),
        ("T3__c", json!({"type": "Percent", "precision": 5, "scale": 1}), "percent"),
        ("T4__c", json!({"type": "Checkbox", "defaultValue": "true"}), "boolean"),
        ("T5__c", json!({"type": "Date"}), "date"),
        ("T6__c", json!({"type": "DateTime"}), "datetime"),
        ("T7__c", json!({"type": "Email"}), "email"),
        ("T8__c", json!({"type": "Url"}), "url"),
        ("T9__c", json!({"type": "LongTextArea", "length": 32_768, "visibleLines": 3}), "textarea"),
        ("Ta__c", json!({"type": "Picklist", "valueSet": values}), "picklist"),
        (
            "Tb__c",
            json!({"type": "MultiselectPicklist", "valueSet": values, "visibleLines": 4}),
            "multipicklist",
        ),
        (
            "Tc__c",
            json!({"type": "Lookup", "referenceTo": "Contact", "relationshipName": "Cared"}),
            "reference",
        ),
        (
            "Td__c",
            json!({"type": "Text", "formula": "Name", "formulaTreatBlanksAs": "BlankAsZero"}),
            "string",
        ),
    ] {
        let mut metadata = metadata;
        metadata["label"] = json!("Label");
        let id = make(&client, json!({"FullName": format!("Account.{name}"), "Metadata": metadata})).await;
        let field = described(&client, "Account", name).await.unwrap();
        assert_eq!((&field["type"], &field["label"]), (&json!(kind), &json!("Label")), "{name}");
        let (_, shown) = client.get(&format!("{FIELDS}/{id}")).await;
        assert_eq!(shown["Metadata"]["type"], metadata["type"], "{name}");
    }
    let picklist = described(&client, "Account", "Ta__c").await.unwrap();
    assert_eq!(
        picklist["picklistValues"][0],
        json!({"active": true, "defaultValue": true, "label": "First", "validFor": null, "value": "A"})
    );
    let contact = client.get("sobjects/Contact/describe").await.1;
    let children = contact["childRelationships"].as_array().unwrap();
    assert!(children.iter().any(|child| child["relationshipName"] == "Cared__r"));
    let id = client.create("Account", json!({"Name": "x"})).await;
    let (_, row) = client.get(&format!("sobjects/Account/{id}?fields=T4__c,Ta__c")).await;
    assert_eq!((&row["T4__c"], &row["Ta__c"]), (&json!(true), &json!("A")));
}

#[tokio::test]
async fn what_salesforce_refuses_is_refused() {
    let org = org("refused").await;
    let client = Client::login(&org).await;
    let field = |name: &str, metadata: Json| json!({"FullName": name, "Metadata": metadata});
    for (body, code, part) in [
        (text("Account.OrgA_Id__c"), "DUPLICATE_DEVELOPER_NAME", "already a field named OrgA_Id on Account"),
        (text("Nothing__c.X__c"), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Nothing__c"),
        (text("Account.X"), "FIELD_INTEGRITY_EXCEPTION", "underscores"),
        (text("Account.1X__c"), "FIELD_INTEGRITY_EXCEPTION", "begin with a letter"),
        (text("Account.X___c"), "FIELD_INTEGRITY_EXCEPTION", "underscore"),
        (
            field("Account.X__c", json!({"type": "Text", "label": "X"})),
            "FIELD_INTEGRITY_EXCEPTION",
            "'length'",
        ),
        (
            field("Account.X__c", json!({"type": "Number", "label": "X"})),
            "FIELD_INTEGRITY_EXCEPTION",
            "'precision'",
        ),
        (field("Account.X__c", json!({"type": "Text", "length": 5})), "REQUIRED_FIELD_MISSING", "label"),
        (
            field("Account.X__c", json!({"type": "Words", "label": "X"})),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Words",
        ),
        (
            field("Account.X__c", json!({"type": "Lookup", "label": "X", "referenceTo": "Nothing__c"})),
            "FIELD_INTEGRITY_EXCEPTION",
            "'Nothing__c'",
        ),
        (
            field("Account.X__c", json!({"type": "Checkbox", "label": "X", "unique": true})),
            "FIELD_INTEGRITY_EXCEPTION",
            "'unique'",
        ),
        (json!({"FullName": "Account.X__c"}), "REQUIRED_FIELD_MISSING", "Metadata"),
    ] {
        let (status, errors) = client.post(FIELDS, body.clone()).await;
        assert_eq!((status, &errors[0]["errorCode"]), (400, &json!(code)), "{body}: {errors}");
        assert!(errors[0]["message"].as_str().unwrap().contains(part), "{body}: {errors}");
    }
    assert!(described(&client, "Account", "X__c").await.is_none());
    assert_eq!(client.get(&format!("{FIELDS}/00N000000000000")).await.0, 404);
    assert_eq!(client.delete(&format!("{FIELDS}/00N000000000000")).await.0, 404);
    assert_eq!(client.get("tooling/sobjects/Nope/01p000000000000").await.0, 404);
}

#[tokio::test]
async fn a_deleted_field_is_gone_with_its_values() {
    let org = org("gone").await;
    let client = Client::login(&org).await;
    let id = make(&client, text("Account.Key__c")).await;
    let row = client.create("Account", json!({"Name": "x", "Key__c": "k"})).await;
    assert_eq!(client.delete(&format!("{FIELDS}/{id}")).await, (204, Json::Null));
    assert!(described(&client, "Account", "Key__c").await.is_none());
    let (_, shown) = client.get(&format!("sobjects/Account/{row}")).await;
    assert!(shown.get("Key__c").is_none());
    let (status, errors) = client.post("sobjects/Account", json!({"Name": "y", "Key__c": "k"})).await;
    assert_eq!((status, &errors[0]["errorCode"]), (400, &json!("INVALID_FIELD")));
    assert_eq!(client.get(&format!("{FIELDS}/{id}")).await.0, 404);
    make(&client, text("Account.Key__c")).await;
    let (_, shown) = client.get(&format!("sobjects/Account/{row}")).await;
    assert_eq!(shown["Key__c"], Json::Null, "a new field of the same name is empty");
    client.create("Account", json!({"Name": "z", "Key__c": "k"})).await;
}

#[tokio::test]
async fn fields_and_their_ids_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.data");
    let start = || async { Org::builder().data_file(&file).start().await.unwrap() };
    let ids = "SELECT Id, FullName FROM CustomField ORDER BY Id";
    let org = start().await;
    let client = Client::login(&org).await;
    make(&client, text("Account.Key__c")).await;
    let gone = make(&client, text("Account.Gone__c")).await;
    client.create("Account", json!({"Name": "x", "Key__c": "k", "Gone__c": "g"})).await;
    assert_eq!(client.delete(&format!("{FIELDS}/{gone}")).await.0, 204);
    make(&client, text("Account.Gone__c")).await;
    let declared = find(&client, "SELECT Id FROM CustomField WHERE FullName = 'Lead.OrgA_Id__c'").await;
    let declared = declared["records"][0]["Id"].as_str().unwrap().to_owned();
    assert_eq!(client.delete(&format!("{FIELDS}/{declared}")).await.0, 204);
    let before = find(&client, ids).await;
    org.stop().await;
    for _ in 0..2 {
        let org = start().await;
        let client = Client::login(&org).await;
        assert_eq!(find(&client, ids).await, before);
        let rows = client.query("SELECT Name, Key__c, Gone__c FROM Account").await;
        let row = &rows["records"][0];
        assert_eq!((&row["Key__c"], &row["Gone__c"]), (&json!("k"), &Json::Null));
        assert!(described(&client, "Lead", "OrgA_Id__c").await.is_none(), "it was deleted");
        org.stop().await;
    }
}

#[tokio::test]
async fn objects_and_fields_are_found_by_query() {
    let yaml = "objects: { Bill__c: { label: Bill, plural: Bills, fields: [{ name: Sum__c, type: currency, label: Sum, precision: 18, scale: 2 }] } }";
    let org = Org::builder().name("catalog").objects(yaml).start().await.unwrap();
    let client = Client::login(&org).await;
    let bill = find(&client, "SELECT DurableId, QualifiedApiName, Label, KeyPrefix FROM EntityDefinition WHERE QualifiedApiName = 'Bill__c'").await;
    let durable = bill["records"][0]["DurableId"].as_str().unwrap();
    assert!(durable.starts_with("01I"));
    assert_eq!(bill["records"][0]["KeyPrefix"], "a00");
    let soql = "SELECT QualifiedApiName, DataType, Label FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Bill__c' AND QualifiedApiName = 'Sum__c'";
    let sum = find(&client, soql).await;
    assert_eq!(sum["records"][0]["DataType"], "Currency(16, 2)");
    let soql = format!("SELECT Id, FullName FROM CustomField WHERE TableEnumOrId = '{durable}'");
    assert_eq!(find(&client, &soql).await["records"][0]["FullName"], "Bill__c.Sum__c");
    let (status, errors) = client.get("tooling/query?q=SELECT+Id+FROM+Nope").await;
    assert_eq!((status, &errors[0]["errorCode"]), (400, &json!("INVALID_TYPE")));
}

#[tokio::test]
async fn two_look_ups_never_share_a_child_relationship() {
    let org = org("children").await;
    let client = Client::login(&org).await;
    let look_up = |name: &str, children: Option<&str>| {
        let mut metadata = json!({"type": "Lookup", "label": "A", "referenceTo": "Account"});
        if let Some(children) = children {
            metadata["relationshipName"] = json!(children);
        }
        json!({"FullName": format!("Contact.{name}"), "Metadata": metadata})
    };
    make(&client, look_up("First__c", None)).await;
    for children in [None, Some("contacts")] {
        let (status, errors) = client.post(FIELDS, look_up("Second__c", children)).await;
        assert_eq!((status, &errors[0]["errorCode"]), (400, &json!("DUPLICATE_DEVELOPER_NAME")), "{errors}");
        let message = errors[0]["message"].as_str().unwrap().to_lowercase();
        assert_eq!(message, "there is already a child relationship named contacts on account.");
    }
    make(&client, look_up("Second__c", Some("Others"))).await;
    let yaml = "objects:
  Contact:
    - { name: A__c, type: reference, label: A, reference_to: [Account], children: Friends__r }
    - { name: B__c, type: reference, label: B, reference_to: [Account], children: friends__r }
";
    let refused = Org::builder().objects(yaml).start().await.unwrap_err().to_string();
    assert!(
        refused.contains("Contact.B__c: Account already has a child relationship friends__r"),
        "{refused}"
    );
}
