//! Parents that a record names by a value of theirs.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Field, Schema, Sink, Struct, Type, Value};
use orgstream_salesforce_simulator::{self as simulator, CallKind};
use serde_json::{Value as Json, json};

use super::change::{Change, id};
use super::runtime::Runtime;
use super::world::{EXTERNAL, World, config, jobs};
use crate::config::{Algorithm, Operation, SinkConfig};
use crate::reading::{Nulls, Reading};

/// Accounts have a key of another system; a lead may have a sponsor, which it never changes.
const OBJECTS: &str = "
objects:
  Account:
    - &id { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }
    - { name: Erp__c, type: string, label: ERP, length: 20, flags: [create, update, nillable, external_id, unique] }
  Contact: [*id]
  Lead:
    - *id
    - { name: Sponsor__c, type: reference, label: Sponsor, reference_to: [Account], relationship: Sponsor__r, flags: [create, nillable] }
";

/// A sink of contacts and leads: accounts are not the pipeline's.
async fn sink(world: &World, bulk_from: Option<usize>) -> Runtime {
    let mut config = config(Operation::Sync, Duration::from_secs(5));
    config.objects.retain(|object| object.name != "Account");
    world.try_sink(SinkConfig { bulk: jobs(bulk_from), ..config }).await.unwrap()
}

async fn world() -> World {
    World::of(simulator::Org::builder().objects(OBJECTS)).await
}

async fn account(world: &World, key: &str) -> Json {
    json!(world.create("Account", json!({"Name": key, "Erp__c": key})).await.as_str())
}

/// A change of the contact of a number.
type OfNumber<'a> = &'a dyn Fn(u32) -> Change;

/// A parent of one field.
fn parent(field: &str, value: Value) -> Value {
    let schema = Schema::new("Parent", vec![Field::optional(field, Type::String)]);
    let mut parent = Struct::new(Arc::new(schema));
    parent.set(field, value);
    Value::Struct(parent)
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn contact(world: &World, number: u32) -> Json {
    world.row("Contact", &id("Contact", number)).expect("the contact is there")["AccountId"].clone()
}

#[tokio::test]
async fn a_parent_is_named_by_a_struct_a_map_or_a_column_and_need_not_be_the_pipelines() {
    let world = world().await;
    let acme = account(&world, "acme").await;
    let mut runtime = sink(&world, None).await;
    runtime.submit(Change::created("Contact", 1).value("Account", parent("Erp__c", text("acme"))));
    runtime.submit(Change::created("Contact", 2).text("Account.Erp__c", "acme"));
    runtime.submit(Change::created("Contact", 3).text("account", "{\"attributes\":{},\"erp__C\":\"acme\"}"));
    // The id of its own org says nothing beside it.
    let both =
        Change::created("Contact", 4).text("Account.Erp__c", "acme").text("AccountId", &id("Account", 9));
    runtime.submit(both);
    runtime.submit(Change::created("Contact", 5).text("Account.Erp__c", "acme").without_headers());
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 5, "{:?}", runtime.rejections());
    for number in 1..=5 {
        assert_eq!(contact(&world, number), acme, "{number}");
    }
    assert!(runtime.owed.is_empty());
    let left_out = runtime.counts().fields_left_out;
    assert!(
        left_out.values().all(|fields| !fields.keys().any(|name| name.starts_with("Account."))),
        "{left_out:?}"
    );
}

#[tokio::test]
async fn a_null_in_place_of_the_parent_clears_the_reference() {
    let world = world().await;
    account(&world, "acme").await;
    let mut runtime = sink(&world, None).await;
    for (number, cleared) in [
        Change::updated("Contact", 0).null("Account"),
        Change::updated("Contact", 1).null("Account.Erp__c"),
        Change::updated("Contact", 2).value("Account", parent("Erp__c", Value::Null)),
    ]
    .into_iter()
    .enumerate()
    {
        let number = u32::try_from(number).unwrap();
        runtime.submit(Change::created("Contact", number).text("Account.Erp__c", "acme"));
        runtime.settle().await;
        assert!(!contact(&world, number).is_null());
        // A null of a producer that does not say what it carries means nothing.
        runtime.submit(cleared.clone().without_headers());
        runtime.settle().await;
        assert!(!contact(&world, number).is_null(), "{number}");
        runtime.submit(cleared);
        runtime.settle().await;
        assert!(contact(&world, number).is_null(), "{number}");
    }
    assert!(runtime.counts().fields_left_out.is_empty(), "{:?}", runtime.counts().fields_left_out);
}

