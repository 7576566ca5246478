//! Describes: every key, the facts of a real org, and what objects have to do with each other.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::client::{Client, org};
use crate::Org;

/// What a real org says of Lead.
const LEAD: &str = include_str!("lead_fields.txt");

const FIELD_KEYS: &str = "aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete \
    caseSensitive compoundFieldName controllerName createable custom defaultValue defaultValueFormula defaultedOnCreate \
    dependentPicklist deprecatedAndHidden digits displayLocationInDecimal encrypted externalId extraTypeInfo filterable \
    filteredLookupInfo formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup inlineHelpText label \
    length mask maskType name nameField namePointing nillable permissionable picklistValues polymorphicForeignKey \
    precision queryByDistance referenceTargetField referenceTo relationshipName relationshipOrder restrictedDelete \
    restrictedPicklist scale searchPrefilterable soapType sortable type unique updateable writeRequiresMasterRead";

const OBJECT_KEYS: &str = "actionOverrides activateable associateEntityType associateParentEntity childRelationships \
    compactLayoutable createable custom customSetting deepCloneable defaultImplementation deletable deprecatedAndHidden \
    extendedBy extendsInterfaces feedEnabled fields hasSubtypes implementedBy implementsInterfaces isInterface isSubtype \
    keyPrefix label labelPlural layoutable listviewable lookupLayoutable mergeable mruEnabled name namedLayoutInfos \
    networkScopeFieldName queryable recordTypeInfos replicateable retrieveable searchLayoutable searchable \
    sobjectDescribeOption supportedScopes triggerable undeletable updateable urls";

const CUSTOM: &str = "
objects:
  Account: { denied_fields: { Fax: [read], Phone: [edit] } }
  Case: { denied: [create] }
  Campaign: { denied: [read] }
  Invoice__c:
    label: Invoice
    plural: Invoices
    name_field: { label: Invoice Number, auto_number: 'INV-{00000}' }
    record_types:
      - { name: Domestic, label: Domestic invoice, default: true }
      - { name: Foreign, label: Foreign invoice }
    fields:
      - { name: Customer__c, type: reference, label: Customer, reference_to: [Account], on_delete: restrict }
      - { name: Total__c, type: currency, label: Total, precision: 16, scale: 2 }
      - { name: Gross__c, type: currency, label: Gross, precision: 18, scale: 2, formula: Total__c * 1.2 }
      - { name: Tags__c, type: multipicklist, label: Tags, length: 4099, picklist: [Red, Blue] }
      - { name: Notes__c, type: textarea, label: Notes, length: 32768 }
      - { name: Where__c, type: location, label: Where }
  Line__c:
    label: Line
    plural: Lines
    fields:
      - { name: Invoice__c, type: reference, label: Invoice, reference_to: [Invoice__c], on_delete: master_detail, children: Lines__r }
";

async fn custom() -> (Org, Client) {
    let org = Org::builder().name("described").objects(CUSTOM).start().await.unwrap();
    let client = Client::login(&org).await;
    (org, client)
}

async fn describe(client: &Client, object: &str) -> Json {
    let (status, describe) = client.get(&format!("sobjects/{object}/describe")).await;
    assert_eq!(status, 200, "{object}: {describe}");
    describe
}

fn keys(json: &Json) -> Vec<&str> {
    json.as_object().unwrap().keys().map(String::as_str).collect()
}

fn field<'a>(describe: &'a Json, name: &str) -> &'a Json {
    let mut fields = describe["fields"].as_array().unwrap().iter();
    fields.find(|field| field["name"] == name).unwrap_or_else(|| panic!("no field {name}"))
}

fn child<'a>(describe: &'a Json, object: &str, field: &str) -> &'a Json {
    let mut children = describe["childRelationships"].as_array().unwrap().iter();
    children.find(|child| child["childSObject"] == object && child["field"] == field).unwrap()
}

#[tokio::test]
async fn the_fields_of_lead_are_those_of_a_real_org() {
    let org = org("lead").await;
    let described = describe(&Client::login(&org).await, "Lead").await;
    for line in LEAD.lines().filter(|line| !line.starts_with('#')) {
        let facts: Vec<&str> = line.split('|').collect();
        let field = field(&described, facts[0]);
        let number = |key: &str| field[key].to_string();
        let length = if facts[1] == "picklist" { "-".to_owned() } else { number("length") };
        let references: Vec<&str> =
            field["referenceTo"].as_array().unwrap().iter().map(|to| to.as_str().unwrap()).collect();
        let properties: Vec<&str> = FIELD_KEYS
            .split_whitespace()
            .filter(|key| LEAD.contains(*key) && field[*key] == json!(true))
            .collect();
        let said = [
            facts[0].to_owned(),
            field["type"].as_str().unwrap().to_owned(),
            field["label"].as_str().unwrap().to_owned(),
            length,
            number("precision"),
            number("scale"),
            number("digits"),
            field["extraTypeInfo"].as_str().unwrap_or_default().to_owned(),
            references.join(","),
            properties.join(" "),
        ];
        assert_eq!(said.join("|"), line);
    }
}

