//! Deleting, first with a mark and then for good.

use super::*;

#[tokio::test]
async fn a_version_is_marked_before_it_is_removed_and_its_id_stays_until_then() {
    let store = Store::start().await;
    let id = store.register("s", avro(&record(&["a"]))).await;
    let second = store.register("s", avro(&record(&["a", "b"]))).await;
    assert_eq!(store.delete("/subjects/s/versions/1?permanent=true").await, (404, json!(40407)));
    assert_eq!(store.delete("/subjects/s/versions/1").await, (200, json!(1)));
    assert_eq!(store.delete("/subjects/s/versions/1").await, (404, json!(40406)));
    assert_eq!(store.get("/subjects/s/versions/1").await, (404, json!(40402)));
    assert_eq!(store.get("/subjects/s/versions/1?deleted=true").await.0, 200);
    assert_eq!(store.get("/subjects/s/versions").await, (200, json!([2])));
    assert_eq!(store.get("/subjects/s/versions?deleted=true").await, (200, json!([1, 2])));
    assert_eq!(store.get("/subjects/s/versions?deletedOnly=true").await, (200, json!([1])));
    assert_eq!(store.get(&format!("/schemas/ids/{id}")).await.0, 200);
    assert_eq!(store.get(&format!("/schemas/ids/{id}/versions")).await, (200, json!([])));

    assert_eq!(store.delete("/subjects/s/versions/1?permanent=true").await, (200, json!(1)));
    assert_eq!(store.get(&format!("/schemas/ids/{id}")).await, (404, json!(40403)));
    assert_eq!(store.delete("/subjects/s/versions/9").await, (404, json!(40402)));
    assert_eq!(store.delete("/subjects/s/versions/x").await, (422, json!(42202)));
    assert_eq!(store.delete("/subjects/s/versions/latest").await, (200, json!(2)));

    // An id that was given is not given to another text, even when its own is gone.
    let again = store.register("other", avro(&record(&["a"]))).await;
    assert!(again > second && again > id, "{again}");
}

#[tokio::test]
async fn a_subject_is_deleted_with_all_its_versions_and_settings() {
    let store = Store::start().await;
    assert_eq!(store.delete("/subjects/s").await, (404, json!(40401)));
    let id = store.register("s", avro(&record(&["a"]))).await;
    store.register("s", avro(&record(&["a", "b"]))).await;
    store.put("/config/s", json!({ "compatibility": "FULL" })).await;
    assert_eq!(store.delete("/subjects/s?permanent=true").await, (404, json!(40405)));
    assert_eq!(store.delete("/subjects/s").await, (200, json!([1, 2])));
    assert_eq!(store.delete("/subjects/s").await, (404, json!(40404)));
    assert_eq!(store.get("/config/s").await, (404, json!(40408)));
    assert_eq!(store.get("/subjects/s/versions").await, (404, json!(40401)));
    assert_eq!(store.post("/subjects/s", avro(&record(&["a"]))).await, (404, json!(40401)));
    assert_eq!(store.post("/subjects/s?deleted=true", avro(&record(&["a"]))).await.1["version"], 1);

    // What comes back keeps its id, and no version number is used twice while the old ones are known.
    assert_eq!(store.register("s", avro(&record(&["a"]))).await, id);
    assert_eq!(store.get("/subjects/s/versions").await, (200, json!([3])));
    store.delete("/subjects/s").await;
    assert_eq!(store.delete("/subjects/s?permanent=true").await, (200, json!([1, 2, 3])));
    assert_eq!(store.get("/subjects?deleted=true").await, (200, json!([])));
}

#[tokio::test]
async fn what_others_refer_to_stays() {
    let store = Store::start().await;
    store.register("b", avro(&json!({ "type": "enum", "name": "B", "symbols": ["X"] }))).await;
    let mut referring = avro(&record_of(&[json!({ "name": "f", "type": "B" })]));
    referring["references"] = json!([{ "name": "B", "subject": "b", "version": 1 }]);
    store.register("a", referring).await;
    assert_eq!(store.delete("/subjects/b").await, (422, json!(42206)));
    assert_eq!(store.delete("/subjects/b/versions/1").await, (422, json!(42206)));
    store.delete("/subjects/a").await;
    assert_eq!(store.delete("/subjects/b").await, (200, json!([1])));
    // The mark on `a` could be taken away by registering it again; so what it needs is still there.
    assert_eq!(store.delete("/subjects/b?permanent=true").await, (422, json!(42206)));
    store.delete("/subjects/a?permanent=true").await;
    assert_eq!(store.delete("/subjects/b?permanent=true").await, (200, json!([1])));
}
