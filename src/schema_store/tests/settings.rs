//! Compatibility levels and modes.

use super::*;

#[tokio::test]
async fn a_subject_follows_the_store_until_it_is_told_otherwise() {
    let store = Store::start().await;
    let level = |word: &str| json!({ "compatibilityLevel": word });
    let wish = |word: &str| json!({ "compatibility": word });
    assert_eq!(store.get("/config").await, (200, level("BACKWARD")));
    assert_eq!(store.get("/config/s").await, (404, json!(40408)));
    assert_eq!(store.get("/config/s?defaultToGlobal=true").await, (200, level("BACKWARD")));
    assert_eq!(store.put("/config", wish("full_transitive")).await, (200, wish("FULL_TRANSITIVE")));
    assert_eq!(store.put("/config/s", wish("NONE")).await, (200, wish("NONE")));
    let store = store.restart().await;
    assert_eq!(store.get("/config").await, (200, level("FULL_TRANSITIVE")));
    assert_eq!(store.get("/config/s").await, (200, level("NONE")));
    assert_eq!(store.delete("/config/s").await, (200, level("NONE")));
    assert_eq!(store.delete("/config/s").await, (404, json!(40401)));
    assert_eq!(store.delete("/config").await, (200, level("FULL_TRANSITIVE")));
    assert_eq!(store.get("/config").await, (200, level("BACKWARD")));
    assert_eq!(store.put("/config", wish("SIDEWAYS")).await, (422, json!(42203)));
}

#[tokio::test]
async fn what_a_setting_cannot_keep_is_refused() {
    let store = Store::start().await;
    let more = json!({ "compatibility": "NONE", "compatibilityGroup": "major", "alias": null });
    assert_eq!(store.put("/config/s", more).await, (422, json!(422)));
    assert_eq!(store.put("/config/s", json!({ "compatibility": "NONE", "alias": null })).await.0, 200);
    assert_eq!(store.put("/config/s", json!({})).await, (422, json!(422)));
    assert_eq!(store.put("/mode", json!({ "mode": "IMPORT" })).await, (422, json!(42204)));
}

#[tokio::test]
async fn a_read_only_subject_gives_schemas_and_takes_none() {
    let store = Store::start().await;
    let id = store.register("s", avro(&record(&["a"]))).await;
    assert_eq!(store.get("/mode").await, (200, json!({ "mode": "READWRITE" })));
    assert_eq!(store.get("/mode/s").await, (404, json!(40409)));
    assert_eq!(store.put("/mode", json!({ "mode": "READONLY" })).await, (200, json!({ "mode": "READONLY" })));
    assert_eq!(store.put("/mode/free", json!({ "mode": "READWRITE" })).await.0, 200);
    assert_eq!(store.register("s", avro(&record(&["a"]))).await, id);
    assert_eq!(store.post("/subjects/s/versions", avro(&record(&["b"]))).await, (422, json!(42205)));
    assert_eq!(store.delete("/subjects/s").await, (422, json!(42205)));
    assert_eq!(store.delete("/subjects/s/versions/1").await, (422, json!(42205)));
    store.register("free", avro(&record(&["b"]))).await;
    assert_eq!(store.delete("/mode").await, (200, json!({ "mode": "READONLY" })));
    store.register("s", avro(&record(&["b"]))).await;
}
