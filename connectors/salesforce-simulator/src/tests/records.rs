//! One record at a time, and what Salesforce refuses.

use serde_json::{Value as Json, json};

use super::client::{Client, org};

#[tokio::test]
async fn a_record_is_created_read_changed_and_deleted() {
    let org = org("crud").await;
    let client = Client::login(&org).await;
    let id = client
        .create(
            "account/",
            json!({"name": " Acme ", "NumberOfEmployees": 12, "AnnualRevenue": 1.5e6, "BillingCity": "Roma"}),
        )
        .await;
    assert!(id.starts_with("001") && id.len() == 18);
    let (status, record) = client.get(&format!("sobjects/Account/{}", &id[..15])).await;
    assert_eq!(status, 200);
    assert_eq!(record["attributes"]["url"], format!("/services/data/v60.0/sobjects/Account/{id}"));
    assert_eq!(record["Name"], "Acme", "blanks around text are cut off");
    assert_eq!(record["AnnualRevenue"].to_string(), "1500000.0");
    assert_eq!(record["NumberOfEmployees"].to_string(), "12");
    assert_eq!(record["BillingAddress"]["city"], "Roma");
    assert_eq!(record["BillingAddress"]["street"], Json::Null);
    assert_eq!(record["OwnerId"], org.user_id());
    assert!(record["CreatedDate"].as_str().unwrap().ends_with(".000+0000"));

    assert_eq!(
        client
            .patch(&format!("sobjects/Account/{id}"), json!({"BillingCity": null, "Rating": "Hot"}))
            .await
            .0,
        204
    );
    let (_, record) =
        client.get(&format!("sobjects/Account/{id}?fields=Rating,BillingCity,BillingAddress")).await;
    assert_eq!(record["Rating"], "Hot");
    assert_eq!(record["BillingAddress"], Json::Null);
    assert_eq!(record["Id"], id, "Id is always there");
    assert_eq!(record.as_object().unwrap().len(), 5);

    assert_eq!(client.delete(&format!("sobjects/Account/{id}")).await.0, 204);
    let deleted = json!([{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}]);
    assert_eq!(client.get(&format!("sobjects/Account/{id}")).await, (404, deleted.clone()));
    assert_eq!(client.delete(&format!("sobjects/Account/{id}")).await, (404, deleted));
}

#[tokio::test]
async fn every_refusal_has_its_code_and_text() {
    let org = org("refusals").await;
    let client = Client::login(&org).await;
    let account = client.create("Account", json!({"Name": "First", "OrgA_Id__c": "k1"})).await;
    let other = &"x".repeat(256);
    for (object, body, code, text) in [
        ("Account", json!({"Phone": "1"}), "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"),
        ("Lead", json!({}), "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName, Company]"),
        (
            "Account",
            json!({"Name": "x", "foo": 1}),
            "INVALID_FIELD",
            "No such column 'foo' on sobject of type Account",
        ),
        (
            "Account",
            json!({"Name": "x", "CreatedDate": null}),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: CreatedDate.",
        ),
        (
            "Contact",
            json!({"LastName": "x", "Name": "y"}),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "fields: Name.",
        ),
        ("Account", json!({"Name": other}), "STRING_TOO_LONG", "(max length=255)"),
        (
            "Contact",
            json!({"LastName": "x", "Email": "foo"}),
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: foo",
        ),
        (
            "Account",
            json!({"Name": "x", "CleanStatus": "Dirty"}),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Clean Status: bad value for restricted picklist field: Dirty",
        ),
        (
            "Account",
            json!({"Name": "x", "OrgA_Id__c": "k1"}),
            "DUPLICATE_VALUE",
            "duplicate value found: OrgA_Id__c duplicates value on record with id: ",
        ),
        (
            "Contact",
            json!({"LastName": "x", "AccountId": "001zz0000000000AAA"}),
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
        ),
        (
            "Contact",
            json!({"LastName": "x", "AccountId": org.user_id()}),
            "FIELD_INTEGRITY_EXCEPTION",
            "Account ID: id value of incorrect type: 005",
        ),
        (
            "Account",
            json!({"Name": "x", "NumberOfEmployees": 123_456_789}),
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Employees: value outside of valid range",
        ),
        (
            "Account",
            json!({"Name": "x", "AnnualRevenue": "much"}),
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of currency from VALUE_STRING value much",
        ),
        (
            "Contact",
            json!({"LastName": "x", "Birthdate": "2026-13-01"}),
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of date from VALUE_STRING value 2026-13-01",
        ),
        (
            "Contact",
            json!({"LastName": "x", "DoNotCall": null}),
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of boolean",
        ),
    ] {
        let (status, errors) = client.post(&format!("sobjects/{object}"), body.clone()).await;
        assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some(code)), "{body}: {errors}");
        assert!(errors[0]["message"].as_str().unwrap().contains(text), "{errors}");
    }
    assert_eq!(org.count("Account"), 1);

    let (status, errors) = client.patch("sobjects/Account/001zz0000000000AAA", json!({"Name": "x"})).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (404, Some("INVALID_CROSS_REFERENCE_KEY")));
    let (status, errors) = client.get(&format!("sobjects/Contact/{account}")).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some("MALFORMED_ID")));
    let (status, errors) = client.get("sobjects/Nope/describe").await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (404, Some("NOT_FOUND")));
    let (status, errors) = client.patch(&format!("sobjects/Account/{account}"), json!({"Name": null})).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some("REQUIRED_FIELD_MISSING")));
}

