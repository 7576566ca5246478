//! Rules of references, as the file has them.

use std::fmt::Write as _;

use orgstream_salesforce::SalesforceId;
use orgstream_salesforce_sink::{Fallback, FindRule, ReferenceRule, ReferenceRules};

use super::*;

const A: &str = "005A00000000001";
const B: &str = "005B00000000001";

/// A file whose leads have these rules.
fn rules(lines: &[&str]) -> String {
    let mut text = file(
        "  crm:
    source: { org: a, topic: 'a.${object}' }
    sink: { org: b }
    objects:
      Lead:
        external_id: OrgA_Id__c
        references:
",
    );
    for line in lines {
        writeln!(text, "          {line}").unwrap();
    }
    text
}

fn read(text: &str) -> ReferenceRules {
    let config = load_text(text).expect("the file is good");
    let sink = config.pipelines[0].sink_config(None).expect("there is a sink");
    sink.objects[0].references.clone()
}

fn rule(rules: &ReferenceRules, field: &str) -> FindRule {
    match rules.of(field) {
        ReferenceRule::Find(rule) => FindRule {
            ids: rule.ids.clone(),
            by: rule.by.clone(),
            fallback: rule.fallback.clone(),
            ..FindRule::default()
        },
        other => panic!("{field}: {other:?}"),
    }
}

#[test]
fn a_reference_is_mapped_left_out_or_found_by_a_rule() {
    let text = rules(&[
        "default: leave_out",
        "Partner__c: map",
        "OwnerId: { match: Username, default: sync@b.example }",
        "Agent__c: { match: Username, default: 005B00000000001 }",
        "RecordTypeId: { match: DeveloperName, default: CustomerSupport }",
    ]);
    let rules = read(&text);
    assert_eq!(rules.of("Campaign__c"), &ReferenceRule::LeaveOut);
    assert_eq!(rules.of("PARTNER__C"), &ReferenceRule::Map);
    let by = |by: &str, fallback| FindRule {
        by: Some(by.to_owned()),
        fallback: Some(fallback),
        ..FindRule::default()
    };
    let value = |text: &str| Fallback::Value(text.to_owned());
    assert_eq!(rule(&rules, "OwnerId"), by("Username", value("sync@b.example")));
    assert_eq!(rule(&rules, "Agent__c"), by("Username", Fallback::Id(SalesforceId::parse(B).unwrap())));
    // Fifteen letters, but no id begins so.
    assert_eq!(rule(&rules, "RecordTypeId"), by("DeveloperName", value("CustomerSupport")));
    assert_eq!(load_text(&text).unwrap().pipelines[0].matched_org(), Some("a"));
    let plain = self::rules(&["default: map"]);
    assert_eq!(read(&plain), ReferenceRules::default());
    assert_eq!(load_text(&plain).unwrap().pipelines[0].matched_org(), None, "org a need not be asked");
}

#[test]
fn a_file_of_ids_is_read_relative_to_the_configuration() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("owners.csv"), format!("{A},{B}\n")).expect("a file");
    let from = Surroundings { directory: dir.path(), variable: &|_| None };
    let text = rules(&["OwnerId: { file: owners.csv }"]);
    let config = parse(&text, Path::new("f.yaml"), &from).expect("the file is good");
    let found = rule(&config.pipelines[0].objects[0].references, "OwnerId");
    assert_eq!(found.ids.len(), 1);
    std::fs::write(dir.path().join("owners.csv"), format!("{A},{B}\n{A}\nx,y\n")).expect("a file");
    let faults = parse(&text, Path::new("f.yaml"), &from).expect_err("two lines are wrong").to_string();
    assert_eq!(
        faults.matches("f.yaml:15:28: pipelines.crm.objects.Lead.references.OwnerId.file: ").count(),
        3,
        "{faults}"
    );
    assert!(faults.contains("line 2") && faults.contains("line 3"), "{faults}");
}

#[test]
fn what_is_wrong_with_rules_is_said_all_at_once() {
    let found = faults(&rules(&[
        "default: { match: Username }",
        "OwnerId: mapp",
        "'Owner Id': map",
        "A__c: {}",
        "B__c: { default: nobody }",
        "C__c: { match: 'User name', file: none.csv }",
        "D__c: 7",
        "E__c: { matches: Username }",
    ]));
    let expected = [
        ("15:11: pipelines.crm.objects.Lead.references.default: ", "is `map` or `leave_out`"),
        (
            "16:20: pipelines.crm.objects.Lead.references.OwnerId: ",
            "`mapp` is not one of `map`, `leave_out`; did you mean `map`?",
        ),
        ("17:23: pipelines.crm.objects.Lead.references.Owner Id: ", "is not the API name of a field"),
        ("18:11: pipelines.crm.objects.Lead.references.A__c: ", "says nothing"),
        ("19:28: pipelines.crm.objects.Lead.references.B__c.default: ", "`nobody` is not an id"),
        ("20:26: pipelines.crm.objects.Lead.references.C__c.match: ", "`User name`"),
        ("20:45: pipelines.crm.objects.Lead.references.C__c.file: ", "`/conf/none.csv` cannot be read"),
        (
            "21:17: pipelines.crm.objects.Lead.references.D__c: ",
            "one of `map`, `leave_out`, or a map of keys",
        ),
        ("22:19: pipelines.crm.objects.Lead.references.E__c.matches: ", "did you mean `match`?"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (fault, (start, part)) in found.iter().zip(expected) {
        assert!(fault.starts_with(start) && fault.contains(part), "{fault}\nis not\n{start}…{part}");
    }
}

#[test]
fn records_are_matched_only_where_the_pipeline_has_a_source() {
    let text = rules(&["OwnerId: { match: Username }"])
        .replace("    source: { org: a, topic: 'a.${object}' }\n", "")
        .replace("sink: { org: b }", "sink: { org: b, topic: t }");
    assert_fault(&text, "14:29: pipelines.crm.objects.Lead.references.OwnerId.match: ", "has no source");
    let text = rules(&["OwnerId: { match: Username }"])
        .replace("    sink: { org: b }\n", "")
        .replace("        external_id: OrgA_Id__c\n", "");
    assert_fault(&text, "12:9: pipelines.crm.objects.Lead.references: ", "has no sink");
}
