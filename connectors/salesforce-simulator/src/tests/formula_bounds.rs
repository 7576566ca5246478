//! What formulas may not do to an org, whatever clients write: end a call without an answer, close the port, or take
//! the time of everybody.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Map, Value as Json, json};

use super::client::{Client, org};
use crate::Org;

/// A date and a moment, so many days after the close of a deal as it brings in.
const LATE: &str = "objects:
  Opportunity:
    fields:
      - { name: Late__c, type: date, label: Late, formula: CloseDate + Amount }
      - { name: Later__c, type: datetime, label: Later, formula: DATETIMEVALUE(CloseDate) + Amount }
    validation_rules:
      - { name: Never, formula: 'CloseDate - Amount > DATE(9000, 1, 1)', message: Too late. }
";

#[tokio::test]
async fn a_day_beyond_every_calendar_is_nothing_to_rest_to_bulk_and_to_rules() {
    let org = Org::builder().name("late").objects(LATE).start().await.unwrap();
    let client = Client::login(&org).await;
    for (amount, late, later) in [
        (1.0, json!("2026-02-01"), json!("2026-02-01T00:00:00.000+0000")),
        (5_000_000.0, Json::Null, Json::Null),
        (-5_000_000.0, Json::Null, Json::Null),
        (2e14, Json::Null, Json::Null),
        (-2e14, Json::Null, Json::Null),
    ] {
        let deal =
            json!({"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-01-31", "Amount": amount});
        let id = client.create("Opportunity", deal).await;
        let found =
            client.query(&format!("SELECT Late__c, Later__c FROM Opportunity WHERE Id = '{id}'")).await;
        let found = &found["records"][0];
        assert_eq!((&found["Late__c"], &found["Later__c"]), (&late, &later), "{amount}");
    }
    let body = json!({"operation": "query", "query": "SELECT Late__c FROM Opportunity"});
    let (_, job) = client.post("jobs/query", body).await;
    let job = client.ended(&format!("jobs/query/{}", job["id"].as_str().unwrap())).await;
    assert_eq!((&job["state"], &job["numberRecordsProcessed"]), (&json!("JobComplete"), &json!(5)));
}

#[tokio::test]
async fn a_write_that_panics_leaves_nothing_alone_or_among_others() {
    let org = org("panics").await;
    let account = |name: &str| {
        let mut record = Map::new();
        record.insert("Name".to_owned(), json!(name));
        record
    };
    let tenant = &org.tenant;
    let at = tenant.schema().find("Account").unwrap();
    let write = || {
        tenant.write(|writer| -> () {
            writer.create(at, &account("first")).unwrap();
            panic!("the second");
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(write)).is_err());
    assert_eq!(org.count("Account"), 0);
    let together = || {
        tenant.together(crate::data::Origin::default(), || {
            tenant.write(|writer| writer.create(at, &account("zeroth"))).unwrap().unwrap();
            (write(), crate::spanning::Ending::Keep)
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(together)).is_err());
    assert_eq!(org.count("Account"), 0);
    // The org goes on.
    Client::login(&org).await.create("Account", json!({"Name": "after"})).await;
    assert_eq!(org.count("Account"), 1);
}

#[tokio::test]
async fn formulas_that_name_each_other_beyond_measure_are_refused_at_once() {
    let org = org("levels").await;
    let client = Client::login(&org).await;
    let mut answers = Vec::new();
    for (name, of) in [("A1__c", "Name"), ("A2__c", "A1__c"), ("A3__c", "A2__c"), ("A4__c", "A3__c")] {
        let formula = vec![of; 550].join("&");
        let field = json!({"FullName": format!("Account.{name}"), "Metadata": {"type": "Text", "label": "A", "formula": formula}});
        answers.push(client.post("tooling/sobjects/CustomField", field).await);
    }
    let statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [201, 400, 400, 400], "{answers:?}");
    let message = answers[1].1[0]["message"].as_str().unwrap();
    let wanted =
        "Compiled formula is too big to execute (1,515,249 characters). Maximum size is 15,000 characters";
    assert!(message.ends_with(wanted), "{message}");
    let doubling: String =
        (0..20).fold("Name".to_owned(), |text, _| format!("SUBSTITUTE({text},'a','aaaaaaaaaa')"));
    let field = json!({"FullName": "Account.Long__c", "Metadata": {"type": "Text", "label": "A", "formula": doubling}});
    assert_eq!(client.post("tooling/sobjects/CustomField", field).await.0, 201);
    client.create("Account", json!({"Name": "a"})).await;
    let found = client.query("SELECT Long__c FROM Account").await;
    assert_eq!(found["records"][0]["Long__c"], Json::Null, "no org has memory for it");
}
