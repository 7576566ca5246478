//! Rules of an administrator at work: validation rules, formulas and auto-numbers, duplicate rules.

use serde_json::json;

use super::client::{read, typed};
use super::world::World;

#[tokio::test]
async fn every_validation_rule_that_a_record_breaks_is_told() {
    let world = World::new("rules").await;
    let body = json!({"Name": "x", "NumberOfEmployees": -1, "AnnualRevenue": -1});
    let (status, errors) = world.client.post("sobjects/Account", body.clone()).await;
    assert_eq!((status, errors.as_array().unwrap().len()), (400, 2));
    let records = json!({"records": [typed("Account", body), typed("Account", json!({"Name": "fine"}))]});
    let (_, results) = world.client.post("composite/sobjects", records).await;
    let messages: Vec<&str> = results[0]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["message"].as_str().unwrap())
        .collect();
    assert_eq!(messages, ["A company has people.", "Revenue is never negative."]);
    assert_eq!(results[0]["errors"][0]["statusCode"], "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    assert_eq!(results[1]["success"], true);
}

#[tokio::test]
async fn formulas_and_auto_numbers_are_read_everywhere() {
    let world = World::new("formulas").await;
    let account = world.filled("{cold}");
    for _ in 0..2 {
        world.client.create("Invoice__c", json!({"Account__c": account})).await;
    }
    let names = world.client.column("SELECT Name FROM Invoice__c ORDER BY Name DESC", "Name").await;
    assert_eq!(names, ["INV-0002", "INV-0001"]);
    let of =
        world.client.column("SELECT Of__c FROM Invoice__c WHERE Of__c = 'Cold: INV-0002'", "Of__c").await;
    assert_eq!(of, ["Cold: INV-0002"]);
    world.client.patch(&format!("sobjects/Account/{account}"), json!({"Name": "Warm"})).await;
    let of = world.client.column("SELECT Of__c FROM Invoice__c ORDER BY Of__c DESC LIMIT 1", "Of__c").await;
    assert_eq!(of, ["Warm: INV-0002"], "a formula follows the parent");
    let numbers = world.client.column("SELECT Number__c FROM Invoice__c", "Number__c").await;
    assert!(numbers[1].ends_with("-02") && numbers[1].len() == 7, "{numbers:?}");
}

#[tokio::test]
async fn a_duplicate_is_saved_only_by_a_client_that_says_so_and_only_where_that_is_allowed() {
    let world = World::new("duplicates").await;
    let double = r#"{"Name":"KEPT","BillingCity":" roma"}"#;
    let (status, errors) = world.send("POST sobjects/Account", double, None).await;
    assert_eq!(status, 400);
    let id = world.filled("{account}");
    let result = json!({
        "allowSave": true,
        "duplicateRule": "City_Duplicate_Rule",
        "duplicateRuleEntityType": "Account",
        "errorMessage": "Use one of these records?",
        "matchResults": [{
            "entityType": "Account",
            "errors": [],
            "matchEngine": "ExactMatchEngine",
            "matchRecords": [{
                "additionalInformation": [],
                "fieldDiffs": [],
                "matchConfidence": 100.0,
                "record": {"attributes": {"type": "Account", "url": format!("/services/data/v60.0/sobjects/Account/{id}")}, "Id": id},
            }],
            "rule": "City_Match_Rule",
            "size": 1,
            "success": true,
        }],
    });
    let message = "Use one of these records?";
    assert_eq!(
        errors,
        json!([{"duplicateResult": result, "errorCode": "DUPLICATES_DETECTED", "message": message}])
    );
    let old = format!("{}/services/data/v59.0/sobjects/Account", world.client.url);
    let old = world.client.http.post(old).bearer_auth(&world.client.token).body(double).send().await.unwrap();
    assert!(read(old).await.1[0]["duplicateResut"].is_object(), "up to v59 a letter is missing");
    let records = json!({"records": [typed("Account", json!({"Name": "Kept", "BillingCity": "Roma"}))]});
    let (_, results) = world.client.post("composite/sobjects", records).await;
    assert_eq!(results[0]["errors"][0]["statusCode"], "DUPLICATES_DETECTED");
    assert_eq!(results[0]["errors"][0]["duplicateResult"], result);

    let allow = Some(("Sforce-Duplicate-Rule-Header", "allowSave=true; includeRecordDetails=true"));
    assert_eq!(world.send("POST sobjects/Account", double, allow).await.0, 201);
    let blocked =
        world.send("POST sobjects/Account", r#"{"Name":"y","Website":"HTTPS://a.example"}"#, allow).await;
    assert_eq!((blocked.0, &blocked.1[0]["duplicateResult"]["allowSave"]), (400, &json!(false)));
    assert_eq!(blocked.1[0]["message"], "Never the same site.");
    let untouched = world.send("PATCH sobjects/Account/{account}", r#"{"Phone":"1"}"#, None).await;
    assert_eq!(untouched.0, 204, "a change of other fields asks no rule");
}
