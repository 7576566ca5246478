//! Several calls in one.

use serde_json::{Value as Json, json};

use super::client::{Client, org, read, typed};
use crate::CallKind;

fn step(method: &str, path: &str, id: &str, body: Json) -> Json {
    let mut step =
        json!({"method": method, "url": format!("/services/data/v60.0/{path}"), "referenceId": id});
    step["body"] = body;
    step
}

#[tokio::test]
async fn a_composite_that_cannot_be_read_is_refused_as_a_whole() {
    let org = org("composite-bad").await;
    let client = Client::login(&org).await;
    let fine = step("POST", "sobjects/Account", "a", json!({"Name": "x"}));
    let with = |key: &str, value: Json| {
        let mut changed = fine.clone();
        changed[key] = value;
        changed
    };
    let without = |key: &str| {
        let mut changed = fine.clone();
        changed.as_object_mut().unwrap().shift_remove(key);
        changed
    };
    for (request, text) in [
        (json!({}), "may be missing a required field"),
        (
            json!({"compositeRequest": {}}),
            "Cannot deserialize instance of compositeRequest from START_OBJECT",
        ),
        (json!({"compositeRequest": [], "allOrnone": true}), "Unrecognized field \"allOrnone\""),
        (json!({"compositeRequest": [without("method")]}), "Cannot deserialize instance of method"),
        (json!({"compositeRequest": [without("referenceId")]}), "Cannot deserialize instance of referenceId"),
        (json!({"compositeRequest": [with("method", json!("post"))]}), "from VALUE_STRING value post"),
        (
            json!({"compositeRequest": [with("referenceId", json!("a[1]"))]}),
            "Provided referenceId ('a[1]') must start",
        ),
        (json!({"compositeRequest": [fine, fine]}), "Duplicate ReferenceId"),
        (json!({"compositeRequest": [with("httpHeaders", json!({"Accept": "x"}))]}), "Accept"),
    ] {
        let (status, errors) = client.post("composite", request.clone()).await;
        assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some("JSON_PARSER_ERROR")), "{request}");
        assert!(errors[0]["message"].as_str().unwrap().contains(text), "{errors}");
    }
    let many: Vec<Json> =
        (0..26).map(|n| step("POST", "sobjects/Account", &format!("r{n}"), json!({"Name": "x"}))).collect();
    let (status, answer) = client.post("composite/", json!({"compositeRequest": many})).await;
    let refused = json!({"compositeResponse": [{
        "body": [{"message": "The request can’t contain more than 25 operations.", "errorCode": "LIMIT_EXCEEDED"}],
        "httpHeaders": {}, "httpStatusCode": 400, "referenceId": null,
    }]});
    assert_eq!((status, answer), (200, refused));
    let queries: Vec<Json> =
        (0..6).map(|n| step("GET", "query?q=SELECT+Id+FROM+Account", &format!("q{n}"), Json::Null)).collect();
    let (_, answer) = client.post("composite", json!({"compositeRequest": queries})).await;
    assert_eq!(answer["compositeResponse"][0]["body"][0]["errorCode"], "LIMIT_EXCEEDED");
    assert_eq!(org.count("Account"), 0);
}

#[tokio::test]
async fn later_steps_use_the_answers_of_earlier_ones_and_all_is_one_call() {
    let org = org("composite-refs").await;
    let client = Client::login(&org).await;
    let steps = json!([
        step("POST", "sobjects/Account", "acc", json!({"Name": "Acme", "NumberOfEmployees": 7})),
        step("GET", "sobjects/Account/@{acc.id}?fields=Name,NumberOfEmployees,Phone", "info", Json::Null),
        step(
            "POST",
            "sobjects/Contact",
            "con",
            json!({
                "LastName": "of @{info.Name}", "AccountId": "@{info.Id}", "Phone": "@{info.Phone}",
            })
        ),
        step("GET", "query?q=SELECT+Name+FROM+Contact+WHERE+AccountId='@{acc.id}'", "found", Json::Null),
        step(
            "PATCH",
            "sobjects/Account/@{acc.id}",
            "upd",
            json!({"Description": "@{found.records[0].Name}"})
        ),
        step("POST", "sobjects/Contact", "lost", json!({"LastName": "x", "AccountId": "@{acc.Id}"})),
        step("GET", "limits", "other", Json::Null),
    ]);
    let (status, answer) = client.post("composite", json!({"compositeRequest": steps})).await;
    assert_eq!(status, 200, "{answer}");
    let results = answer["compositeResponse"].as_array().unwrap();
    let codes: Vec<u64> = results.iter().map(|result| result["httpStatusCode"].as_u64().unwrap()).collect();
    assert_eq!(codes, [201, 200, 201, 200, 204, 400, 400], "{answer}");
    let account = results[0]["body"]["id"].as_str().unwrap();
    assert_eq!(
        results[0]["httpHeaders"]["Location"],
        format!("/services/data/v60.0/sobjects/Account/{account}")
    );
    assert!(results[1]["httpHeaders"]["ETag"].is_string());
    assert_eq!((&results[4]["body"], &results[4]["httpHeaders"]), (&Json::Null, &json!({})));
    assert_eq!(
        results[5]["body"],
        json!([{"errorCode": "PROCESSING_HALTED", "message": "Invalid reference specified. No value for acc.Id found in acc."}])
    );
    let (_, record) = client.get(&format!("sobjects/Account/{account}?fields=Description")).await;
    assert_eq!(record["Description"], "of Acme");
    assert_eq!((org.calls(CallKind::Write), org.writes().len()), (1, 1));
    let usage = client.send(reqwest::Method::GET, "limits", None).await;
    assert_eq!(usage.headers()["sforce-limit-info"], "api-usage=3/100000");
}