#[tokio::test]
async fn every_object_has_every_key_in_alphabetical_order() {
    let (_org, client) = custom().await;
    let (_, global) = client.get("sobjects").await;
    let objects = global["sobjects"].as_array().unwrap();
    assert!(objects.len() > 20);
    for entry in objects {
        let name = entry["name"].as_str().unwrap();
        let described = describe(&client, name).await;
        assert_eq!(keys(&described), OBJECT_KEYS.split_whitespace().collect::<Vec<_>>(), "{name}");
        for (key, value) in entry.as_object().unwrap().iter().filter(|(key, _)| *key != "urls") {
            assert_eq!(value, &described[key], "{name}.{key}");
        }
        for field in described["fields"].as_array().unwrap() {
            assert_eq!(keys(field), FIELD_KEYS.split_whitespace().collect::<Vec<_>>(), "{name}");
            let reference = field["type"] == "reference";
            assert_eq!(reference, !field["referenceTo"].as_array().unwrap().is_empty(), "{name} {field}");
            assert!(field["label"].as_str().is_some_and(|label| !label.is_empty()), "{name} {field}");
        }
        let (status, basic) = client.get(&format!("sobjects/{name}")).await;
        assert_eq!((status, &basic["objectDescribe"], &basic["recentItems"]), (200, entry, &json!([])));
    }
}

#[tokio::test]
async fn parents_know_their_children_by_name() {
    let (_org, client) = custom().await;
    let account = describe(&client, "Account").await;
    for (object, field, name, cascade, restrict) in [
        ("Contact", "AccountId", json!("Contacts"), true, false),
        ("Opportunity", "AccountId", json!("Opportunities"), true, false),
        ("Case", "AccountId", json!("Cases"), false, true),
        ("Account", "ParentId", json!("ChildAccounts"), false, false),
        ("Task", "WhatId", json!("Tasks"), true, false),
        ("Invoice__c", "Customer__c", json!("Invoices__r"), false, true),
        ("Contact", "MasterRecordId", Json::Null, false, false),
    ] {
        if field == "MasterRecordId" {
            let contact = describe(&client, "Contact").await;
            assert_eq!(child(&contact, object, field)["relationshipName"], name);
            continue;
        }
        let child = child(&account, object, field);
        let said = (&child["relationshipName"], &child["cascadeDelete"], &child["restrictedDelete"]);
        assert_eq!(said, (&name, &json!(cascade), &json!(restrict)), "{object}.{field}");
    }
    let invoice = describe(&client, "Invoice__c").await;
    assert_eq!(child(&invoice, "Line__c", "Invoice__c")["cascadeDelete"], true);
    let line = describe(&client, "Line__c").await;
    let master = field(&line, "Invoice__c");
    assert_eq!(
        (&master["cascadeDelete"], &master["relationshipOrder"], &master["nillable"], &master["updateable"]),
        (&json!(true), &json!(0), &json!(false), &json!(false))
    );
    assert!(!line["fields"].as_array().unwrap().iter().any(|field| field["name"] == "OwnerId"));
    let task = describe(&client, "Task").await;
    let who = field(&task, "WhoId");
    assert_eq!((&who["referenceTo"], &who["namePointing"]), (&json!(["Contact", "Lead"]), &json!(true)));
}

#[tokio::test]
async fn custom_fields_show_what_they_are() {
    let (_org, client) = custom().await;
    let invoice = describe(&client, "Invoice__c").await;
    assert_eq!((&invoice["keyPrefix"], &invoice["custom"]), (&json!("a00"), &json!(true)));
    let name = field(&invoice, "Name");
    assert_eq!(
        [&name["autoNumber"], &name["createable"], &name["nillable"], &name["nameField"], &name["label"]],
        [&json!(true), &json!(false), &json!(false), &json!(true), &json!("Invoice Number")]
    );
    let gross = field(&invoice, "Gross__c");
    assert_eq!(
        [&gross["calculated"], &gross["calculatedFormula"], &gross["updateable"], &gross["soapType"]],
        [&json!(true), &json!("Total__c * 1.2"), &json!(false), &json!("xsd:double")]
    );
    let tags = field(&invoice, "Tags__c");
    assert_eq!(
        (&tags["type"], &tags["sortable"], &tags["filterable"]),
        (&json!("multipicklist"), &json!(false), &json!(true))
    );
    let notes = field(&invoice, "Notes__c");
    assert_eq!((&notes["filterable"], &notes["byteLength"]), (&json!(false), &json!(98_304)));
    assert_eq!(field(&invoice, "Where__c")["soapType"], "urn:location");
    let latitude = field(&invoice, "Where__Latitude__s");
    assert_eq!((&latitude["compoundFieldName"], &latitude["custom"]), (&json!("Where__c"), &json!(true)));
}