#[tokio::test]
async fn a_parent_that_one_of_several_merged_changes_names_is_written_whatever_way_each_names_it() {
    for (bulk_from, nulls) in [(None, Nulls::Ignore), (None, Nulls::Write), (Some(5), Nulls::Ignore)] {
        let world = world().await;
        let (acme, firm) = (account(&world, "acme").await, account(&world, "firm").await);
        let config = config(Operation::Sync, Duration::from_secs(5));
        let reading = Reading { nulls, ..config.reading };
        let (algorithm, bulk) = (Algorithm::Merged, jobs(bulk_from));
        let mut runtime = world.try_sink(SinkConfig { algorithm, reading, bulk, ..config }).await.unwrap();
        runtime.submit(Change::created("Account", 1).text("Name", "by id").text("Erp__c", "id"));
        runtime.settle().await;
        let by_id = json!(world.row("Account", &id("Account", 1)).unwrap()["Id"].as_str());
        let bare = |number| Change::updated("Contact", number).text("LastName", "x").without_headers();
        let column = |number| bare(number).text("Account.Erp__c", "acme");
        let of_struct = |number| bare(number).value("Account", parent("Erp__c", text("firm")));
        let pointing = |number| bare(number).text("AccountId", &id("Account", 1));
        let phone = |number| bare(number).text("Phone", "1");
        let cases: [(&[OfNumber<'_>], &Json); 9] = [
            (&[&column, &phone], &acme),
            (&[&phone, &column, &phone], &acme),
            (&[&of_struct, &phone], &firm),
            (&[&phone, &of_struct], &firm),
            (&[&pointing, &column, &phone], &acme),
            (&[&column, &pointing, &phone], &by_id),
            (&[&column, &pointing], &by_id),
            (&[&column, &of_struct, &phone, &phone], &firm),
            (&[&of_struct, &column, &phone, &phone], &acme),
        ];
        for (number, (changes, _)) in (0..).zip(&cases) {
            changes.iter().for_each(|change| runtime.submit(change(number)));
        }
        runtime.settle().await;
        assert!(runtime.rejections().is_empty(), "{:?}", runtime.rejections());
        assert_eq!(runtime.delivered_count(), cases.len() + 1, "each is one write");
        for (number, (_, expected)) in (0..).zip(&cases) {
            assert_eq!(contact(&world, number), **expected, "{number} {nulls:?} {bulk_from:?}");
        }
    }
}

#[tokio::test]
async fn a_parent_named_by_a_merged_change_is_cleared_by_a_later_one() {
    let world = world().await;
    account(&world, "acme").await;
    let mut runtime = world.merged().await;
    runtime.submit(Change::created("Contact", 1).text("Account.Erp__c", "acme"));
    runtime.submit(Change::updated("Contact", 1).null("AccountId"));
    runtime.submit(Change::updated("Contact", 1).text("Phone", "1"));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 1);
    assert!(contact(&world, 1).is_null());
}

#[tokio::test]
async fn by_every_lane_a_parent_is_named_alike() {
    for bulk_from in [None, Some(100)] {
        let world = world().await;
        let parents = [account(&world, "acme").await, account(&world, "umbrella").await];
        let mut runtime = sink(&world, bulk_from).await;
        world.sandbox.reset_calls();
        for number in 0..500 {
            let key = ["acme", "umbrella"][usize::try_from(number).unwrap() % 2];
            runtime.submit(Change::created("Contact", number).value("Account", parent("Erp__c", text(key))));
        }
        runtime.settle().await;
        assert_eq!((runtime.delivered_count(), world.sandbox.count("Contact")), (500, 500));
        for number in [0, 1, 498, 499] {
            assert_eq!(contact(&world, number), parents[usize::try_from(number).unwrap() % 2]);
        }
        let by_job = world.sandbox.writes().iter().any(|call| call.method == "BULK" && call.records > 0);
        assert_eq!(by_job, bulk_from.is_some());
        assert_eq!(world.sandbox.calls(CallKind::Query), 0, "org B finds the parents itself");
        for number in 0..500 {
            runtime.submit(Change::updated("Contact", number).null("Account"));
        }
        runtime.settle().await;
        assert!(world.rows("Contact").iter().all(|contact| contact["AccountId"].is_null()));
    }
}

#[tokio::test]
async fn a_parent_that_is_not_there_yet_is_waited_for_and_one_that_never_comes_is_said() {
    let world = world().await;
    let mut runtime = sink(&world, None).await;
    runtime.submit(Change::created("Contact", 1).text("Account.Erp__c", "late"));
    let waited = tokio::time::timeout(Duration::from_secs(1), runtime.sink.settled()).await;
    assert!(waited.is_err(), "the parent is missing: {waited:?}");
    let late = account(&world, "late").await;
    runtime.settle().await;
    assert_eq!(contact(&world, 1), late);
    runtime.submit(Change::created("Contact", 2).text("Account.Erp__c", "never"));
    runtime.settle().await;
    let rejection = runtime.rejections()[0];
    assert_eq!(rejection.code, "INVALID_FIELD");
    assert!(
        rejection.message.contains("never") && rejection.message.contains("send it first"),
        "{rejection}"
    );
}

#[tokio::test]
async fn a_parent_of_several_objects_is_named_with_its_object() {
    let world = world().await;
    let user =
        world.org.query("SELECT Id, Username FROM User WHERE IsActive = true").await.unwrap().rows.remove(0);
    let mut runtime = sink(&world, None).await;
    let name = user["Username"].as_str().unwrap();
    runtime.submit(Change::created("Lead", 1).value("Owner", parent("Username", text(name))));
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 1, "{:?}", runtime.rejections());
    assert_eq!(world.row("Lead", &id("Lead", 1)).unwrap()["OwnerId"], user["Id"]);
}

