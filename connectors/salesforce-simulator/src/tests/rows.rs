//! Paths, methods, headers and preconditions of calls for one record.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::client::{Client, encode, http, org, read};
use crate::Org;

#[tokio::test]
async fn only_served_versions_have_resources() {
    let org = org("rest-versions").await;
    let client = Client::login(&org).await;
    for (version, status, code) in [
        ("v36.0", 410, "UNSUPPORTED_API_VERSION"),
        ("v68.0", 404, "NOT_FOUND"),
        ("v60", 404, "NOT_FOUND"),
        ("60.0", 404, "NOT_FOUND"),
    ] {
        let url = format!("{}/services/data/{version}/limits", org.url());
        let (got, errors) = read(http().get(url).bearer_auth(&client.token).send().await.unwrap()).await;
        assert_eq!((got, errors[0]["errorCode"].as_str()), (status, Some(code)), "{version}");
    }
    for version in [37, 67] {
        let url = format!("{}//services/data/v{version}.0//", org.url());
        let (status, resources) =
            read(http().get(url).bearer_auth(&client.token).send().await.unwrap()).await;
        assert_eq!(status, 200);
        assert_eq!(resources["sobjects"], format!("/services/data/v{version}.0/sobjects"));
        assert_eq!(resources["identity"], format!("{}/id/{}/{}", org.url(), org.id(), org.user_id()));
    }
    let (status, errors) = client.get("theme").await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (501, Some("FUNCTIONALITY_NOT_ENABLED")));
    assert_eq!(client.get("nonsense").await.0, 404);
}

#[tokio::test]
async fn a_method_that_does_not_fit_is_told_which_ones_do() {
    let org = org("rest-methods").await;
    let client = Client::login(&org).await;
    for (method, path, allowed) in [
        (Method::POST, "limits", "HEAD,GET"),
        (Method::PUT, "sobjects/Account", "HEAD,GET,POST"),
        (Method::POST, "sobjects/Account/001000000000000AAA", "HEAD,GET,PATCH,DELETE"),
        (Method::GET, "composite/batch", "POST"),
        (Method::DELETE, "query", "HEAD,GET"),
    ] {
        let answer = client.send(method.clone(), path, Some(json!({}))).await;
        assert_eq!(answer.headers()["allow"], allowed);
        let errors: Json = answer.json().await.unwrap();
        let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
        assert_eq!(errors, json!([{"message": message, "errorCode": "METHOD_NOT_ALLOWED"}]));
    }
    let id = client.create("Account", json!({"Name": "x"})).await;
    let head = client.send(Method::HEAD, &format!("sobjects/Account/{id}"), None).await;
    assert_eq!((head.status().as_u16(), head.headers().contains_key("etag")), (200, true));
    assert!(head.text().await.unwrap().is_empty());
    let path = format!("sobjects/Account/{id}?_HttpMethod=PATCH");
    assert_eq!(client.post(&path, json!({"Name": "y"})).await.0, 204);
}

#[tokio::test]
async fn bodies_that_cannot_be_read_say_where() {
    let org = org("rest-bodies").await;
    let client = Client::login(&org).await;
    let send = async |kind: &str, body: &'static str| {
        let url = format!("{}/services/data/v60.0/sobjects/Account", org.url());
        let request = http().post(url).bearer_auth(&client.token).header("content-type", kind).body(body);
        let (status, errors) = read(request.send().await.unwrap()).await;
        (
            status,
            errors[0]["errorCode"].as_str().unwrap_or_default().to_owned(),
            errors[0]["message"].as_str().unwrap_or_default().to_owned(),
        )
    };
    for (body, message) in [
        ("", "The HTTP entity body is required, but this request has no entity body."),
        (
            "{\"Name\":\"x\",}",
            "Unexpected character ('}' (code 125)): was expecting double-quote to start field name at [line:1, column:14]",
        ),
        (
            "{\"Name\" \"x\"}",
            "Unexpected character ('\"' (code 34)): was expecting a colon to separate field name and value at [line:1, column:10]",
        ),
        (
            "[]",
            "Cannot deserialize instance of SObject from START_ARRAY value [ or request may be missing a required field at [line:1, column:1]",
        ),
    ] {
        assert_eq!(
            send("application/json", body).await,
            (400, "JSON_PARSER_ERROR".to_owned(), message.to_owned())
        );
    }
    let (status, code, message) = send("text/plain", "{}").await;
    assert_eq!((status, code.as_str()), (415, "UNSUPPORTED_MEDIA_TYPE"));
    assert_eq!(message, "Content-Type header specified in HTTP request is not supported: text/plain");
    assert_eq!(send("Application/JSON; charset=utf-8", "{\"Name\":\"x\"}").await.0, 201);
}

