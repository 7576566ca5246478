//! The keys of which records are written and what their fields hold.

use orgstream_salesforce_sink::{OnLeave, SinkObject, TooLong};

use super::*;

fn pipeline(sink: &str, object: &str) -> String {
    file(&format!(
        "  crm: {{ source: {{ org: a, topic: 'a.${{object}}' }}, sink: {{ org: b{sink} }}, \
         objects: {{ Account: {{ external_id: X__c{object} }} }} }}\n"
    ))
}

fn account(sink: &str, object: &str) -> SinkObject {
    let config = load_text(&pipeline(sink, object)).expect("the file is good");
    let sink = config.pipelines[0].sink_config(None).expect("there is a sink");
    sink.objects[0].clone()
}

#[test]
fn without_rules_every_record_is_written_as_it_is() {
    let rules = account("", "").rules;
    assert!(rules.filter.is_empty() && rules.fields.is_empty() && rules.values.is_empty());
    assert_eq!(
        (rules.on_leave, rules.too_long, rules.ignore_references),
        (OnLeave::Keep, TooLong::Reject, false)
    );
}

#[test]
fn an_object_has_its_own_rules_beside_those_of_the_sink() {
    let rules = account(
        ", filter: value.Active__c, on_leave: delete",
        ", sink: { filter: 'topic == \"a.Account\"', on_leave: keep }, too_long: truncate, ignore_reference_fields: true, \
         fields: { Name: 'value.Name + \"!\"' }, values: { Rating: { Hot: Warm, '*': Cold } }",
    )
    .rules;
    assert_eq!((rules.filter.len(), rules.on_leave), (2, OnLeave::Keep));
    assert_eq!((rules.too_long, rules.ignore_references), (TooLong::Truncate, true));
    assert_eq!(rules.fields[0].value.fields(), Some(vec!["Name"]));
    assert_eq!([rules.values[0].apply("Hot"), rules.values[0].apply("?")], ["Warm", "Cold"]);
    assert_eq!(account(", filter: value.A, on_leave: delete", "").rules.on_leave, OnLeave::Delete);
}

#[test]
fn rules_that_cannot_be_kept_are_refused_with_their_place() {
    for (sink, object, key, message) in [
        (", filter: 'valu.A'", "", "crm.sink.filter: ", "`valu` is not known"),
        (", operation: upsert, on_leave: delete", "", "crm.sink.on_leave: ", "`sync` alone"),
        ("", ", sink: { on_leave: delete }", "Account.sink.on_leave: ", "no filter"),
        ("", ", sink: { filter: '1 +' }", "Account.sink.filter: ", "is not an expression"),
        ("", ", fields: { Name: 'value.Name +' }", "Account.fields.Name: ", "is not an expression"),
        ("", ", fields: { Id: value.Id }", "Account.fields.Id: ", "external_id"),
        ("", ", fields: { X__c: value.Id }", "Account.fields.X__c: ", "is the external id"),
        ("", ", fields: { A b: value.Id }", "Account.fields.A b: ", "not the API name"),
        ("", ", ignore_fields: [Fax], fields: { fax: value.Fax }", "fields.fax: ", "`ignore_fields`"),
        ("", ", values: { Rating: {} }", "Account.values.Rating: ", "names no value"),
        ("", ", values: { Rating: { Hot: 1 } }", "values.Rating.Hot: ", "put it in quotes"),
        ("", ", too_long: cut", "Account.too_long: ", "`reject`, `truncate`"),
    ] {
        let faults = faults(&pipeline(sink, object));
        assert_eq!(faults.len(), 1, "{sink}{object}: {faults:#?}");
        assert!(faults[0].contains(key) && faults[0].contains(message), "{sink}{object}: {}", faults[0]);
    }
    let source_only = file(
        "  crm: { source: { org: a, topic: t }, objects: { Account: { sink: { filter: value.A }, too_long: reject } } }\n",
    );
    let faults = faults(&source_only);
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(faults.iter().all(|fault| fault.contains("no sink")), "{faults:#?}");
}

#[test]
fn a_name_that_stands_twice_in_other_cases_is_refused() {
    for (object, key, first) in [
        (", references: { OwnerId: map, ownerid: leave_out }", "references.ownerid: ", "field `OwnerId`"),
        (", fields: { Fax: value.A, FAX: value.B }", "fields.FAX: ", "field `Fax`"),
        (", values: { Rating: { A: B }, rating: { A: C } }", "values.rating: ", "field `Rating`"),
        (", source: { fields: { Fax: {}, fax: {} } }", "source.fields.fax: ", "field `Fax`"),
        (" }, account: { external_id: X__c", "objects.account: ", "object `Account`"),
    ] {
        let faults = faults(&pipeline("", object));
        assert_eq!(faults.len(), 1, "{object}: {faults:#?}");
        assert!(faults[0].contains(key) && faults[0].contains(first), "{object}: {}", faults[0]);
    }
}
