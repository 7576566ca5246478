//! What a file says of fields and of which records are written, from org A to org B.

use serde_json::{Value as Json, json};

use crate::support::{World, eventually};

const OBJECTS: &str = "\
Account:
  external_id: OrgA_Id__c
  values: { Rating: { Hot: Warm, '*': Cold } }
  too_long: truncate
Contact:
  external_id: OrgA_Id__c
  fields: { Department: 'value.LastName + (value.FirstName == null ? \"\" : \", \" + value.FirstName)' }
  ignore_fields: [FirstName]
  ignore_reference_fields: true
Lead:
  external_id: OrgA_Id__c
  sink: { filter: 'value.LeadSource != \"Other\" && topic.endsWith(\".Lead\")', on_leave: delete }
";

fn row(world: &World, object: &str, id: &str) -> Json {
    let rows = world.b.rows(object);
    let found = rows.iter().find(|row| row["OrgA_Id__c"] == id);
    found.unwrap_or_else(|| panic!("no {object} {id} in {rows:?}")).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_and_records_of_org_b_are_what_the_file_makes_of_those_of_org_a() {
    let Some(world) = World::builder().embedded().objects(OBJECTS).build().await else { return };
    let account = world.in_a.create("Account", json!({ "Name": "Acme", "Rating": "Hot" })).await;
    let contact = json!({ "LastName": "Lovelace", "FirstName": "Ada", "AccountId": account });
    let contact = world.in_a.create("Contact", contact).await;
    let lead = |source: &str| json!({ "LastName": "L", "Company": "C", "LeadSource": source });
    let inside = world.in_a.create("Lead", lead("Web")).await;
    let outside = world.in_a.create("Lead", lead("Other")).await;
    world.sync().await.expect_code(0);

    assert_eq!(row(&world, "Account", &account)["Rating"], "Warm");
    let written = row(&world, "Contact", &contact);
    let seen = ["Department", "FirstName", "LastName", "AccountId"].map(|field| &written[field]);
    assert_eq!(seen, [&json!("Lovelace, Ada"), &Json::Null, &json!("Lovelace"), &Json::Null]);
    let first = row(&world, "Lead", &inside)["Id"].clone();
    assert_eq!(world.b.count("Lead"), 1);
    world.verify().await;

    // One leaves the filter, one enters it.
    world.in_a.update("Lead", &inside, json!({ "LeadSource": "Other" })).await;
    world.in_a.update("Lead", &outside, json!({ "LeadSource": "Web" })).await;
    world.in_a.update("Contact", &contact, json!({ "FirstName": null })).await;
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 1);
    row(&world, "Lead", &outside);
    assert_eq!(row(&world, "Contact", &contact)["Department"], "Lovelace");
    world.verify().await;

    world.in_a.update("Lead", &inside, json!({ "LeadSource": "Web" })).await;
    world.sync().await.expect_code(0);
    assert_eq!(row(&world, "Lead", &inside)["Id"], first, "it comes back under its id");
    world.verify().await;
    assert!(world.dead_letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_names_every_field_that_is_left_out_and_counts_what_is_filtered() {
    let custom = "objects:\n  Lead:\n    - { name: OnlyInA__c, type: string, label: A, length: 9 }\n";
    let builder = World::builder().embedded().objects(OBJECTS).org_a(move |org| org.objects(custom));
    let Some(world) = builder.build().await else { return };
    let lead = json!({ "LastName": "L", "Company": "C", "LeadSource": "Web", "OnlyInA__c": "x" });
    world.in_a.create("Lead", lead).await;
    world.in_a.create("Lead", json!({ "LastName": "T", "Company": "C", "LeadSource": "Other" })).await;
    let running = world.run(&[]);
    eventually("the lead arrives", || world.b.count("Lead") == 1).await;
    let sink = loop {
        let status = world.command(&["status", "orgstream.yaml", "--json"]).finish().await.expect_code(0);
        let status: Json = serde_json::from_str(&status.stdout).expect("JSON");
        let tasks = status["status"]["pipelines"][0]["tasks"].as_array().expect("tasks").clone();
        let sink = tasks.into_iter().find(|task| task["kind"] == "sink").expect("a sink");
        if sink["skipped"]["filtered"] == 1 {
            break sink;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    let left_out = &sink["fields_left_out"]["Lead"];
    assert_eq!(left_out["OnlyInA__c"], "not in the target org");
    assert_eq!(left_out["CreatedDate"], "set by the org");
    let people = world.command(&["status", "orgstream.yaml"]).finish().await.expect_code(0).stdout;
    assert!(people.contains("Lead has no field OnlyInA__c in the target org"), "{people}");
    let ended = running.terminate().await.expect_code(0);
    let said = ended.stderr.matches("OnlyInA__c").count();
    assert_eq!(said, 1, "once in the log: {}", ended.stderr);
}
