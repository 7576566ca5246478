//! What unmodified clients do to paths, headers and bodies.

use reqwest::Method;
use serde_json::json;

use super::client::{Client, http, org};
use crate::CallKind;

#[tokio::test]
async fn versions_need_no_token_and_everything_else_does() {
    let org = org("versions").await;
    let versions = http().get(format!("{}/services/data/", org.url())).send().await.unwrap();
    assert!(!versions.headers().contains_key("sforce-limit-info"));
    let versions: serde_json::Value = versions.json().await.unwrap();
    assert!(versions.as_array().unwrap().iter().any(|version| version["version"] == "60.0"));
    let refused = http().get(format!("{}/services/data/v60.0/limits", org.url())).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert!(refused.headers().contains_key("sforce-limit-info") && refused.headers().contains_key("date"));
}

#[tokio::test]
async fn slashes_letter_case_and_encodings_do_not_matter() {
    let org = org("slashes").await;
    let client = Client::login(&org).await;
    client.create("ACCOUNT/", json!({"NAME": "a b"})).await;
    for path in [
        "query/?q=SELECT+Name+FROM+account",
        "/query?q=SELECT%20name%20FROM%20Account",
        "//query//?q=select+Name+from+Account",
    ] {
        let (status, body) = client.get(path).await;
        assert_eq!((status, &body["records"][0]["Name"]), (200, &json!("a b")), "{path}");
    }
    let (status, errors) = client.call(Method::PUT, "limits", None).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (405, Some("METHOD_NOT_ALLOWED")));
    let override_url = "sobjects/Account/OrgA_Id__c/z?_HttpMethod=PATCH";
    assert_eq!(client.post(override_url, json!({"Name": "z"})).await.0, 201);
    let (status, errors) = client.call(Method::POST, "sobjects/Account", None).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some("JSON_PARSER_ERROR")));
}

#[tokio::test]
async fn usage_and_counters_tell_what_was_called() {
    let org = org("usage").await;
    let client = Client::login(&org).await;
    client.get("limits").await;
    let answer = client.send(Method::GET, "sobjects/Account/describe", None).await;
    assert_eq!(answer.headers()["sforce-limit-info"], "api-usage=2/100000");
    assert_eq!(answer.headers()["content-type"], "application/json;charset=UTF-8");
    let (_, limits) = client.get("limits").await;
    assert_eq!(limits["DailyApiRequests"], json!({"Max": 100_000, "Remaining": 99_997}));
    assert_eq!(
        [CallKind::Token, CallKind::Limits, CallKind::Describe, CallKind::Query].map(|kind| org.calls(kind)),
        [1, 2, 1, 0]
    );
    let counts: serde_json::Value =
        http().get(format!("{}/simulator/calls", org.url())).send().await.unwrap().json().await.unwrap();
    assert_eq!(counts, json!({"token": 1, "describe": 1, "limits": 2}));
}