#[tokio::test]
async fn all_or_none_takes_back_every_step_and_tells_nobody() {
    let org = org("composite-aon").await;
    let client = Client::login(&org).await;
    let kept = client.create("Account", json!({"Name": "before"})).await;
    let steps = json!([
        step("POST", "sobjects/Account", "acc", json!({"Name": "Acme"})),
        step("PATCH", &format!("sobjects/Account/{kept}"), "upd", json!({"Name": "after"})),
        step("POST", "sobjects/Contact", "bad", json!({"FirstName": "x", "AccountId": "@{acc.id}"})),
        step("POST", "sobjects/Account", "late", json!({"Name": "Late"})),
    ]);
    let (status, answer) =
        client.post("composite", json!({"allOrNone": true, "compositeRequest": steps})).await;
    assert_eq!(status, 200);
    let results = answer["compositeResponse"].as_array().unwrap();
    for at in [0, 1, 3] {
        assert_eq!(results[at]["httpStatusCode"], 400);
        assert_eq!(
            results[at]["body"],
            json!([{
                "errorCode": "PROCESSING_HALTED",
                "message": "The transaction was rolled back since another operation in the same transaction failed.",
            }])
        );
    }
    assert_eq!(results[2]["body"][0]["errorCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(client.column("SELECT Name FROM Account", "Name").await, ["before"]);
    assert_eq!(org.last_replay_id(), 0);

    let partly = json!([
        step(
            "POST",
            "composite/sobjects",
            "many",
            json!({"allOrNone": false, "records": [
                typed("Account", json!({"Name": "one"})), typed("Account", json!({})),
            ]})
        ),
        step("POST", "sobjects/Contact", "con", json!({"LastName": "x"})),
    ]);
    let (_, answer) = client.post("composite", json!({"allOrNone": true, "compositeRequest": partly})).await;
    let results = answer["compositeResponse"].as_array().unwrap();
    assert_eq!(
        (&results[0]["httpStatusCode"], &results[0]["body"][0]["success"]),
        (&json!(200), &json!(true))
    );
    assert_eq!(results[1]["body"][0]["errorCode"], "PROCESSING_HALTED");
    let (_, answer) = client.post("composite", json!({"allOrNone": false, "compositeRequest": partly})).await;
    assert_eq!(answer["compositeResponse"][1]["httpStatusCode"], 201);
    assert_eq!((org.count("Account"), org.count("Contact")), (2, 1));
}

#[tokio::test]
async fn a_composite_within_a_composite_is_refused_and_takes_the_others_back() {
    let org = org("composite-nested").await;
    let client = Client::login(&org).await;
    let steps = json!([
        step("POST", "sobjects/Account", "acc", json!({"Name": "Acme"})),
        step("POST", "composite//", "inner", json!({"allOrNone": true, "compositeRequest": []})),
    ]);
    let (_, answer) = client.post("composite", json!({"allOrNone": true, "compositeRequest": steps})).await;
    assert_eq!(answer["compositeResponse"][1]["body"][0]["errorCode"], "INVALID_INPUT");
    assert_eq!((org.count("Account"), client.get("limits").await.0), (0, 200));
}

#[tokio::test]
async fn a_thousand_records_fit_one_composite_call() {
    let org = org("composite-1000").await;
    let client = Client::login(&org).await;
    let records: Vec<Json> = (0..200).map(|n| typed("Account", json!({"Name": format!("n{n}")}))).collect();
    let steps: Vec<Json> = (0..5)
        .map(|n| step("POST", "composite/sobjects", &format!("c{n}"), json!({"records": records})))
        .collect();
    let (_, answer) = client.post("composite", json!({"allOrNone": true, "compositeRequest": steps})).await;
    assert_eq!(answer["compositeResponse"][4]["body"][199]["success"], true);
    assert_eq!((org.count("Account"), org.writes()[0].records), (1000, 1000));
}

#[tokio::test]
async fn null_is_a_value_from_v52_on() {
    let org = org("composite-null").await;
    let client = Client::login(&org).await;
    let id = client.create("Contact", json!({"LastName": "Wong"})).await;
    for (version, status) in [("51.0", 400), ("52.0", 201)] {
        let steps = json!([
            {"method": "GET", "url": format!("/services/data/v{version}/sobjects/Contact/{id}"), "referenceId": "ref"},
            {"method": "POST", "url": format!("/services/data/v{version}/sobjects/Contact"), "referenceId": "new",
             "body": {"FirstName": "@{ref.FirstName}", "LastName": "@{ref.LastName}"}},
        ]);
        let url = format!("{}/services/data/v{version}/composite", org.url());
        let request =
            client.http.post(url).bearer_auth(&client.token).json(&json!({"compositeRequest": steps}));
        let (_, answer) = read(request.send().await.unwrap()).await;
        assert_eq!(answer["compositeResponse"][1]["httpStatusCode"], status, "{answer}");
    }
}

#[tokio::test]
async fn a_batch_halts_when_told_to_and_counts_every_call() {
    let org = org("batch").await;
    let client = Client::login(&org).await;
    let (status, errors) = client.post("composite/batch", json!({})).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some("JSON_PARSER_ERROR")));
    let later = json!({"batchRequests": [{"method": "GET", "url": "v61.0/limits"}]});
    assert_eq!(client.post("composite/batch", later).await.0, 400);
    let requests = json!([
        {"method": "POST", "url": "v60.0/sobjects/Account", "richInput": {"Name": "x"}},
        {"method": "GET", "url": "v59.0/sobjects/Account/nope"},
        {"method": "GET", "url": "v60.0/query?q=SELECT+Name+FROM+Account"},
    ]);
    let (status, answer) = client.post("composite/batch/", json!({"batchRequests": requests})).await;
    assert_eq!((status, &answer["hasErrors"]), (200, &json!(true)));
    let codes: Vec<u64> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["statusCode"].as_u64().unwrap())
        .collect();
    assert_eq!(codes, [201, 404, 200]);
    assert_eq!(answer["results"][2]["result"]["records"][0]["Name"], "x");
    let halting = json!({"haltOnError": true, "batchRequests": requests});
    let (_, answer) = client.post("composite/batch", halting).await;
    assert_eq!(answer["results"][2]["statusCode"], 412);
    assert_eq!(answer["results"][2]["result"][0]["errorCode"], "BATCH_PROCESSING_HALTED");
    let usage = client.send(reqwest::Method::GET, "limits", None).await;
    assert_eq!(usage.headers()["sforce-limit-info"], "api-usage=9/100000");
}

