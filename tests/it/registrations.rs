//! Sources that register nothing: what they want is said, and they go on once somebody else has registered it.

use serde_json::{Value as Json, json};

use crate::support::{RegistryClient, SchemaStore, World};

/// The numbers of a subject's versions.
async fn versions(store: &SchemaStore, subject: &str) -> Json {
    let client = RegistryClient::new(&store.url);
    let (_, answer) =
        client.call("GET", &format!("/subjects/{subject}/versions"), None).await.expect("an answer");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_registers_nothing_says_what_it_wants_and_goes_on_once_it_is_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = SchemaStore::start(&dir.path().join("schemas.db"));
    let world = World::builder()
        .embedded()
        .objects("Lead: { external_id: OrgA_Id__c }")
        .source("output: { value: protobuf, key: text, schemas: registered, subject: topic_record }");
    let Some(world) = world.build().await else { return };
    world.edit("state: ./state", &format!("schema_registry: {{ url: \"{}\" }}\nstate: ./state", store.url));
    let id = world.in_a.create("Lead", json!({ "LastName": "Čapek", "Company": "R.U.R." })).await;
    let subject = format!("{}-io.confluent.salesforce.Lead", world.topic("Lead"));
    let stopped = world.sync().await.expect_code(1);
    assert!(stopped.stderr.contains(&subject), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("write `schemas: register`"), "{}", stopped.stderr);
    assert_eq!(versions(&store, &subject).await["error_code"], 40401);

    world.edit("schemas: registered", "schemas: register");
    world.sync().await.expect_code(0);
    assert_eq!(versions(&store, &subject).await, json!([1]));
    for (number, word) in ["registered", "latest"].into_iter().enumerate() {
        let phone = number.to_string();
        world.edit(["schemas: register,", "schemas: registered,"][number], &format!("schemas: {word},"));
        world.in_a.update("Lead", &id, json!({ "Phone": phone })).await;
        world.sync().await.expect_code(0);
        let rows = world.b.rows("Lead");
        let [row] = rows.as_slice() else { panic!("{word}: {rows:#?}") };
        assert_eq!((&row["LastName"], &row["Phone"]), (&json!("Čapek"), &json!(phone)), "{word}");
    }
    assert_eq!(versions(&store, &subject).await, json!([1]));
    world.verify().await;
}