#[tokio::test]
async fn a_parent_that_org_b_takes_once_is_named_for_a_new_record_only() {
    let world = world().await;
    let acme = account(&world, "acme").await;
    let mut runtime = sink(&world, None).await;
    let named = |change: Change| change.text("Sponsor__r.Erp__c", "acme");
    runtime.submit(named(Change::created("Lead", 1)));
    runtime.settle().await;
    runtime.submit(named(Change::updated("Lead", 1).text("Company", "new")));
    runtime.settle().await;
    let row = world.row("Lead", &id("Lead", 1)).unwrap();
    assert_eq!(
        (&row["Sponsor__c"], row["Company"].as_str()),
        (&acme, Some("new")),
        "{:?}",
        runtime.rejections()
    );
}

#[tokio::test]
async fn what_names_no_parent_is_a_fault_of_its_field() {
    let world = world().await;
    account(&world, "acme").await;
    let mut runtime = sink(&world, None).await;
    let two =
        Schema::new("Parent", ["Erp__c", EXTERNAL].map(|name| Field::optional(name, Type::String)).into());
    let mut two = Struct::new(Arc::new(two));
    two.set("Erp__c", text("acme"));
    two.set(EXTERNAL, text("x"));
    for (change, column, words) in [
        (Change::created("Contact", 1).text("Firm.Erp__c", "acme"), "Firm.Erp__c", "no relationship `Firm`"),
        (
            Change::created("Contact", 2).text("Account.Name", "acme"),
            "Account.Name",
            "`Name` is no external id of Account",
        ),
        (Change::created("Contact", 3).text("Account.Id", &id("Account", 1)), "Account.Id", "no external id"),
        (Change::created("Contact", 4).text("Account", "acme"), "Account", "no struct or map"),
        (
            Change::created("Contact", 7)
                .value("Account", Value::Array(vec![parent("Erp__c", text("acme"))]))
                .without_headers(),
            "Account",
            "no struct or map",
        ),
        (Change::created("Contact", 8).value("Account", Value::Boolean(true)), "Account", "no struct or map"),
        (
            Change::created("Contact", 5).value("Account", Value::Struct(two)),
            "Account",
            "Erp__c and OrgA_Id__c",
        ),
        (
            Change::created("Contact", 6).text("Account.Erp__c", "acme").text("Account.OrgA_Id__c", "x"),
            "Account.OrgA_Id__c",
            "another column",
        ),
    ] {
        runtime.submit(change);
        runtime.settle().await;
        let rejection = *runtime.rejections().last().unwrap();
        assert_eq!(
            (rejection.code.as_str(), rejection.fields.as_slice()),
            ("RELATIONSHIP_NOT_WRITABLE", &[column.to_owned()][..])
        );
        assert!(
            rejection.message.contains(words) && rejection.message.contains("ignore_fields"),
            "{rejection}"
        );
    }
    assert_eq!(world.sandbox.count("Contact"), 0);
}

#[tokio::test]
async fn parents_are_left_out_with_their_reference_and_said_so() {
    let world = world().await;
    account(&world, "acme").await;
    for ignored in ["Account", "AccountId"] {
        let mut config = config(Operation::Sync, Duration::from_secs(1));
        config.objects.iter_mut().for_each(|object| object.ignore_fields = vec![ignored.to_owned()]);
        let mut runtime = world.try_sink(config).await.unwrap();
        let number = if ignored == "Account" { 1 } else { 2 };
        runtime.submit(Change::created("Contact", number).text("Account.Erp__c", "acme"));
        runtime.settle().await;
        assert!(contact(&world, number).is_null(), "{ignored}");
        assert_eq!(runtime.counts().fields_left_out["Contact"]["Account.Erp__c"], "ignored");
    }
}