#[tokio::test]
async fn ids_and_external_ids_that_fit_nothing_are_told_apart() {
    let org = org("rest-ids").await;
    let client = Client::login(&org).await;
    let contact = client.create("Contact", json!({"LastName": "x"})).await;
    let missing = "001zz0000000000AAA";
    let path = |rest: &str| format!("sobjects/Account/{rest}");
    for (path, status, code, text) in [
        (
            path("abc"),
            404,
            "NOT_FOUND",
            "Provided external ID field does not exist or is not accessible: abc",
        ),
        (path(&contact), 400, "MALFORMED_ID", "Account ID: id value of incorrect type: "),
        (
            path("001zz0000000000AAB"),
            400,
            "MALFORMED_ID",
            "Account ID: id value of incorrect type: 001zz0000000000AAB",
        ),
        (path(missing), 404, "NOT_FOUND", "The requested resource does not exist"),
        (
            path("Phone/1"),
            404,
            "NOT_FOUND",
            "Provided external ID field does not exist or is not accessible: Phone",
        ),
        (path("OrgA_Id__c/none"), 404, "NOT_FOUND", "The requested resource does not exist"),
        ("sobjects/Nope/1".to_owned(), 404, "NOT_FOUND", "The requested resource does not exist"),
    ] {
        let (got, errors) = client.get(&path).await;
        assert_eq!((got, errors[0]["errorCode"].as_str()), (status, Some(code)), "{path}: {errors}");
        assert!(errors[0]["message"].as_str().unwrap().starts_with(text), "{errors}");
    }
    assert_eq!(
        client.patch("sobjects/Account/OrgA_Id__c/k?updateOnly=true", json!({"Name": "x"})).await.0,
        404
    );
    assert_eq!(client.delete("sobjects/Account/OrgA_Id__c/k").await.0, 404);
    let (status, errors) = client.post("sobjects/Account/Id", json!({"Id": missing, "Name": "x"})).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some("INVALID_FIELD")));
    let (status, created) =
        client.post("sobjects/Account/Id/", json!({"Name": "x", "OrgA_Id__c": "a+b/c d"})).await;
    assert_eq!((status, &created["created"]), (201, &json!(true)));
    let path = "sobjects/Account/OrgA_Id__c/a+b%2Fc%20d";
    assert_eq!(client.get(path).await.1["Id"], created["id"]);
    assert_eq!(client.delete(path).await.0, 204);
    assert_eq!(org.count("Account"), 0);
}

#[tokio::test]
async fn preconditions_decide_over_reading_and_writing() {
    let org = org("rest-conditions").await;
    let client = Client::login(&org).await;
    let id = client.create("Account", json!({"Name": "x"})).await;
    let call = async |method: Method, name: &str, value: &str| {
        let url = format!("{}/services/data/v60.0/sobjects/Account/{id}", org.url());
        let body = if method == Method::PATCH { json!({"Phone": value}).to_string() } else { String::new() };
        let request =
            http().request(method, url).bearer_auth(&client.token).header("content-type", "application/json");
        request.header(name, value).body(body).send().await.unwrap()
    };
    let (past, future) = ("Thu, 01 Jan 2015 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT");
    let first = call(Method::GET, "x", "y").await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    for (method, name, value, status) in [
        (Method::PATCH, "if-match", "\"other\"", 412),
        (Method::PATCH, "if-match", "none", 400),
        (Method::PATCH, "if-none-match", &tag, 412),
        (Method::PATCH, "if-unmodified-since", past, 412),
        (Method::PATCH, "if-unmodified-since", "yesterday", 400),
        (Method::GET, "if-match", "\"other\"", 412),
        (Method::GET, "if-none-match", &tag, 304),
        (Method::GET, "if-none-match", "\"other\"", 200),
        (Method::GET, "if-modified-since", future, 304),
        (Method::GET, "if-modified-since", past, 200),
        (Method::GET, "if-unmodified-since", past, 412),
        (Method::PATCH, "if-match", &tag, 204),
        (Method::PATCH, "if-match", &tag, 412),
        (Method::PATCH, "if-unmodified-since", future, 204),
    ] {
        assert_eq!(
            call(method.clone(), name, value).await.status().as_u16(),
            status,
            "{method} {name}: {value}"
        );
    }
    let contact = client.create("Contact", json!({"LastName": "x"})).await;
    let answer = client.send(Method::GET, &format!("sobjects/Contact/{contact}"), None).await;
    assert!(!answer.headers().contains_key("etag"), "only accounts have tags");
}

