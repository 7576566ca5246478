use std::collections::HashMap;

use orgstream_api::Secret;
use orgstream_salesforce_simulator as simulator;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

use super::*;
use crate::config::{Auth, OrgConfig};
use crate::org::Org;
use crate::rest::{JobState, Row, Rows};
use crate::value::to_value;

const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);

/// Custom fields of every type that a standard lead lacks.
const FIELDS: &str = "
objects:
  Lead:
    - { name: Text__c, type: string, label: Text, length: 255 }
    - { name: Long__c, type: textarea, label: Long, length: 32000 }
    - { name: Double__c, type: double, label: Double, precision: 18, scale: 6 }
    - { name: Count__c, type: double, label: Count, precision: 15, scale: 0 }
    - { name: Money__c, type: currency, label: Money, precision: 16, scale: 2 }
    - { name: Share__c, type: percent, label: Share, precision: 9, scale: 3 }
    - { name: Flag__c, type: boolean, label: Flag }
    - { name: Day__c, type: date, label: Day }
    - { name: Moment__c, type: datetime, label: Moment }
    - { name: Hour__c, type: time, label: Hour }
    - { name: Tags__c, type: multipicklist, label: Tags, length: 255, picklist: [a, b, c] }
    - { name: Place__c, type: location, label: Place }
    - { name: Friend__c, type: reference, label: Friend, reference_to: [User] }
";

async fn org() -> (simulator::Org, Org) {
    let sandbox = simulator::Org::builder().name("a").objects(FIELDS).start().await.unwrap();
    let known = sandbox.credentials();
    let auth = Auth::Password {
        client_id: known.client_id.clone(),
        client_secret: Secret::new(&known.client_secret),
        username: known.username.clone(),
        password: Secret::new(format!("{}{}", known.password, known.security_token)),
    };
    let url = sandbox.url().parse().unwrap();
    let org = Org::connect(OrgConfig::new("a", url, auth)).await.unwrap();
    (sandbox, org)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9 ,;\"']{1,40}", "\\PC{1,30}", "[x\r\n\t\"]{1,20}y", Just("#N/A".to_owned())]
}

/// A lead with some of its fields.
fn lead() -> impl Strategy<Value = Json> {
    let some = |name: &'static str, value: BoxedStrategy<Json>| {
        prop::option::of(value).prop_map(move |value| (name, value)).boxed()
    };
    let number = |digits: i64, places: u32| {
        let of = move |n| json!(format!("{n}e-{places}").parse::<f64>().unwrap());
        (-digits..digits).prop_map(of).boxed()
    };
    let word = || text().prop_map(Json::from).boxed();
    let fields: Vec<BoxedStrategy<(&'static str, Option<Json>)>> = vec![
        some("Text__c", word()),
        some("Long__c", word()),
        some("Street", word()),
        some("City", "[A-Z][a-z]{2,8}".prop_map(Json::from).boxed()),
        some("PostalCode", "[0-9]{4,5}".prop_map(Json::from).boxed()),
        some("Latitude", number(89_000_000, 6)),
        some("NumberOfEmployees", (0..100_000).prop_map(Json::from).boxed()),
        some("AnnualRevenue", (0..1_000_000_000_000_i64).prop_map(Json::from).boxed()),
        some("Double__c", number(999_999_999_999, 6)),
        some("Count__c", number(999_999_999, 0)),
        some("Money__c", number(99_999_999_999, 2)),
        some("Share__c", number(999_999, 3)),
        some("Flag__c", any::<bool>().prop_map(Json::from).boxed()),
        some(
            "Day__c",
            (1900..2200, 1..13, 1..29).prop_map(|(y, m, d)| json!(format!("{y}-{m:02}-{d:02}"))).boxed(),
        ),
        some(
            "Moment__c",
            (1970..2200, 0..24, 0..60)
                .prop_map(|(y, h, m)| json!(format!("{y}-05-06T{h:02}:{m:02}:07.000Z")))
                .boxed(),
        ),
        some(
            "Hour__c",
            (0..24, 0..60, 0..1000)
                .prop_map(|(h, m, ms)| json!(format!("{h:02}:{m:02}:09.{ms:03}Z")))
                .boxed(),
        ),
        some("Tags__c", prop_oneof![Just(json!("a")), Just(json!("a;c"))].boxed()),
        some("Place__Latitude__s", number(89, 0)),
        some("Place__Longitude__s", number(179_000, 3)),
    ];
    fields.prop_map(|fields| {
        let mut lead = json!({"LastName": "Last", "Company": "Company"});
        for (name, value) in fields {
            if let Some(value) = value {
                lead[name] = value;
            }
        }
        lead
    })
}