#[tokio::test]
async fn record_types_are_described_and_given_to_new_records() {
    let (_org, client) = custom().await;
    let invoice = describe(&client, "Invoice__c").await;
    let infos = invoice["recordTypeInfos"].as_array().unwrap();
    let said: Vec<_> = infos
        .iter()
        .map(|info| (info["developerName"].as_str().unwrap(), info["defaultRecordTypeMapping"] == true))
        .collect();
    assert_eq!(said, [("Domestic", true), ("Foreign", false), ("Master", false)]);
    assert_eq!(infos[2]["recordTypeId"], "012000000000000AAA");
    let id = client.create("Invoice__c", json!({"Total__c": 10})).await;
    let (_, row) = client.get(&format!("sobjects/Invoice__c/{id}")).await;
    assert_eq!(row["RecordTypeId"], infos[0]["recordTypeId"]);
    let foreign = json!({"RecordTypeId": infos[1]["recordTypeId"]});
    assert_eq!(client.patch(&format!("sobjects/Invoice__c/{id}"), foreign).await.0, 204);
    let names = client.column("SELECT RecordType.DeveloperName, Id FROM Invoice__c", "Id").await;
    assert_eq!(names, [id.as_str()]);
    let wrong = json!({"RecordTypeId": "012000000000000AAA"});
    let (status, errors) = client.patch(&format!("sobjects/Invoice__c/{id}"), wrong).await;
    assert_eq!((status, &errors[0]["errorCode"]), (400, &json!("INVALID_CROSS_REFERENCE_KEY")));
}

#[tokio::test]
async fn what_the_user_may_not_see_or_do_is_not_described() {
    let (_org, client) = custom().await;
    let account = describe(&client, "Account").await;
    assert!(!account["fields"].as_array().unwrap().iter().any(|field| field["name"] == "Fax"));
    let phone = field(&account, "Phone");
    assert_eq!((&phone["createable"], &phone["updateable"]), (&json!(false), &json!(false)));
    let case = describe(&client, "Case").await;
    assert_eq!((&case["createable"], &case["updateable"]), (&json!(false), &json!(true)));
    assert_eq!(client.get("sobjects/Campaign/describe").await.0, 404);
    let (_, global) = client.get("sobjects").await;
    assert!(!global["sobjects"].as_array().unwrap().iter().any(|entry| entry["name"] == "Campaign"));
}

#[tokio::test]
async fn a_describe_is_only_sent_again_when_something_changed() {
    let org = org("unchanged").await;
    let client = Client::login(&org).await;
    for path in ["sobjects", "sobjects/Lead", "sobjects/Lead/describe"] {
        let url = format!("{}/services/data/v60.0/{path}", org.url());
        let ask = |header: &'static str, date: &str| {
            client.http.request(Method::GET, &url).bearer_auth(&client.token).header(header, date).send()
        };
        let first = client.send(Method::GET, path, None).await;
        let stamp = first.headers()["last-modified"].to_str().unwrap().to_owned();
        let again = ask("If-Modified-Since", &stamp).await.unwrap();
        assert_eq!((again.status().as_u16(), again.text().await.unwrap().as_str()), (304, ""));
        assert_eq!(ask("If-Modified-Since", "Tue, 23 Mar 2015 00:00:00 GMT").await.unwrap().status(), 200);
        assert_eq!(ask("If-Modified-Since", "yesterday").await.unwrap().status(), 200);
        assert_eq!(ask("If-Unmodified-Since", "Mon, 30 Nov 2020 08:34:54 MST").await.unwrap().status(), 412);
    }
}

#[tokio::test]
async fn a_folder_of_object_files_makes_one_org_and_a_mistake_names_its_file() {
    use crate::sandbox::{Options, Sandbox};
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write(
        "b.yaml",
        "objects: { Account: [{ name: B__c, type: reference, label: B, reference_to: [A__c] }] }",
    );
    write("a.yaml", "objects: { A__c: { label: A, plural: As } }");
    write("notes.txt", "not YAML: [");
    let options = || Options { objects: Some(dir.path().to_owned()), ..Options::default() };
    let sandbox = Sandbox::start(options()).await.unwrap();
    let client = Client::login(sandbox.org()).await;
    let id = client.create("A__c", json!({"Name": "x"})).await;
    client.create("Account", json!({"Name": "y", "B__c": id})).await;
    drop(sandbox);
    write("c.yaml", "objects: { Account: [{ name: C__c, type: string, label: C }] }");
    let refused = Sandbox::start(options()).await.unwrap_err().to_string();
    assert!(
        refused.contains("c.yaml") && refused.contains("Account.C__c: length of a string: "),
        "{refused}"
    );
}
