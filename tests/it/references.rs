//! References out of the pipeline, from one org's users, queues and record types to the other's.

use orgstream_salesforce_simulator::Org;
use serde_json::{Value as Json, json};

use crate::support::{Rest, World};

/// What both orgs are like.
const ORG: &str = "
objects:
  Account:
    record_types: [{ name: Partner, label: Partner }, { name: Customer, label: Customer, default: true }]
    fields:
      - &id { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }
  Contact: [*id]
  Lead:
    record_types: [{ name: Partner, label: Partner }, { name: Web, label: Web, default: true }]
    fields: [*id]
";

/// The rules of the pipeline.
const OBJECTS: &str = "\
Account: { external_id: OrgA_Id__c, references: { OwnerId: { match: FederationIdentifier }, RecordTypeId: { match: DeveloperName } } }
Contact: { external_id: OrgA_Id__c, references: { OwnerId: { file: owners.csv } } }
Lead:
  external_id: OrgA_Id__c
  references:
    default: leave_out
    OwnerId: { match: FederationIdentifier, default: bot }
    RecordTypeId: { match: DeveloperName }
";

async fn user(org: &Rest, username: &str, federation: &str) -> String {
    let profile = org.ids("SELECT Id FROM Profile").await.remove(0);
    let alias: String = federation.chars().take(8).collect();
    let row = json!({
        "Username": username, "Email": username, "LastName": "Doe", "Alias": alias, "FederationIdentifier": federation,
        "ProfileId": profile, "TimeZoneSidKey": "Europe/Rome", "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8",
        "LanguageLocaleKey": "en_US",
    });
    org.create("User", row).await
}

async fn record_type(org: &Rest, object: &str, name: &str) -> String {
    let soql =
        format!("SELECT Id FROM RecordType WHERE SobjectType = '{object}' AND DeveloperName = '{name}'");
    org.ids(&soql).await.remove(0)
}

/// The row of an org whose field `name` says `value`.
fn row(org: &Org, object: &str, name: &str, value: &str) -> Json {
    let rows = org.rows(object);
    let found: Vec<&Json> = rows.iter().filter(|row| row[name] == value).collect();
    assert_eq!(found.len(), 1, "{object} with {name} = {value}: {rows:?}");
    found[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_queues_and_record_types_of_org_a_become_those_of_org_b() {
    let world = World::builder().embedded().objects(OBJECTS).org_a(|org| org.objects(ORG)).build().await;
    let Some(world) = world else { return };
    let b = Org::builder().name("other-b").objects(ORG).start().await.expect("org b starts");
    world.put_in_place_of_b(&b);
    let (in_a, in_b) = (&world.in_a, Rest::login(&b).await);
    let ann = user(in_a, "ann@a.example", "ann").await;
    let gone = user(in_a, "gone@a.example", "gone").await;
    let ann_b = user(&in_b, "ann@b.example", "ANN").await;
    let bot_b = user(&in_b, "bot@b.example", "bot").await;
    let queue = json!({ "Name": "Hot", "DeveloperName": "Hot", "Type": "Queue" });
    let (queue, queue_b) = (in_a.create("Group", queue.clone()).await, in_b.create("Group", queue).await);
    let [partner, partner_b] =
        [record_type(in_a, "Lead", "Partner").await, record_type(&in_b, "Lead", "Partner").await];
    std::fs::write(world.dir.path().join("owners.csv"), format!("source,target\n{gone},{ann_b}\n"))
        .expect("a file");

    let account = in_a.create("Account", json!({ "Name": "Acme", "OwnerId": ann })).await;
    in_a.create("Account", json!({ "Name": "Globex", "OwnerId": gone })).await;
    in_a.create("Contact", json!({ "LastName": "Lund", "OwnerId": gone, "AccountId": account })).await;
    let lead = |name: &str, owner: &str| json!({ "LastName": name, "Company": "Acme", "OwnerId": owner, "RecordTypeId": partner });
    for (name, owner) in [("of ann", &ann), ("of a queue", &queue), ("of nobody here", &gone)] {
        in_a.create("Lead", lead(name, owner)).await;
    }
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!(row(&b, "Account", "Name", "Acme")["OwnerId"], ann_b.as_str());
    let integration = b.user_id();
    assert_eq!(
        row(&b, "Account", "Name", "Globex")["OwnerId"],
        integration,
        "left out, so org b has its own way"
    );
    let contact = row(&b, "Contact", "LastName", "Lund");
    assert_eq!(
        (&contact["OwnerId"], &contact["AccountId"]),
        (&json!(ann_b), &row(&b, "Account", "Name", "Acme")["Id"])
    );
    for (name, owner) in [("of ann", &ann_b), ("of a queue", &queue_b), ("of nobody here", &bot_b)] {
        let lead = row(&b, "Lead", "LastName", name);
        assert_eq!((&lead["OwnerId"], &lead["RecordTypeId"]), (&json!(owner), &json!(partner_b)), "{name}");
    }

    // Each half in a process of its own: the sink logs in to org a by itself.
    let lead = row(&world.a, "Lead", "LastName", "of ann");
    in_a.update("Lead", lead["Id"].as_str().expect("an id"), json!({ "OwnerId": queue })).await;
    world.sync_with(&["--only", "source"]).await.expect_code(0);
    world.sync_with(&["--only", "sink"]).await.expect_code(0);
    assert_eq!(row(&b, "Lead", "LastName", "of ann")["OwnerId"], queue_b.as_str());
}