#[tokio::test]
async fn each_graph_stands_or_falls_by_itself() {
    let org = org("graph").await;
    let client = Client::login(&org).await;
    let old = format!("{}/services/data/v49.0/composite/graph", org.url());
    let refused =
        client.http.post(old).bearer_auth(&client.token).json(&json!({"graphs": []})).send().await.unwrap();
    assert_eq!(refused.status(), 404);
    let query = json!({"graphs": [{"graphId": "1", "compositeRequest": [step("GET", "query?q=x", "q", Json::Null)]}]});
    assert_eq!(client.post("composite/graph", query).await.0, 400);
    let account = |id: &str| step("POST", "sobjects/Account", id, json!({"Name": id}));
    let graphs = json!({"graphs": [
        {"graphId": "good", "compositeRequest": [
            account("a"), step("POST", "sobjects/Contact", "c", json!({"LastName": "x", "AccountId": "@{a.id}"})),
        ]},
        {"graphId": "bad", "compositeRequest": [account("b"), step("POST", "sobjects/Contact", "d", json!({}))]},
    ]});
    let (status, answer) = client.post("composite/graph", graphs).await;
    assert_eq!(status, 200);
    let graphs = &answer["graphs"];
    assert_eq!((&graphs[0]["isSuccessful"], &graphs[1]["isSuccessful"]), (&json!(true), &json!(false)));
    assert_eq!(graphs[0]["graphResponse"]["compositeResponse"][1]["httpStatusCode"], 201);
    assert_eq!(
        graphs[1]["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"],
        "PROCESSING_HALTED"
    );
    assert_eq!(client.column("SELECT Name FROM Account", "Name").await, ["a"]);
}

