//! What a real org has and the simulator does not is told from what does not exist anywhere.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::client::{Client, encode, org, read, typed};

#[tokio::test]
async fn what_a_real_org_has_is_refused_by_the_name_of_the_simulator() {
    let org = org("absent").await;
    let client = Client::login(&org).await;
    let id = client.create("Account", json!({"Name": "Acme"})).await;
    let user = org.user_id();
    for (method, path) in [
        (Method::GET, "sobjects/Account/describe/layouts".to_owned()),
        (Method::GET, "sobjects/Account/describe/compactLayouts/primary".to_owned()),
        (Method::GET, "sobjects/account/listviews".to_owned()),
        (Method::GET, "sobjects/Account/listviews/00B000000000001AAA/results".to_owned()),
        (Method::GET, "sobjects/Account/quickActions".to_owned()),
        (Method::GET, format!("sobjects/Account/{id}/richTextImageFields/Notes__c/0EM000000000001AAA")),
        (Method::GET, format!("sobjects/User/{user}/password")),
        (Method::POST, format!("sobjects/User/{user}/password")),
        (Method::GET, "tooling/sobjects".to_owned()),
        (Method::GET, "tooling/sobjects/CustomField/describe".to_owned()),
        (Method::GET, "tooling/sobjects/ApexClass/describe".to_owned()),
        (Method::GET, "tooling/sobjects/Account".to_owned()),
        (Method::PATCH, "tooling/sobjects/CustomField/00N000000000001AAA".to_owned()),
        (Method::GET, "tooling/executeAnonymous?anonymousBody=x".to_owned()),
        (Method::POST, "graphql".to_owned()),
        (Method::GET, "ui-api/object-info/Account".to_owned()),
        (Method::GET, "search?q=x".to_owned()),
        (Method::POST, "sobjects/Attachment".to_owned()),
        (Method::GET, "sobjects/attachment/describe".to_owned()),
        (Method::GET, "sobjects/ContentVersion/068000000000001AAA/VersionData".to_owned()),
        (Method::GET, "sobjects/ContentDocument".to_owned()),
        (Method::GET, "sobjects/AccountHistory/describe".to_owned()),
        (Method::GET, "sobjects/AccountChangeEvent/describe".to_owned()),
        (Method::GET, "composite/sobjects/Note?ids=002000000000001AAA&fields=Id".to_owned()),
        (Method::GET, format!("query?q={}", encode("SELECT Id FROM Attachment"))),
        (Method::GET, format!("tooling/query?q={}", encode("SELECT Id FROM ApexClass"))),
    ] {
        let body = (method != Method::GET).then(|| json!({"Name": "x"}));
        let (status, errors) = client.call(method.clone(), &path, body).await;
        assert_eq!(
            (status, &errors[0]["errorCode"]),
            (501, &json!("FUNCTIONALITY_NOT_ENABLED")),
            "{method} {path}: {errors}"
        );
        let message = errors[0]["message"].as_str().unwrap();
        assert!(message.starts_with("the org simulator does not have "), "{path}: {message}");
    }
    let body = json!({"records": [typed("Attachment", json!({"Name": "x"}))]});
    let (status, results) = client.post("composite/sobjects", body).await;
    assert_eq!(
        (status, &results[0]["errors"][0]["message"]),
        (200, &json!("the org simulator does not have the object Attachment"))
    );
    let job = json!({"object": "Attachment", "operation": "insert"});
    assert_eq!(client.post("jobs/ingest", job).await.0, 501);
    let url = format!("{}/services/async/60.0/job", org.url());
    assert_eq!(read(client.http.post(url).bearer_auth(&client.token).send().await.unwrap()).await.0, 501);
}

#[tokio::test]
async fn what_no_org_has_does_not_exist() {
    let org = org("nowhere").await;
    let client = Client::login(&org).await;
    let id = client.create("Account", json!({"Name": "Acme"})).await;
    let nowhere = json!([{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]);
    for path in [
        "sobjects/Nope".to_owned(),
        "sobjects/Nope/listviews".to_owned(),
        "sobjects/Nope/describe/layouts".to_owned(),
        "sobjects/NopeHistory/describe".to_owned(),
        "sobjects/Nope__c".to_owned(),
        format!("sobjects/Account/{id}/Nope"),
        "tooling/sobjects/Nope".to_owned(),
        "tooling/nonsense".to_owned(),
        "nonsense".to_owned(),
    ] {
        assert_eq!(client.get(&path).await, (404, nowhere.clone()), "{path}");
    }
    let (status, errors): (u16, Json) =
        client.get(&format!("query?q={}", encode("SELECT Id FROM Nope"))).await;
    assert_eq!((status, &errors[0]["errorCode"]), (400, &json!("INVALID_TYPE")));
}

#[tokio::test]
async fn a_body_beyond_fifty_megabytes_is_refused_as_what_it_is() {
    let org = org("too-large").await;
    let client = Client::login(&org).await;
    let body = format!("{{\"Name\": \"{}\"}}", "x".repeat(51 * 1024 * 1024));
    let url = format!("{}/services/data/v60.0/sobjects/Account", org.url());
    let request = client.http.post(url).bearer_auth(&client.token).header("content-type", "application/json");
    let message = "Maximum size of request reached. Maximum size of request is 52428800 bytes.";
    let refused = json!([{"message": message, "errorCode": "JSON_PARSER_ERROR"}]);
    assert_eq!(read(request.body(body).send().await.unwrap()).await, (400, refused));
    assert_eq!(client.query("SELECT COUNT() FROM Account").await["totalSize"], 0);
}