/// The rows of a bulk job, by id.
async fn by_bulk(org: &Org, describe: &Describe) -> HashMap<SalesforceId, Struct> {
    let columns = Arc::new(Columns::of(describe));
    let soql = format!("SELECT {} FROM Lead", columns.selection());
    let job = org.create_query_job(&soql, Rows::Living).await.unwrap();
    while org.query_job(&job.id).await.unwrap().state != JobState::JobComplete {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (mut found, mut locator) = (HashMap::new(), None);
    loop {
        let results = org.query_results(&job.id, locator.as_deref(), 70).await.unwrap();
        let mut rows = CsvRows::read(Arc::clone(&columns), results.csv).unwrap();
        loop {
            let taken = rows.take(33).unwrap();
            let last = taken.len() < 33;
            found.extend(taken.into_iter().map(|row| (row.id.unwrap(), row.value.unwrap())));
            if last {
                break;
            }
        }
        match results.next {
            Some(next) => locator = Some(next),
            None => break,
        }
    }
    org.delete_query_job(&job.id).await.unwrap();
    assert_eq!(org.query_job(&job.id).await.unwrap_err().code(), Some("NOT_FOUND"));
    found
}

#[tokio::test]
async fn a_row_of_a_bulk_job_is_the_row_that_rest_shows_field_by_field() {
    let (_sandbox, org) = org().await;
    let mut runner = TestRunner::deterministic();
    let rows: Vec<Row> = (0..200)
        .map(|_| serde_json::from_value(lead().new_tree(&mut runner).unwrap().current()).unwrap())
        .collect();
    let results = org.create_many("Lead", &rows, TIMEOUT).await.unwrap();
    let ids: Vec<SalesforceId> =
        results.iter().map(|result| result.id.unwrap_or_else(|| panic!("{result:?}"))).collect();
    let describe = org.describe("Lead").await.unwrap();
    let found = by_bulk(&org, &describe).await;
    assert_eq!(found.len(), ids.len());

    let fields: Vec<String> = describe.fields.iter().map(|field| field.name.clone()).collect();
    let shown = org.retrieve("Lead", &ids, &fields).await.unwrap();
    for (id, row) in ids.iter().zip(shown) {
        let (row, found) = (row.unwrap(), &found[id]);
        for (place, field) in describe.fields.iter().enumerate() {
            let shown = to_value(field, &row[&field.name]).unwrap();
            assert_eq!(found.values()[place], shown, "{} of {id}: {}", field.name, row[&field.name]);
        }
    }
    let carried = Columns::of(&describe).carried().len();
    assert_eq!(carried, describe.fields.len(), "a lead has nothing that CSV cannot carry");
}

#[test]
fn money_has_one_text_whichever_way_it_comes() {
    for (cell, text) in [
        ("1500000", "1500000.0"),
        ("1500000.0", "1500000.0"),
        ("12.50", "12.5"),
        ("-0.1", "-0.1"),
        ("1.5E7", "15000000.0"),
        ("12345678901234567.89", "12345678901234567.89"),
    ] {
        assert_eq!(canonical_decimal(cell).as_deref(), Some(text), "{cell}");
    }
    assert_eq!(canonical_decimal("many"), None);
}

fn account() -> Arc<Columns> {
    let describe = json!({"name": "Account", "fields": [
        {"name": "Id", "type": "id"},
        {"name": "BillingStreet", "type": "textarea", "compoundFieldName": "BillingAddress"},
        {"name": "BillingState", "type": "string", "compoundFieldName": "BillingAddress"},
        {"name": "BillingStateCode", "type": "picklist", "compoundFieldName": "BillingAddress"},
        {"name": "BillingAddress", "type": "address"},
        {"name": "Body", "type": "base64"},
        {"name": "Employees", "type": "int"},
    ]});
    Arc::new(Columns::of(&serde_json::from_value(describe).unwrap()))
}

#[test]
fn an_address_is_put_together_and_bytes_are_left_out() {
    let columns = account();
    assert_eq!(columns.selection(), "Id, BillingStreet, BillingState, BillingStateCode, Employees");
    assert_eq!(columns.carried(), [0, 1, 2, 3, 4, 6]);
    let csv = "Id,BillingStreet,BillingState,BillingStateCode,Employees\n\
               001000000000001AAA,\"1, Main\",Bavaria,BY,\n001000000000002AAA,,,,7\n";
    let mut rows = CsvRows::read(columns, csv.into()).unwrap();
    let rows = rows.take(10).unwrap();
    let Value::Struct(address) = rows[0].value.as_ref().unwrap().value("BillingAddress").unwrap() else {
        panic!("{rows:?}")
    };
    let member = |name| address.value(name).unwrap().as_str();
    assert_eq!(
        (member("Street"), member("State"), member("StateCode")),
        (Some("1, Main"), Some("Bavaria"), Some("BY"))
    );
    let second = rows[1].value.as_ref().unwrap();
    assert_eq!(second.value("BillingAddress"), Some(&Value::Null));
    assert_eq!(second.value("Employees"), Some(&Value::Int32(7)));
}

#[test]
fn a_row_of_the_bin_is_known_and_dated_where_its_object_has_no_system_date() {
    let describe = json!({"name": "AccountHistory", "fields": [
        {"name": "Id", "type": "id"},
        {"name": "IsDeleted", "type": "boolean"},
        {"name": "CreatedDate", "type": "datetime"},
    ]});
    let columns = Arc::new(Columns::of(&serde_json::from_value(describe).unwrap()));
    let csv = "Id,IsDeleted,CreatedDate\n017000000000001AAA,true,2026-01-01T10:20:30.000Z\n";
    let rows = CsvRows::read(columns, csv.into()).unwrap().take(5).unwrap();
    assert_eq!((rows[0].is_deleted, rows[0].deleted), (true, Some(1_767_262_830_000)));
}

#[test]
fn a_deletion_is_known_whatever_the_other_cells_hold() {
    let describe = json!({"name": "Account", "fields": [
        {"name": "Id", "type": "id"},
        {"name": "IsDeleted", "type": "boolean"},
        {"name": "SystemModstamp", "type": "datetime"},
        {"name": "Employees", "type": "int"},
    ]});
    let columns = Arc::new(Columns::of(&serde_json::from_value(describe).unwrap()));
    let csv = "Id,IsDeleted,SystemModstamp,Employees\n\
               001000000000001AAA,true,2026-01-01T10:20:30.000Z,many\n\
               001000000000002AAA,false,2026-01-01T10:20:30.000Z,7\n";
    let rows = CsvRows::read(columns, csv.into()).unwrap().take(5).unwrap();
    assert!(rows[0].value.is_err() && rows[1].value.is_ok());
    assert_eq!([rows[0].is_deleted, rows[1].is_deleted], [true, false]);
    assert_eq!(rows[0].deleted, Some(1_767_262_830_000));
}

#[test]
fn what_is_not_what_was_selected_is_never_taken_for_it() {
    assert!(matches!(CsvRows::read(account(), "Id,Name\n".into()), Err(CsvError::Columns { .. })));
    let head = "Id,BillingStreet,BillingState,BillingStateCode,Employees\n";
    let read = |lines: &str| CsvRows::read(account(), format!("{head}{lines}").into()).unwrap().take(5);
    assert!(matches!(read("001000000000001AAA,a,b\n"), Err(CsvError::Malformed(_))));
    let rows = read("001000000000001AAA,,,,many\n").unwrap();
    let error = rows[0].value.as_ref().unwrap_err().to_string();
    assert!(error.contains("Employees") && error.contains("`many`"), "{error}");
    let mut two = CsvRows::read(account(), format!("{head}1,,,,\n2,,,,\n").into()).unwrap();
    assert_eq!((two.skip(5).unwrap(), two.take(5).unwrap().len()), (2, 0));
}

/// Wherever an answer ends, rows are those of its whole lines, and what is missing is known.
#[test]
fn a_page_that_ends_anywhere_has_the_rows_of_its_whole_lines_and_says_so() {
    let head = "Id,BillingStreet,BillingState,BillingStateCode,Employees\n";
    let lines = [
        "001000000000001AAA,Main,Bavaria,BY,12\n",
        "001000000000002AAA,\"1, \"\"Main\"\"\nback\n\",Bavaria,BY,34\n",
        "\"001000000000003AAA\",\"\",\"\",\"\",\"56\"\n",
    ];
    let page = format!("{head}{}", lines.concat());
    let whole = CsvRows::read(account(), page.clone().into()).unwrap().take(5).unwrap();
    assert_eq!(whole.len(), 3);
    for end in 0..=page.len() {
        let mut ends = vec![0, head.len()];
        for line in lines {
            ends.push(ends[ends.len() - 1] + line.len());
        }
        let full = ends.iter().filter(|line| **line <= end).count().saturating_sub(2);
        let mut rows = CsvRows::read(account(), page[..end].to_owned().into()).unwrap();
        let found: Vec<CsvRow> = (0..4).flat_map(|_| rows.take(1).unwrap()).collect();
        assert_eq!(found, whole[..full], "{:?}", &page[..end]);
        assert_eq!(rows.is_cut(), !ends.contains(&end), "{:?}", &page[..end]);
        let mut rows = CsvRows::read(account(), page[..end].to_owned().into()).unwrap();
        assert_eq!((rows.skip(9).unwrap(), rows.is_cut()), (full as u64, !ends.contains(&end)));
    }
}
