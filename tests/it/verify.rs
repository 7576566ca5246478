//! `orgstream verify` finds every kind of difference, and none where there is none. Needs no broker: it only reads.

use orgstream_salesforce_simulator::Org;
use serde_json::{Value as Json, json};

use crate::support::Rest;

/// Two orgs, and a file between them.
struct Pair {
    a: Rest,
    b: Rest,
    dir: tempfile::TempDir,
    _orgs: [Org; 2],
}

impl Pair {
    async fn new() -> Self {
        let [a, b] = [Org::builder().name("a").start().await, Org::builder().name("b").start().await];
        let [a, b] = [a.expect("org a starts"), b.expect("org b starts")];
        let org = |org: &Org| {
            let credentials = org.credentials();
            json!({ "url": org.url(), "auth": {
                "flow": "client_credentials",
                "client_id": credentials.client_id,
                "client_secret": credentials.client_secret,
            } })
        };
        let object = json!({ "external_id": "OrgA_Id__c", "ignore_fields": ["Fax"] });
        // JSON is YAML too.
        let file = json!({
            "orgs": { "a": org(&a), "b": org(&b) },
            "kafka": { "bootstrap_servers": "127.0.0.1:9" },
            "schema_registry": { "url": "http://127.0.0.1:9" },
            "pipelines": { "crm": {
                "source": { "org": "a", "topic": "a.${object}" },
                "sink": { "org": "b" },
                "objects": { "Account": object, "Contact": object, "Lead": object },
            } },
        });
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("f.yaml"), file.to_string()).expect("the file is written");
        Self { a: Rest::login(&a).await, b: Rest::login(&b).await, dir, _orgs: [a, b] }
    }

    /// A record in org A, and its copy in org B with `change`d fields.
    async fn twins(&self, object: &str, fields: Json, change: Json) -> (String, String) {
        let in_a = self.a.create(object, fields.clone()).await;
        let mut copy = fields;
        copy["OrgA_Id__c"] = json!(in_a);
        for (name, value) in change.as_object().expect("fields") {
            copy[name] = value.clone();
        }
        let in_b = self.b.create(object, copy).await;
        (in_a, in_b)
    }

    async fn verify(&self) -> (Option<i32>, String) {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_orgstream"));
        let output = command.args(["verify", "f.yaml"]).current_dir(self.dir.path()).output().await;
        let output = output.expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.is_empty(), "{stderr}");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orgs_in_step_have_no_difference_and_what_is_left_out_is_listed() {
    let pair = Pair::new().await;
    let fields = json!({ "Name": "Acme", "AnnualRevenue": 1_234.5, "Fax": "1" });
    let (account, copy) = pair.twins("Account", fields, json!({ "Fax": "2" })).await;
    let (contact, its_copy) = pair
        .twins("Contact", json!({ "LastName": "Ada", "AccountId": account }), json!({ "AccountId": copy }))
        .await;
    pair.twins(
        "Contact",
        json!({ "LastName": "Bo", "ReportsToId": contact }),
        json!({ "ReportsToId": its_copy }),
    )
    .await;
    pair.b.create("Account", json!({ "Name": "Not from org a" })).await;
    let (code, report) = pair.verify().await;
    assert_eq!(code, Some(0), "{report}");
    let head = "  Account: 1 and 2 records, 1 pairs compared in ";
    assert!(
        report.contains(head) && report.contains("1 without an external id, 0 difference(s)"),
        "{report}"
    );
    for left_out in [
        "Fax (ignored)",
        "OrgA_Id__c (the external id)",
        "OwnerId (refers to ",
        "EmailBouncedReason (not taken from a new record",
    ] {
        assert!(report.contains(left_out), "{left_out} is not in\n{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_difference_is_found_both_ways() {
    let pair = Pair::new().await;
    let (changed, its_copy) =
        pair.twins("Account", json!({ "Name": "Acme" }), json!({ "Name": "Other" })).await;
    let (cleared, cleared_copy) =
        pair.twins("Account", json!({ "Name": "Gone", "Phone": "1" }), json!({ "Phone": null })).await;
    let missing = pair.a.create("Account", json!({ "Name": "Missing" })).await;
    let (deleted, extra) = pair.twins("Account", json!({ "Name": "Extra" }), json!({})).await;
    pair.a.delete("Account", &deleted).await;
    let (contact, wrong_parent) = pair
        .twins(
            "Contact",
            json!({ "LastName": "Ada", "AccountId": changed }),
            json!({ "AccountId": cleared_copy }),
        )
        .await;
    let (orphan, no_parent) = pair
        .twins("Contact", json!({ "LastName": "Bo", "AccountId": missing }), json!({ "AccountId": null }))
        .await;
    // Org B takes it from a new record only.
    let lead = json!({ "LastName": "Cy", "Company": "Acme", "IsConverted": true });
    let (lead, not_converted) = pair.twins("Lead", lead, json!({ "IsConverted": false })).await;

    let (code, report) = pair.verify().await;
    assert_eq!(code, Some(1), "{report}");
    let expected = [
        format!("Account {changed} {its_copy} Name: \"Acme\" | \"Other\""),
        format!("Account {cleared} {cleared_copy} Phone: \"1\" | null"),
        format!("Account {missing}: missing in the target"),
        format!("Account {extra}: extra in the target; its external id is {deleted}"),
        format!("Contact {contact} {wrong_parent} AccountId: \"{its_copy}\" | \"{cleared_copy}\""),
        format!(
            "Contact {orphan} {no_parent} AccountId: {missing}, which has no record in the target | null"
        ),
        format!("Lead {lead} {not_converted} IsConverted: true | false"),
    ];
    for line in &expected {
        assert!(report.contains(line.as_str()), "{line} is not in\n{report}");
    }
    assert!(report.ends_with(&format!("{} difference(s)\n", expected.len())), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_records_than_a_page_holds_are_all_compared() {
    const RECORDS: usize = 2_100;
    let pair = Pair::new().await;
    let rows = (0..RECORDS).map(|number| json!({ "Name": format!("Account {number}") })).collect();
    let ids = pair.a.create_many("Account", rows).await;
    let copy =
        |(number, id): (usize, &String)| json!({ "Name": format!("Account {number}"), "OrgA_Id__c": id });
    pair.b.create_many("Account", ids.iter().enumerate().map(copy).collect()).await;
    let (code, report) = pair.verify().await;
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains(&format!("{RECORDS} pairs compared")), "{report}");
}
