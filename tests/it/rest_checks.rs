//! Properties that are looked at over REST without making a connector of them, and the levels of the log.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be has failed, which is all there is to say"
)]

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::rest_connectors::{HIDDEN, Place, with};

const SINK: &str = "/connector-plugins/SalesforceSObjectSink/config/validate";

/// What is said of the property `name`.
fn of<'a>(said: &'a Json, name: &str) -> &'a Json {
    let mut all = said["configs"].as_array().unwrap().iter();
    all.find(|config| config["definition"]["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

fn errors(said: &Json, name: &str) -> Vec<String> {
    let errors = of(said, name)["value"]["errors"].as_array().unwrap().iter();
    errors.map(|error| error.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_properties_stands_at_its_property_and_nothing_is_made() {
    let Some(place) = Place::start().await else { return };
    let worker = place.worker(&[]).await;
    let sound = with(place.sink(), json!({ "name": "sound" }));
    let (code, said) = worker.send(Method::PUT, SINK, &sound).await;
    assert_eq!((code, &said["error_count"]), (200, &json!(0)), "{said}");
    assert_eq!(of(&said, "salesforce.password")["value"]["value"], HIDDEN);
    assert_eq!(of(&said, "salesforce.object")["value"]["value"], "Lead");
    // What is left out has its default, and what is one of a few words says which.
    assert_eq!(of(&said, "errors.tolerance")["value"]["value"], "none");
    assert_eq!(of(&said, "errors.tolerance")["value"]["recommended_values"], json!(["none", "all"]));
    let groups: Vec<&str> =
        said["groups"].as_array().unwrap().iter().map(|group| group.as_str().unwrap()).collect();
    assert!(groups.contains(&"Salesforce"), "{groups:?}");

    // The definitions are those of `GET …/config`.
    let (code, listed) = worker.get("/connector-plugins/SalesforceSObjectSink/config").await;
    assert_eq!(code, 200);
    for definition in listed.as_array().unwrap() {
        let name = definition["name"].as_str().unwrap();
        assert_eq!(&of(&said, name)["definition"], definition, "{name}");
    }

    let wrong = with(
        place.sink(),
        json!({ "tasks.max": "no", "topics.regex": "a", "errors.tolerance": "some", "salesforce.object": null }),
    );
    let (code, said) = worker.send(Method::PUT, SINK, &wrong).await;
    assert_eq!(code, 200);
    assert_eq!(
        errors(&said, "name"),
        ["Missing required configuration \"name\" which has no default value."]
    );
    assert!(errors(&said, "tasks.max")[0].ends_with("Not a number of type INT"), "{said}");
    assert!(errors(&said, "errors.tolerance")[0].contains("must be one of: none, all"), "{said}");
    assert_eq!(errors(&said, "topics.regex").len(), 1);
    assert!(errors(&said, "salesforce.object")[0].starts_with("Null value"), "{said}");
    let all = said["configs"].as_array().unwrap().iter();
    let counted: usize = all.map(|config| config["value"]["errors"].as_array().unwrap().len()).sum();
    assert_eq!(said["error_count"], counted);
    for secret in place.secrets() {
        assert!(!said.to_string().contains(&secret), "a secret is shown");
    }
    assert_eq!(worker.get("/connectors").await, (200, json!([])));

    // The same faults are the reason why such a connector is not made.
    let (code, refused) = worker.create("x", &with(wrong, json!({ "salesforce.object": "Lead" }))).await;
    let message = refused["message"].as_str().unwrap();
    assert_eq!(code, 400);
    for name in ["tasks.max", "errors.tolerance", "topics.regex"] {
        assert!(message.contains(&errors(&said, name)[0]), "{name}: {message}");
    }
    worker.process.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logger_says_more_from_the_moment_in_which_it_is_told_to() {
    let Some(place) = Place::start().await else { return };
    let worker = place.worker(&[]).await;
    let set = |level: &str| json!({ "level": level });
    let (code, said) = worker.send(Method::PUT, "/admin/loggers/orgstream", &set("error")).await;
    assert_eq!((code, said), (200, json!(["orgstream"])));
    assert_eq!(worker.get("/admin/loggers/orgstream").await.1["level"], "ERROR");
    // A pause would be told at the level `WARN` or `INFO`.
    assert_eq!(worker.create("quiet", &place.sink()).await.0, 201);
    worker.until("quiet", "RUNNING").await;
    let (code, _) = worker.send(Method::PUT, "/admin/loggers/orgstream?scope=cluster", &set("DEBUG")).await;
    assert_eq!(code, 204);
    assert_eq!(worker.create("loud", &place.sink()).await.0, 201);
    worker.until("loud", "RUNNING").await;
    for (name, body, code) in
        [("orgstream", set("NOPE"), 404), ("orgstream", json!({}), 400), ("a=b,c", set("INFO"), 400)]
    {
        let (said, answer) = worker.send(Method::PUT, &format!("/admin/loggers/{name}"), &body).await;
        assert_eq!(said, code, "{answer}");
    }
    let finished = worker.process.terminate().await.expect_code(0);
    assert!(!finished.stderr.contains("quiet.dead_letters"), "it says less:\n{}", finished.stderr);
    assert!(finished.stderr.contains("loud.dead_letters"), "it says more:\n{}", finished.stderr);
}
