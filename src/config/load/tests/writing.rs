//! The keys of what the target org is told beside the records.

use orgstream_salesforce::Assignment;
use orgstream_salesforce_sink::{DeletedTarget, SinkConfig};

use super::*;

fn pipeline(sink: &str, object: &str) -> String {
    file(&format!(
        "  crm: {{ source: {{ org: a, topic: 'a.${{object}}' }}, sink: {{ org: b{sink} }}, \
         objects: {{ Lead: {{ external_id: X__c{object} }}, Contact: {{ external_id: X__c }} }} }}\n"
    ))
}

fn sink(sink: &str, object: &str) -> SinkConfig {
    let config = load_text(&pipeline(sink, object)).expect("the file is good");
    config.pipelines[0].sink_config(None).expect("there is a sink")
}

#[test]
fn what_an_org_is_told_and_what_is_done_about_deleted_records_has_defaults() {
    let plain = sink("", "");
    assert_eq!(plain.on_deleted_target, DeletedTarget::Undelete);
    assert_eq!((plain.writing.client.as_str(), plain.writing.allow_duplicates), ("orgstream", false));
    assert_eq!((plain.writing.assignment, plain.writing.assignment_of.len()), (Assignment::Off, 0));
}

#[test]
fn an_object_has_its_own_assignment_rule() {
    let said = sink(
        ", on_deleted_target: recreate, allow_duplicates: true, assignment_rules: active, client: sync/emea",
        ", sink: { assignment_rules: 01Q5g000000AbCd }",
    );
    assert_eq!(said.on_deleted_target, DeletedTarget::Recreate);
    assert_eq!((said.writing.client.as_str(), said.writing.allow_duplicates), ("sync/emea", true));
    assert_eq!(said.writing.assignment, Assignment::Active);
    assert!(matches!(said.writing.assignment_of["Lead"], Assignment::Rule(id) if id.key_prefix() == "01Q"));
}

#[test]
fn what_no_org_would_understand_is_refused_with_its_place() {
    let long = format!(", client: {}", "x".repeat(101));
    for (sink, object, key, message) in [
        (", on_deleted_target: ignore", "", "crm.sink.on_deleted_target: ", "`undelete`"),
        (", allow_duplicates: maybe", "", "crm.sink.allow_duplicates: ", "true"),
        (", assignment_rules: sometimes", "", "crm.sink.assignment_rules: ", "`off` nor `active`"),
        (", assignment_rules: 01Q5g000000AbCd", "", "crm.sink.assignment_rules: ", "`objects.NAME.sink`"),
        (", client: 'a;b'", "", "crm.sink.client: ", "100 letters"),
        (long.as_str(), "", "crm.sink.client: ", "100 letters"),
        (
            "",
            ", sink: { assignment_rules: 0015g000000AbCd }",
            "Lead.sink.assignment_rules: ",
            "begins with 01Q",
        ),
    ] {
        let faults = faults(&pipeline(sink, object));
        assert_eq!(faults.len(), 1, "{sink}{object}: {faults:#?}");
        assert!(faults[0].contains(key) && faults[0].contains(message), "{sink}{object}: {}", faults[0]);
    }
    let none = pipeline("", "").replace(
        "Contact: { external_id: X__c",
        "Contact: { external_id: X__c, sink: { assignment_rules: active }",
    );
    assert!(faults(&none)[0].contains("Contact has none"), "{:#?}", faults(&none));
}

#[test]
fn a_short_form_is_refused_with_the_long_one_that_is_meant() {
    for (sink, key, message) in [
        (", bulk: off", "crm.sink.bulk: ", "such as `{ from: off }`"),
        (", bulk: { from: false }", "crm.sink.bulk.from: ", "is false; write `off`"),
        (", bulk: { from: Off }", "crm.sink.bulk.from: ", "did you mean `off`?"),
        (", assignment_rules: true", "crm.sink.assignment_rules: ", "is true; write `active`"),
        (", on_error: stop", "crm.sink.on_error: ", "such as `{ default: stop }`"),
        (", stop_after: 5", "crm.sink.stop_after: ", "such as `{ rejected: 5, of: 100 }`"),
        (", input: json", "crm.sink.input: ", "such as `{ value: json }`"),
    ] {
        let faults = faults(&pipeline(sink, ""));
        assert_eq!(faults.len(), 1, "{sink}: {faults:#?}");
        assert!(faults[0].contains(key) && faults[0].contains(message), "{sink}: {}", faults[0]);
    }
}
