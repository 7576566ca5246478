//! `orgstream prepare` makes what org B lacks, so that a file which `run` refused runs.

use std::path::Path;

use serde_json::Value as Json;

use crate::support::Running;

const FILE: &str = "orgs:\n  a: { sandbox: { records: 30 } }\n  b: { sandbox: {} }\npipelines:\n  crm:\n    \
    source: { org: a, topic: 'a.${object}' }\n    sink: { org: b }\n    objects:\n      \
    Account: { external_id: From_A__c }\n      Contact: { external_id: From_A__c }\n      \
    Lead: { external_id: OrgA_Id__c }\n";

async fn prepare(dir: &Path, arguments: &[&str], code: i32) -> Json {
    let arguments = [&["prepare", "f.yaml", "--json"], arguments].concat();
    let done = Running::start(dir, &arguments).finish().await.expect_code(code);
    serde_json::from_str(&done.stdout).expect("JSON")
}

fn states(lines: &Json) -> Vec<&str> {
    lines.as_array().expect("a list").iter().filter_map(|line| line["state"].as_str()).collect()
}

#[tokio::test]
async fn a_file_whose_fields_are_missing_runs_after_prepare_has_made_them() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("f.yaml"), FILE).expect("the file is written");
    let run = || Running::start(dir.path(), &["run", "f.yaml", "--until-synced"]).finish();
    let refused = run().await.expect_code(78);
    assert!(refused.stderr.contains("`orgstream prepare` makes it"), "{}", refused.stderr);

    assert_eq!(states(&prepare(dir.path(), &["--dry-run"], 1).await), ["missing", "missing", "fits"]);
    assert_eq!(states(&prepare(dir.path(), &[], 0).await), ["made", "made", "fits"]);
    assert_eq!(states(&prepare(dir.path(), &[], 0).await), ["fits", "fits", "fits"]);
    run().await.expect_code(0);
}

#[tokio::test]
async fn what_only_a_person_can_do_is_said_in_words_and_ends_with_78() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = FILE.replace("Contact: { external_id: From_A__c }", "Contact: { external_id: LastName }");
    std::fs::write(dir.path().join("f.yaml"), file).expect("the file is written");
    let done = Running::start(dir.path(), &["prepare", "f.yaml"]).finish().await.expect_code(78);
    for part in ["From_A__c   made", "needs you", "Contact.LastName cannot be the external id", "Setup"] {
        assert!(done.stdout.contains(part), "{part} is not in:\n{}", done.stdout);
    }
}