#[tokio::test]
async fn an_upsert_creates_once_and_then_changes() {
    let org = org("upsert").await;
    let client = Client::login(&org).await;
    let path = "sobjects/Account/orga_id__c/a%2Fb";
    let (status, created) = client.patch(path, json!({"Name": "One"})).await;
    assert_eq!((status, &created["created"]), (201, &json!(true)));
    let (status, changed) = client.patch(path, json!({"Name": "Two"})).await;
    assert_eq!((status, &changed["created"], &changed["id"]), (200, &json!(false), &created["id"]));
    let (status, record) = client.get(path).await;
    assert_eq!((status, &record["Name"], &record["OrgA_Id__c"]), (200, &json!("Two"), &json!("a/b")));

    let url = format!("{}/services/data/v45.0/{path}", org.url());
    let old = client
        .http
        .patch(url)
        .bearer_auth(&client.token)
        .json(&json!({"Name": "Three"}))
        .send()
        .await
        .unwrap();
    assert_eq!(old.status(), 204, "up to v45 there is no body");
    let (status, errors) = client.patch(path, json!({"Name": "x", "OrgA_Id__c": "a/b"})).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some("INVALID_FIELD")));
    let (status, errors) = client.patch("sobjects/Account/Phone/1", json!({"Name": "x"})).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (404, Some("NOT_FOUND")));

    let twin = json!({"LastName": "Twin", "Email": "twin@x.example"});
    client.create("Contact", twin.clone()).await;
    client.create("Contact", twin).await;
    let (status, urls) = client.patch("sobjects/Contact/Email/twin@x.example", json!({"Phone": "1"})).await;
    assert_eq!((status, urls.as_array().unwrap().len()), (300, 2));

    let child = json!({"LastName": "Rossi", "Account": {"OrgA_Id__c": "a/b"}});
    client.create("Contact", child).await;
    assert_eq!(
        client.column("SELECT AccountId FROM Contact WHERE LastName = 'Rossi'", "AccountId").await,
        [created["id"].as_str().unwrap()]
    );
}

#[tokio::test]
async fn an_empty_id_in_a_body_names_no_record() {
    let org = org("empty-id").await;
    let client = Client::login(&org).await;
    let body = |id: Json| json!({"Id": id, "LastName": "Doe"});
    let path = "sobjects/Contact/OrgA_Id__c/e1";
    assert_eq!(client.patch(path, body(json!(""))).await.0, 201);
    assert_eq!(client.patch(path, body(Json::Null)).await.0, 200);
    let (status, errors) = client.patch(path, body(json!("003000000000001AAA"))).await;
    let message = "The Id field should not be specified in the sobject data.";
    assert_eq!((status, &errors), (400, &json!([{"message": message, "errorCode": "INVALID_FIELD"}])));
    assert_eq!(client.post("sobjects/Contact", body(json!(""))).await.0, 201);
    assert_eq!(org.count("Contact"), 2);
}

#[tokio::test]
async fn describe_tells_what_can_be_written_where_and_has_every_key() {
    let org = org("describe").await;
    let client = Client::login(&org).await;
    let (_, contact) = client.get("sobjects/contact/describe").await;
    let fields = contact["fields"].as_array().unwrap();
    let field = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap();
    assert_eq!((&field("Name")["createable"], &field("Name")["nameField"]), (&json!(false), &json!(true)));
    assert_eq!(field("LastName")["compoundFieldName"], "Name");
    assert_eq!(field("AccountId")["referenceTo"], json!(["Account"]));
    assert_eq!(field("AccountId")["relationshipName"], "Account");
    assert_eq!(
        (&field("Description")["length"], &field("Description")["filterable"]),
        (&json!(32000), &json!(false))
    );
    let key = field("OrgA_Id__c");
    assert_eq!(
        (&key["externalId"], &key["unique"], &key["idLookup"], &key["length"], &key["byteLength"]),
        (&json!(true), &json!(true), &json!(true), &json!(18), &json!(54))
    );
    assert_eq!(key.as_object().unwrap().len(), 57);
    let (_, account) = client.get("sobjects/Account/describe").await;
    let children = account["childRelationships"].as_array().unwrap();
    assert!(children.iter().any(|child| child["field"] == "AccountId" && child["cascadeDelete"] == true));
    let (_, global) = client.get("sobjects/").await;
    assert!(global["sobjects"].as_array().unwrap().iter().any(|object| object["keyPrefix"] == "00Q"));
}