#[tokio::test]
async fn a_tree_is_created_whole_or_not_at_all() {
    let org = org("tree").await;
    let client = Client::login(&org).await;
    let contact = |id: &str, fields: Json| {
        let mut record = fields;
        record["attributes"] = json!({"type": "Contact", "referenceId": id});
        record
    };
    let tree = |children: Vec<Json>| {
        json!({"records": [{
            "attributes": {"type": "Account", "referenceId": "acc"}, "Name": "Root", "Contacts": {"records": children},
        }]})
    };
    let bad = tree(vec![
        contact("c1", json!({"LastName": "a"})),
        contact("c2", json!({"LastName": "b", "Email": "123"})),
    ]);
    let (status, answer) = client.post("composite/tree/Account", bad).await;
    assert_eq!((status, &answer["hasErrors"]), (400, &json!(true)));
    assert_eq!(answer["results"][0]["referenceId"], "c2");
    assert_eq!(answer["results"][0]["errors"][0]["statusCode"], "INVALID_EMAIL_ADDRESS");
    assert_eq!((org.count("Account"), org.count("Contact")), (0, 0));
    let twice = tree(vec![contact("acc", json!({"LastName": "a"}))]);
    assert_eq!(client.post("composite/tree/Account", twice).await.0, 400);
    let good = tree(vec![contact("c1", json!({"LastName": "a"})), contact("c2", json!({"LastName": "b"}))]);
    assert_eq!(client.post("composite/tree/Lead", good.clone()).await.0, 400);
    let (status, answer) = client.post("composite/tree/account/", good).await;
    assert_eq!((status, &answer["hasErrors"]), (201, &json!(false)), "{answer}");
    let ids: Vec<&str> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["referenceId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["acc", "c1", "c2"]);
    let account = answer["results"][0]["id"].as_str().unwrap();
    assert_eq!(client.column("SELECT AccountId FROM Contact", "AccountId").await, [account, account]);
}

#[tokio::test]
async fn a_reference_in_a_url_may_be_percent_encoded() {
    let org = org("composite-encoded").await;
    let client = Client::login(&org).await;
    let steps = [
        step("POST", "sobjects/Account", "ref", json!({"Name": "Acme"})),
        step("GET", "sobjects/Account/%40%7Bref.id%7D?fields=Name", "one", Json::Null),
        step("GET", "query?q=SELECT+Name+FROM+Account+WHERE+Id%3D'%40%7bref.id%7d'", "two", Json::Null),
        step("GET", "sobjects/Account/%40%7Bnone.id%7D", "three", Json::Null),
    ];
    let (status, answer) = client.post("composite", json!({"compositeRequest": steps})).await;
    let bodies: Vec<&Json> = (0..4).map(|nth| &answer["compositeResponse"][nth]["body"]).collect();
    assert_eq!((status, &bodies[1]["Name"]), (200, &json!("Acme")), "{answer}");
    assert_eq!(bodies[2]["records"][0]["Name"], "Acme");
    assert_eq!(bodies[3][0]["message"], "Invalid reference specified. No value for none.id found in none.");
}

#[tokio::test]
async fn a_batch_has_no_calls_that_are_made_of_calls() {
    let org = org("batch-nested").await;
    let client = Client::login(&org).await;
    let inner = json!({"batchRequests": [
        {"method": "POST", "url": "v60.0/sobjects/Account", "richInput": {"Name": "x"}},
    ]});
    let requests = json!([
        {"method": "POST", "url": "v60.0/composite/batch", "richInput": inner},
        {"method": "POST", "url": "/services/data/v60.0/composite/", "richInput": {"compositeRequest": []}},
        {"method": "GET", "url": "v60.0/limits"},
    ]);
    let (_, answer) = client.post("composite/batch", json!({"batchRequests": requests})).await;
    let codes: Vec<&Json> =
        answer["results"].as_array().unwrap().iter().map(|result| &result["statusCode"]).collect();
    assert_eq!(codes, [400, 400, 200], "{answer}");
    assert_eq!(answer["results"][0]["result"][0]["errorCode"], "INVALID_INPUT");
    assert_eq!(org.count("Account"), 0);
}