#[tokio::test]
async fn relationships_lead_to_parents_and_children() {
    let org = org("rest-relationships").await;
    let client = Client::login(&org).await;
    let account = client.create("Account", json!({"Name": "Acme"})).await;
    let contact = client.create("Contact", json!({"LastName": "x", "AccountId": account})).await;
    let alone = client.create("Contact", json!({"LastName": "alone"})).await;
    let (status, errors) = client.get(&format!("sobjects/Contact/{alone}/Account")).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (404, Some("NOT_FOUND")));
    assert_eq!(client.get(&format!("sobjects/Contact/{contact}/Account?fields=Nope")).await.0, 400);
    assert_eq!(client.post(&format!("sobjects/Contact/{contact}/Account"), json!({})).await.0, 405);
    assert_eq!(client.get(&format!("sobjects/Contact/{contact}/Nonsense")).await.0, 404);
    assert_eq!(client.get("sobjects/Account/001zz0000000000AAA/Contacts").await.0, 404);
    let (_, parent) = client.get(&format!("sobjects/Contact/{contact}/account?fields=Name")).await;
    assert_eq!((&parent["Name"], &parent["Id"]), (&json!("Acme"), &json!(account)));
    let (status, children) =
        client.get(&format!("sobjects/Account/{account}/Contacts?fields=LastName")).await;
    assert_eq!((status, &children["totalSize"], &children["done"]), (200, &json!(1), &json!(true)));
    assert_eq!(children["records"][0]["LastName"], "x");
    assert_eq!(
        client.patch(&format!("sobjects/Contact/{contact}/Account"), json!({"Name": "Renamed"})).await.0,
        204
    );
    assert_eq!(client.delete(&format!("sobjects/Contact/{contact}/Account")).await.0, 204);
    assert_eq!((org.count("Account"), org.count("Contact")), (0, 1), "the account takes its contact along");
}

#[tokio::test]
async fn heads_that_are_too_long_never_reach_the_org() {
    let org = org("rest-heads").await;
    let client = Client::login(&org).await;
    let long = encode(&"x".repeat(17_000));
    let answer = client.send(Method::GET, &format!("query?q={long}"), None).await;
    assert_eq!(answer.status(), 414);
    assert_eq!(answer.text().await.unwrap(), "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>");
    let url = format!("{}/services/data/v60.0/limits", org.url());
    let answer = http().get(url).bearer_auth(&client.token).header("x-long", &long).send().await.unwrap();
    assert_eq!(answer.status(), 431);
}

#[tokio::test]
async fn json_is_spaced_out_on_demand_and_xml_is_refused() {
    let org: Org = org("rest-pretty").await;
    let client = Client::login(&org).await;
    let url = format!("{}/services/data/v60.0/sobjects/Nope/describe", org.url());
    let get = || http().get(&url).bearer_auth(&client.token);
    let pretty = get().header("x-prettyprint", "1").send().await.unwrap().text().await.unwrap();
    assert_eq!(
        pretty,
        "[ {\n  \"message\" : \"The requested resource does not exist\",\n  \"errorCode\" : \"NOT_FOUND\"\n} ]"
    );
    assert_eq!(get().header("accept", "application/xml").send().await.unwrap().status(), 406);
}

#[tokio::test]
async fn limits_count_what_is_used_and_refuse_what_is_over_only_if_asked() {
    let org = Org::builder()
        .name("rest-limits")
        .daily_api_requests(3)
        .enforce_api_requests(true)
        .start()
        .await
        .unwrap();
    let client = Client::login(&org).await;
    let (_, limits) = client.get("limits/").await;
    assert_eq!(limits["DailyApiRequests"], json!({"Max": 3, "Remaining": 2}));
    for name in [
        "DailyBulkApiBatches",
        "DailyBulkV2QueryJobs",
        "DataStorageMB",
        "DailyDurableStreamingApiEvents",
        "HourlyPublishedPlatformEvents",
        "DailyDeliveredPlatformEvents",
        "MonthlyPlatformEventsUsageEntitlement",
        "StreamingApiConcurrentClients",
        "PermissionSets",
    ] {
        assert!(limits[name]["Max"].is_u64() && limits[name]["Remaining"].is_u64(), "{name}");
    }
    let old = format!("{}/services/data/v47.0/limits", org.url());
    let (_, old) = read(http().get(old).bearer_auth(&client.token).send().await.unwrap()).await;
    assert!(old["MonthlyPlatformEvents"].is_object() && old["DailyBulkApiRequests"].is_object());
    let (status, counts) = client.get("limits/recordCount?sObjects=organization,Nope").await;
    assert_eq!((status, counts), (200, json!({"sObjects": [{"count": 1, "name": "Organization"}]})));
    let (status, errors) = client.get("limits").await;
    assert_eq!(status, 403);
    assert_eq!(
        errors,
        json!([{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])
    );
    org.advance(std::time::Duration::from_hours(25));
    let client = Client::login(&org).await;
    assert_eq!(client.get("limits").await.0, 200, "a day later there is a new allocation");
    for (max, enforced, status) in [(0, true, 403), (0, false, 200), (100, true, 200)] {
        let url = format!("{}/simulator/limits/api_requests", org.url());
        let ordered = http().post(url).json(&json!({"max": max, "enforced": enforced})).send().await.unwrap();
        assert_eq!((ordered.status().as_u16(), client.get("limits").await.0), (200, status));
    }
}
