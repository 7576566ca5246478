//! Whoever folds all change events over nothing has the org's rows.

use std::collections::BTreeMap;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value as Json, json};

use super::client::{Client, typed};
use super::streaming::Stream;
use crate::Org;
use crate::events::apply;

/// What no change event shows in its body.
const NEVER: [&str; 3] = ["Id", "IsDeleted", "SystemModstamp"];

/// What every row was told with, although no call may write it.
const ALWAYS: [&str; 3] = ["CreatedDate", "CreatedById", "LastModifiedDate"];

/// What a case shows of its contact: shown with the case, but nobody is told when the contact changes.
const OF_CONTACT: [&str; 4] = ["ContactPhone", "ContactMobile", "ContactEmail", "ContactFax"];

const OBJECTS: [&str; 3] = ["Account", "Contact", "Case"];

type Rows = BTreeMap<String, BTreeMap<String, Json>>;

/// One call, which is one transaction.
#[derive(Clone, Debug)]
enum Step {
    CreateAccounts(Vec<Option<u8>>),
    CreateContacts(usize, usize),
    CreateCase(usize),
    ChangeContact(usize, u8),
    Change(Vec<usize>, Json),
    Delete(usize),
    Undelete(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let cities = proptest::collection::vec(proptest::option::of(0..3_u8), 1..5);
    let fields = prop_oneof![
        (0..3_u8).prop_map(|n| json!({"Phone": n.to_string()})),
        Just(json!({"Phone": null})),
        (0..3_u8).prop_map(|n| json!({"BillingCity": format!("c{n}"), "Industry": null})),
        (0..40_usize).prop_map(|n| json!({"Description": long_text(n)})),
    ];
    let some = proptest::collection::vec(any::<usize>(), 1..4);
    prop_oneof![
        cities.prop_map(Step::CreateAccounts),
        (any::<usize>(), 1..4_usize).prop_map(|(parent, n)| Step::CreateContacts(parent, n)),
        any::<usize>().prop_map(Step::CreateCase),
        (any::<usize>(), 0..3_u8).prop_map(|(which, phone)| Step::ChangeContact(which, phone)),
        (some, fields).prop_map(|(which, fields)| Step::Change(which, fields)),
        any::<usize>().prop_map(Step::Delete),
        any::<usize>().prop_map(Step::Undelete),
    ]
}

/// Forty lines, one of them out of the ordinary.
fn long_text(odd: usize) -> String {
    let lines: Vec<String> = (0..40)
        .map(|n| if n == odd { "odd".to_owned() } else { format!("line {n} {}", "x".repeat(40)) })
        .collect();
    lines.join("\n")
}

async fn play(client: &Client, (accounts, contacts): (&mut Vec<String>, &mut Vec<String>), step: Step) {
    let pick = |accounts: &[String], at: usize| accounts.get(at % accounts.len().max(1)).cloned();
    match step {
        Step::CreateAccounts(cities) => {
            let record = |city: &Option<u8>| {
                typed("Account", json!({"Name": "n", "BillingCity": city.map(|n| format!("c{n}"))}))
            };
            let records: Vec<Json> = cities.iter().map(record).collect();
            let (_, made) = client.post("composite/sobjects", json!({"records": records})).await;
            accounts
                .extend(made.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        }
        Step::CreateContacts(parent, n) => {
            let parent = pick(accounts, parent);
            let record = |n| typed("Contact", json!({"LastName": format!("l{n}"), "AccountId": parent}));
            let records: Vec<Json> = (0..n).map(record).collect();
            let (_, made) = client.post("composite/sobjects", json!({"records": records})).await;
            contacts.extend(
                made.as_array().unwrap().iter().filter_map(|one| one["id"].as_str().map(str::to_owned)),
            );
        }
        Step::CreateCase(contact) => {
            let contact = pick(contacts, contact);
            client.post("sobjects/Case", json!({"Subject": "s", "ContactId": contact})).await;
        }
        Step::ChangeContact(which, phone) => {
            let Some(id) = pick(contacts, which) else { return };
            client.patch(&format!("sobjects/Contact/{id}"), json!({"Phone": phone.to_string()})).await;
        }
        Step::Change(which, fields) => {
            let mut ids: Vec<String> = which.iter().filter_map(|at| pick(accounts, *at)).collect();
            ids.sort();
            ids.dedup();
            let record = |id: &String| {
                let mut fields = fields.clone();
                fields["Id"] = json!(id);
                typed("Account", fields)
            };
            let records: Vec<Json> = ids.iter().map(record).collect();
            client.patch("composite/sobjects", json!({"records": records})).await;
        }
        Step::Delete(at) => {
            let Some(id) = pick(accounts, at) else { return };
            client.delete(&format!("sobjects/Account/{id}")).await;
        }
        Step::Undelete(at) => {
            let Some(id) = pick(accounts, at) else { return };
            client.undelete(&[&id]).await;
        }
    }
}

/// Does to the rows what an event tells.
fn fold(rows: &mut Rows, payload: &Json) {
    let header = &payload["ChangeEventHeader"];
    for id in header["recordIds"].as_array().unwrap() {
        let id = id.as_str().unwrap().to_owned();
        match header["changeType"].as_str().unwrap() {
            "DELETE" => {
                assert!(rows.remove(&id).is_some(), "{id} was never told of");
                continue;
            }
            "CREATE" | "UNDELETE" => assert!(rows.insert(id.clone(), BTreeMap::new()).is_none()),
            kind => {
                assert_eq!(kind, "UPDATE");
                let changed = header["changedFields"].as_array().unwrap();
                assert!(OF_CONTACT.iter().all(|name| !changed.contains(&json!(name))), "{header}");
            }
        }
        let row = rows.get_mut(&id).unwrap();
        for (name, value) in
            payload.as_object().unwrap().iter().filter(|(name, _)| *name != "ChangeEventHeader")
        {
            match value {
                Json::Object(nested) if nested.contains_key("diff") => {
                    let old = row[name].as_str().unwrap();
                    let new = apply(old, nested["diff"].as_str().unwrap());
                    row.insert(name.clone(), json!(new));
                }
                Json::Object(nested) => {
                    let stem = name.strip_suffix("Address").unwrap_or_default();
                    row.extend(
                        nested.iter().map(|(member, value)| (format!("{stem}{member}"), value.clone())),
                    );
                }
                value => {
                    row.insert(name.clone(), value.clone());
                }
            }
            row.retain(|_, value| !value.is_null());
        }
    }
}

/// The org's rows in the same form: what calls may write, and what else was told.
async fn expected(org: &Org, client: &Client, told: &Rows) -> Rows {
    let mut rows = Rows::new();
    for object in OBJECTS {
        let (_, describe) = client.get(&format!("sobjects/{object}/describe")).await;
        let fields = describe["fields"].as_array().unwrap().iter();
        let writable: Vec<&str> = fields
            .filter(|field| field["createable"] == true || field["updateable"] == true)
            .map(|field| field["name"].as_str().unwrap())
            .collect();
        for row in org.rows(object) {
            let told = told.get(row["Id"].as_str().unwrap());
            let due = |name: &str| {
                let known = told.is_some_and(|fields| fields.contains_key(name));
                (writable.contains(&name) || ALWAYS.contains(&name) || known) && !OF_CONTACT.contains(&name)
            };
            let fields = row.as_object().unwrap().iter();
            let fields = fields.filter(|(name, value)| !value.is_null() && !value.is_object() && due(name));
            let fields = fields.map(|(name, value)| {
                let text = value.as_str().and_then(|text| text.strip_suffix("+0000"));
                (name.clone(), text.map_or_else(|| value.clone(), |text| json!(format!("{text}Z"))))
            });
            rows.insert(row["Id"].as_str().unwrap().to_owned(), fields.collect());
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn folding_all_change_events_gives_the_rows(steps in proptest::collection::vec(step(), 1..14)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (folded, rows) = runtime.block_on(async {
            let org = Org::builder().name("folded").change_data_capture(OBJECTS).start().await.unwrap();
            let client = Client::login(&org).await;
            let (mut accounts, mut contacts) = (Vec::new(), Vec::new());
            for step in steps {
                play(&client, (&mut accounts, &mut contacts), step).await;
            }
            let end = client.create("Account", json!({"Name": "end"})).await;
            let (_, stream) = Stream::open(&client, "/data/ChangeEvents", -2).await;
            let mut rows = Rows::new();
            while !rows.contains_key(&end) {
                for event in stream.events(1).await {
                    fold(&mut rows, &event["data"]["payload"]);
                }
            }
            let expected = expected(&org, &client, &rows).await;
            for row in rows.values_mut() {
                assert!(NEVER.iter().all(|name| !row.contains_key(*name)), "{row:?}");
                row.retain(|name, _| !OF_CONTACT.contains(&name.as_str()));
            }
            (rows, expected)
        });
        prop_assert_eq!(folded, rows);
    }
}
