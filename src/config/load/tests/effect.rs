use super::{assert_fault, file, load_text};

fn sink(keys: &str, object: &str) -> String {
    file(&format!(
        "  crm: {{ source: {{ org: a, topic: t }}, sink: {{ org: b, {keys} }}, objects: {{ Account: {{ external_id: X__c, {object} }} }} }}\n"
    ))
}

#[test]
fn what_the_operation_gives_nothing_to_do_is_refused() {
    for (keys, key, part) in [
        ("operation: insert, on_deleted_target: recreate", "on_deleted_target", "changes none"),
        ("operation: insert, on_deleted_target: skip", "on_deleted_target", "changes none"),
        ("operation: delete, on_deleted_target: skip", "on_deleted_target", "only deletes"),
        ("operation: update, on_deleted_target: recreate", "on_deleted_target", "never makes a record"),
        ("operation: insert, algorithm: merged", "algorithm", "each record is a new one"),
        ("operation: upsert, on_unknown_event: skip", "on_unknown_event", "`by_event_type` go by the event"),
        ("on_leave: delete", "on_leave", "no filter that a record could leave"),
    ] {
        let text = sink(keys, "");
        assert_fault(&text, "8:", &format!("pipelines.crm.sink.{key}: "));
        assert_fault(&text, "8:", part);
    }
}

#[test]
fn what_has_an_effect_is_accepted() {
    for (keys, object) in [
        ("operation: update, on_deleted_target: skip, algorithm: merged", ""),
        ("operation: upsert, on_deleted_target: recreate", ""),
        ("operation: insert, on_deleted_target: undelete, algorithm: ordered", ""),
        ("operation: by_event_type, on_unknown_event: skip", ""),
        ("on_leave: delete, filter: 'true'", ""),
        ("on_leave: delete", "sink: { filter: 'true' }"),
    ] {
        load_text(&sink(keys, object)).unwrap_or_else(|faults| panic!("{keys}: {faults}"));
    }
}
