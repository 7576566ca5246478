//! What stands between a client and the records while the org runs: permissions, locks, maintenance, lock conflicts.

use serde_json::{Value as Json, json};

use super::client::read;
use super::world::{World, simulator};
use crate::{CallKind, Effect, Fault};

#[tokio::test]
async fn permissions_locks_and_maintenance_change_while_the_org_runs() {
    let world = World::new("permissions").await;
    let client = &world.client;
    let deny = async |body: Json| assert_eq!(simulator(client, "permissions", body).await.0, 200);
    deny(json!({"object": "Account", "denied": ["create", "edit", "delete"]})).await;
    for (call, body, status, code, message) in [
        (
            "POST sobjects/Account",
            r#"{"Name":"x"}"#,
            400,
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "entity type cannot be inserted: Account",
        ),
        (
            "PATCH sobjects/Account/{account}",
            r#"{"Phone":"1"}"#,
            403,
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "insufficient access rights on object id",
        ),
        (
            "DELETE sobjects/Account/{account}",
            "",
            403,
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "insufficient access rights on object id",
        ),
    ] {
        let error = json!([{"message": message, "errorCode": code, "fields": []}]);
        assert_eq!(world.send(call, body, None).await, (status, error), "{call}");
    }
    deny(json!({"object": "Account", "denied": ["read"]})).await;
    let (status, errors) = world.send("GET sobjects/Account/{account}", "", None).await;
    assert_eq!((status, &errors[0]["errorCode"]), (404, &json!("NOT_FOUND")));
    let (_, errors) =
        world.send("POST sobjects/Contact", r#"{"LastName":"x","AccountId":"{account}"}"#, None).await;
    assert_eq!(errors[0]["errorCode"], "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY");
    assert_eq!(
        errors[0]["message"],
        world.filled("insufficient access rights on cross-reference id: {account15}")
    );
    deny(json!({"object": "Account", "denied": []})).await;
    deny(json!({"object": "account", "field": "phone", "denied": ["read"]})).await;
    let (status, errors) = world.send("GET sobjects/Account/{account}?fields=Phone", "", None).await;
    assert_eq!((status, &errors[0]["errorCode"]), (400, &json!("INVALID_FIELD")));
    let (_, account) = world.send("GET sobjects/Account/{account}", "", None).await;
    assert!(account.get("Phone").is_none() && account.get("Fax").is_some());
    assert_eq!(simulator(client, "permissions", json!({"object": "Nix", "denied": []})).await.0, 400);

    let locks = format!("{}/simulator/locks", client.url);
    let locked = world.filled("{locked}");
    assert_eq!(read(client.http.get(&locks).send().await.unwrap()).await.1, json!([locked]));
    assert_eq!(client.http.delete(format!("{locks}/{locked}")).send().await.unwrap().status(), 204);
    assert_eq!(world.send("PATCH sobjects/Account/{locked}", r#"{"Fax":"1"}"#, None).await.0, 204);

    simulator(client, "maintenance", json!({"on": true})).await;
    for (call, body) in [
        ("POST sobjects/Account", r#"{"Name":"x"}"#),
        ("PATCH sobjects/Account/{account}", r#"{"Fax":"1"}"#),
        ("PATCH sobjects/Account/Ext__c/k1", r#"{"Fax":"1"}"#),
        ("DELETE sobjects/Account/{account}", ""),
    ] {
        let (status, errors) = world.send(call, body, None).await;
        assert_eq!(
            (status, &errors[0]["errorCode"]),
            (503, &json!("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE")),
            "{call}"
        );
    }
    assert_eq!(world.send("GET sobjects/Account/{account}", "", None).await.0, 200, "reading goes on");
    simulator(client, "maintenance", json!({"on": false})).await;
    assert_eq!(world.send("DELETE sobjects/Account/{account}", "", None).await.0, 204);
}

#[tokio::test]
async fn an_ordered_lock_conflict_names_the_record_as_a_real_one_does() {
    let world = World::new("conflicts").await;
    for (code, message) in [
        ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: {account15}"),
        ("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"),
    ] {
        let effect = Effect::RecordError { code: code.to_owned(), message: String::new() };
        world.org.faults().add(Fault::new(CallKind::Write, effect).times(1));
        let answer = world.send("PATCH sobjects/Account/{account}", r#"{"Fax":"1"}"#, None).await;
        let error = json!([{"message": world.filled(message), "errorCode": code, "fields": []}]);
        assert_eq!(answer, (400, error));
    }
    assert_eq!(world.send("PATCH sobjects/Account/{account}", r#"{"Fax":"1"}"#, None).await.0, 204);
}
