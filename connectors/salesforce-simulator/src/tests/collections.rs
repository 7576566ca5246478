//! Many records in one call.

use serde_json::{Value as Json, json};

use super::client::{Client, org, typed};
use crate::CallKind;

#[tokio::test]
async fn results_stand_in_request_order_and_a_bad_record_spoils_no_other() {
    let org = org("mixed").await;
    let client = Client::login(&org).await;
    let records = json!([
        typed("Account", json!({"Name": "A"})),
        typed("Account", json!({"Phone": "1"})),
        typed("Lead", json!({"LastName": "L", "Company": "C"})),
    ]);
    let (status, results) = client.post("composite/sobjects", json!({"records": records})).await;
    assert_eq!(status, 200);
    assert_eq!(results[1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING");
    assert!(results[1].get("id").is_none() && results[0]["success"] == true && results[2]["success"] == true);

    let update = json!([
        typed("Account", json!({"id": results[0]["id"], "Name": "B"})),
        typed("Account", json!({"Id": "001zz0000000000AAA", "Name": "B"})),
    ]);
    let (_, updated) = client
        .call(
            reqwest::Method::PATCH,
            "composite/sobjects",
            Some(json!({"allOrNone": true, "records": update})),
        )
        .await;
    assert_eq!(updated[0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(updated[1]["errors"][0]["statusCode"], "INVALID_CROSS_REFERENCE_KEY");
    assert_eq!(client.column("SELECT Name FROM Account", "Name").await, ["A"]);

    let ids = format!("{},{}", results[0]["id"].as_str().unwrap(), "nonsense");
    let (_, deleted) = client.delete(&format!("composite/sobjects?ids={ids}&allOrNone=false")).await;
    assert_eq!(deleted[0]["success"], true);
    assert_eq!(
        deleted[1]["errors"][0],
        json!({"statusCode": "MALFORMED_ID", "message": "malformed id nonsense", "fields": []})
    );
    assert_eq!(org.calls(CallKind::Write), 3);
    assert_eq!(org.writes().iter().map(|call| call.records).collect::<Vec<_>>(), [3, 2, 2]);
}

#[tokio::test]
async fn an_upsert_refuses_values_that_stand_twice_and_says_what_it_created() {
    let org = org("upserts").await;
    let client = Client::login(&org).await;
    let record = |key: &str| typed("Account", json!({"Name": key, "OrgA_Id__c": key}));
    let path = "composite/sobjects/Account/OrgA_Id__c";
    let (_, first) = client.patch(path, json!({"records": [record("a"), record("b"), record("b")]})).await;
    assert_eq!((&first[0]["success"], &first[0]["created"]), (&json!(true), &json!(true)));
    for twin in [1, 2] {
        assert_eq!(first[twin]["errors"][0]["statusCode"], "DUPLICATE_VALUE");
        assert_eq!(first[twin]["errors"][0]["message"], "Duplicate external id specified: b");
    }
    let (_, second) = client.patch(path, json!({"records": [record("a"), record("b")]})).await;
    assert_eq!((&second[0]["created"], &second[0]["id"]), (&json!(false), &first[0]["id"]));
    assert_eq!(second[1]["created"], true);
    let none = typed("Account", json!({"Name": "x"}));
    let (_, missing) = client.patch(path, json!({"records": [none]})).await;
    assert_eq!(missing[0]["errors"][0]["statusCode"], "MISSING_ARGUMENT");
    let too_many: Vec<Json> = (0..201).map(|n| record(&n.to_string())).collect();
    let (status, errors) = client.patch(path, json!({"records": too_many})).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some("EXCEEDED_ID_LIMIT")));
    assert_eq!(org.count("account"), 2);
}

#[tokio::test]
async fn retrieve_answers_null_for_what_is_missing_or_deleted() {
    let org = org("retrieve").await;
    let client = Client::login(&org).await;
    let kept = client.create("Account", json!({"Name": "kept"})).await;
    let gone = client.create("Account", json!({"Name": "gone"})).await;
    client.delete(&format!("sobjects/Account/{gone}")).await;
    let body = json!({"ids": [gone, "001zz0000000000AAA", kept], "fields": ["name"]});
    let (status, records) = client.post("composite/sobjects/Account", body).await;
    assert_eq!(status, 200);
    assert_eq!((&records[0], &records[1], &records[2]["Name"]), (&Json::Null, &Json::Null, &json!("kept")));
    let (_, records) = client.get(&format!("composite/sobjects/Account?ids={kept}&fields=Id,Name")).await;
    assert_eq!(records[0]["Id"], kept);
    let (status, errors) =
        client.post("composite/sobjects/Account", json!({"ids": [kept], "fields": ["Nope"]})).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some("INVALID_FIELD")));
    assert_eq!(org.calls(CallKind::Retrieve), 3);
}
