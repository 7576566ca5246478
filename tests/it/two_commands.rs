//! The two commands by which the documentation of Confluent's sink has its example sent to a worker.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::rest_connectors::{Place, Worker, assert_refused};

const NAME: &str = "SalesforceSObjectSinkConnector1";

/// The example with its values filled in, and where the org is.
fn example(place: &Place) -> String {
    let org = &place.world.b;
    let credentials = org.credentials();
    format!(
        r#"{{
   "name" : "{NAME}",
   "config" : {{
     "name" : "{NAME}",
     "connector.class" : "io.confluent.salesforce.SalesforceSObjectSinkConnector",
     "tasks.max" : "1",
     "topics" : "{}",
     "salesforce.consumer.key" : "{}",
     "salesforce.consumer.secret" : "{}",
     "salesforce.object" : "Lead",
     "salesforce.password" : "{}",
     "salesforce.password.token" : "{}",
     "salesforce.username" : "{}",
     "salesforce.instance" : "{}",
     "confluent.topic.bootstrap.servers": "localhost:9092",
     "confluent.topic.replication.factor": "1",
     "salesforce.sink.object.operation": "delete",
      "override.event.type": "true",
     "confluent.license": " Omit to enable trial mode "
   }}
}}
"#,
        place.topic(),
        credentials.client_id,
        credentials.client_secret,
        credentials.password,
        credentials.security_token,
        credentials.username,
        org.url(),
    )
}

/// What `curl -s -X METHOD -H 'Content-Type: application/json' --data @FILE` sends: the file without its line ends.
async fn curl(worker: &Worker, method: Method, path: &str, file: &str) -> (u16, Json) {
    let data = file.replace(['\r', '\n'], "");
    let request = worker.request(method, path).header("content-type", "application/json").body(data);
    Worker::answer(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_two_commands_of_confluents_page_are_answered_as_a_worker_answers_them() {
    let Some(place) = Place::start().await else { return };
    let worker = place.worker(&[]).await;
    let file = example(&place);

    let (code, said) = curl(&worker, Method::POST, "/connectors", &file).await;
    assert_eq!(code, 201, "{said}");
    let sent: Json = serde_json::from_str(&file).unwrap();
    assert_eq!((&said["name"], &said["type"]), (&json!(NAME), &json!("sink")));
    for (property, value) in sent["config"].as_object().unwrap() {
        let shown = &said["config"][property];
        let is_secret = ["password", "secret", "license"].iter().any(|word| property.contains(word));
        assert!(is_secret || shown == value, "{property}: {shown} for {value}");
    }
    worker.until(NAME, "RUNNING").await;

    // It has the whole file where its inner object belongs, and names a connector that there is not.
    let path = "/connectors/SalesforcePushTopicSourceConnector1/config";
    assert_refused(
        &curl(&worker, Method::PUT, path, &file).await,
        500,
        "Cannot deserialize value of type `java.lang.String` from Object value (token `JsonToken.START_OBJECT`)",
    );
    assert_eq!(worker.get("/connectors").await, (200, json!([NAME])));

    // With the inner object it changes the connector that it names.
    let inner = sent["config"].to_string();
    let path = format!("/connectors/{NAME}/config");
    let (code, said) = curl(&worker, Method::PUT, &path, &inner).await;
    assert_eq!((code, &said["name"]), (200, &json!(NAME)), "{said}");
    worker.until(NAME, "RUNNING").await;
    worker.process.terminate().await.expect_code(0);
}
