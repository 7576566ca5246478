//! Mistakes in objects files: each is refused before the org starts, with its file, its place and what to write.

use crate::Org;

/// What is said of a file.
async fn refusal(yaml: &str) -> String {
    match Org::builder().name("files").objects_file("crm.yaml", yaml).start().await {
        Ok(_) => panic!("accepted: {yaml}"),
        Err(error) => error.to_string(),
    }
}

async fn refused(table: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (yaml, message) in table {
        let said = refusal(yaml).await;
        let whole = format!("the sandbox org's objects file is wrong: crm.yaml: {message}");
        if said != whole {
            wrong.push(format!("{yaml}\n  said   {said}\n  wanted {whole}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file with one field of Lead.
fn field(line: &str) -> String {
    format!("objects: {{ Lead: [{{ name: X__c, label: X, {line} }}] }}")
}

async fn refused_fields(table: &[(&str, &str)]) {
    let table: Vec<(String, String)> =
        table.iter().map(|(line, message)| (field(line), format!("Lead.X__c: {message}"))).collect();
    refused(&table.iter().map(|(yaml, message)| (yaml.as_str(), message.as_str())).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn a_file_that_is_none_says_what_it_is() {
    refused(&[
        ("", "the file is empty; write objects, channels or both"),
        ("# only a comment\n", "the file is empty; write objects, channels or both"),
        ("objects: [", "this is no YAML: unclosed bracket '[' at line 1, column 10"),
        ("objects: {}\nobjects: {}", "line 2: objects is there twice; leave one out"),
        ("hello", "hello stands where keys belong; the keys are objects, channels"),
        ("object: {}", "there is no key object; the keys are objects, channels"),
        ("objects: [Lead]", "objects: a list stands where names and their values belong"),
        ("objects: { Lead: 7 }", "Lead: 7 stands where keys belong; the keys are label, plural, key_prefix, name_field, fields, record_types, validation_rules, duplicate_rules, denied, denied_fields, change_data_capture, replicateable"),
        ("objects: { Lead: { field: [] } }", "Lead: there is no key field; the keys are label, plural, key_prefix, name_field, fields, record_types, validation_rules, duplicate_rules, denied, denied_fields, change_data_capture, replicateable"),
        ("objects: { Lead: { fields: {} } }", "Lead: fields: a mapping is no list; write [ … ]"),
    ])
    .await;
}

#[tokio::test]
async fn a_field_that_cannot_be_says_why_and_what_could() {
    refused(&[
        ("objects: { Lead: [X__c] }", "Lead: fields: X__c stands where a field belongs; write { name, type, label, … }"),
        ("objects: { Lead: [{ type: string, label: X, length: 5 }] }", "Lead: fields: one has no name; write name, type and label"),
        ("objects: { Lead: [{ name: X, type: string, label: X, length: 5 }] }", "Lead.X: the name of a custom field is letters, digits and single underscores, begins with a letter and ends in __c"),
        ("objects: { Lead: [{ name: 7, type: string, label: X, length: 5 }] }", "Lead: fields: name: 7 is not read as text; quote it: \"7\""),
        ("objects: { Lead: [{ name: X__c, type: string, length: 5 }] }", "Lead.X__c: label is missing; write label and a text"),
        ("objects: { Lead: [{ name: X__c, type: date, label: N }, { name: x__c, type: date, label: y }] }", "Lead.x__c: this field is there twice; leave one out"),
        ("objects: { Profile: { change_data_capture: true } }", "Profile: changes of this object cannot be captured; leave change_data_capture out"),
        ("objects: { Lead: [{ name: X__c, type: date, label: true }] }", "Lead.X__c: label: true is not read as text; quote it: \"true\""),
        ("objects: { Lead: [{ name: X__c, type: date, label: }] }", "Lead.X__c: label: nothing stands where a text belongs"),
        ("objects: { RecordType: [{ name: X__c, type: date, label: X }] }", "RecordType.X__c: this object has no custom fields"),
        ("objects: { B__c: { label: B, plural: Bs, fields: [{ name: Up__c, type: reference, label: Up, reference_to: [B__c], on_delete: master_detail }] } }", "B__c.Up__c: an object is not its own master; write on_delete: clear"),
        (
            "objects:
  A__c: { label: A, plural: As, fields: [{ name: B__c, type: reference, label: B, reference_to: [B__c], on_delete: master_detail }] }
  B__c: { label: B, plural: Bs, fields: [{ name: A__c, type: reference, label: A, reference_to: [A__c], on_delete: master_detail }] }",
            "A__c.B__c: A__c would be a detail of itself, by way of its master; write on_delete: clear in one of them",
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_parts_of_a_field_must_fit_its_type() {
    refused_fields(&[
        ("type: text", "type: there is no text; write one of string, textarea, picklist, multipicklist, boolean, int, double, currency, percent, date, datetime, time, email, phone, url, encryptedstring, location, reference"),
        ("tpye: string", "there is no key tpye; the keys are name, type, label, length, precision, scale, digits, picklist, default, reference_to, relationship, children, on_delete, formula, auto_number, first_number, help, flags, denied"),
        ("type: string", "length of a string: write a number from 1 to 255"),
        ("type: string, length: 99999", "length of a string: write a number from 1 to 255"),
        ("type: textarea, length: 131073", "length of a textarea: write a number from 1 to 131072"),
        ("type: phone, length: 41", "length of a phone: write a number from 1 to 40"),
        ("type: string, length: -1", "length: -1 is no whole number; write one such as 18"),
        ("type: string, length: 'long'", "length: long is no whole number; write one such as 18"),
        ("type: date, length: 10", "length: a date has none; leave length out"),
        ("type: double", "precision and scale: write the digits in all, from 1 to 18, and how many of them are after the point"),
        ("type: double, precision: 30, scale: 2", "precision and scale: write the digits in all, from 1 to 18, and how many of them are after the point"),
        ("type: double, precision: 18, scale: 40", "precision and scale: write the digits in all, from 1 to 18, and how many of them are after the point"),
        ("type: int, digits: 12", "digits of an int: write a number from 1 to 9"),
        ("type: picklist, length: 255", "picklist is missing; write its values, such as [New, Old]"),
        ("type: picklist, length: 255, picklist: []", "picklist is missing; write its values, such as [New, Old]"),
        ("type: picklist, length: 255, picklist: New", "picklist: New is no list; write [ … ]"),
        ("type: picklist, length: 255, picklist: [true]", "picklist: true is not read as text; quote it: \"true\""),
        ("type: picklist, length: 255, picklist: [A, { valeu: B }]", "picklist: there is no key valeu; the keys are value, label, active"),
        ("type: picklist, length: 255, picklist: [A, { value: B, active: no }]", "picklist: active: no is neither true nor false; write one of these"),
        ("type: picklist, length: 255, picklist: [A, A]", "picklist: A is there twice; leave one out"),
        ("type: reference", "reference_to is missing; write the objects that it refers to, such as [Account]"),
        ("type: reference, reference_to: [Bill__c]", "reference_to: there is no object Bill__c to refer to; write one of this org, or add it"),
        ("type: reference, reference_to: [Account], on_delete: forget", "on_delete: there is no forget; write one of clear, restrict, cascade, master_detail"),
        ("type: date, on_delete: cascade", "on_delete: a date has none; leave on_delete out"),
        ("type: string, auto_number: 'INV-{}'", "auto_number needs the number's digits once, such as INV-{00000}"),
        ("type: date, auto_number: 'INV-{0}'", "an auto_number is of type string"),
        ("type: string, length: 5, flags: [needed]", "flags: there is no needed; write one of create, update, nillable, defaulted, external_id, id_lookup, unique, case_sensitive, name_field, restricted, no_filter, no_sort, no_group"),
        ("type: double, precision: 5, scale: 1, formula: Nix__c + 1", "Field Nix__c does not exist. Check spelling."),
        ("type: double, precision: 5, scale: 1, formula: X__c + 1", "the formula refers to itself, or to too many others in a row"),
        ("type: date, formula: '1 + '", "Syntax error. Found the end of the formula"),
    ])
    .await;
}

#[tokio::test]
async fn a_default_must_fit_its_field() {
    refused_fields(&[
        ("type: string, length: 3, default: long", "default: long is longer than length 3; write less"),
        ("type: string, length: 3, default: 7", "default: 7 is not read as text; quote it"),
        ("type: picklist, length: 255, picklist: [A, B, { value: C, active: false }], flags: [create, restricted], default: C", "default: C is not in the picklist; write one of A, B"),
        ("type: multipicklist, length: 255, picklist: [A, B], flags: [create, restricted], default: A;D", "default: D is not in the picklist; write one of A, B"),
        ("type: boolean, default: 7", "default: 7 does not fit; write true or false"),
        ("type: boolean, default: yes", "default: yes does not fit; write true or false"),
        ("type: int, digits: 2, default: 100", "default: 100 does not fit; write a whole number of at most 2 digits"),
        ("type: int, digits: 2, default: 1.5", "default: 1.5 does not fit; write a whole number of at most 2 digits"),
        ("type: currency, precision: 4, scale: 2, default: 100", "default: 100 does not fit; write a number with at most 2 digits before the point and 2 after it"),
        ("type: currency, precision: 4, scale: 2, default: 0.125", "default: 0.125 does not fit; write a number with at most 2 digits before the point and 2 after it"),
        ("type: currency, precision: 4, scale: 2, default: many", "default: many does not fit; write a number with at most 2 digits before the point and 2 after it"),
        ("type: date, default: 2026-02-30", "default: 2026-02-30 does not fit; write a date such as 2026-11-21"),
        ("type: datetime, default: tomorrow", "default: tomorrow does not fit; write a point in time such as 2026-11-21T09:30:00.000Z"),
        ("type: time, default: noon", "default: noon does not fit; write a time such as 09:30:00.000Z"),
        ("type: reference, reference_to: [Account], default: 001000000000001AAA", "default: a reference has none; leave default out"),
        ("type: location, default: here", "default: a location has none; leave default out"),
        ("type: date, formula: TODAY(), default: 2026-01-01", "default: the value of this field is computed; leave default out"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_said_of_an_object_must_be_true_of_it() {
    refused(&[
        ("objects: { Nothing: [] }", "Nothing: the simulator has no such standard object; the name of a custom object ends in __c, of a platform event in __e"),
        ("objects: { Bad Name__c: { label: B, plural: Bs } }", "Bad Name__c: the name of an object is letters, digits and single underscores, and begins with a letter"),
        ("objects: { Bill__c: { plural: Bills } }", "Bill__c: label is missing; write label and a text"),
        ("objects: { Lead: { label: Prospect } }", "Lead: this object is there already; leave label out to add to it"),
        ("objects: { Bill__c: { label: Bill, plural: Bills, key_prefix: 123 } }", "Bill__c: key_prefix: 123 is not read as text; quote it: \"123\""),
        ("objects: { Bill__c: { label: Bill, plural: Bills, key_prefix: '001' } }", "Bill__c: key_prefix: 001 belongs to Account; write another one"),
        ("objects: { Bill__c: { label: Bill, plural: Bills, name_field: { auto: 1 } } }", "Bill__c: name_field: there is no key auto; the keys are label, auto_number"),
        ("objects: { Lead: { denied: [look] } }", "Lead: denied: there is no look; write one of read, create, edit, delete"),
        ("objects: { Lead: { denied_fields: { Nix: [edit] } } }", "Lead.Nix: there is no such field to deny"),
        ("objects: { Lead: { denied_fields: { Email: [delete] } } }", "Lead.Email: denied_fields: there is no delete; write one of read, edit"),
        ("objects: { Lead: { record_types: [{ name: R }] } }", "Lead: record_types: R: label is missing; write label and a text"),
        ("objects: { Lead: { record_types: [{ name: A, label: A, default: true }, { name: B, label: B, default: true }] } }", "Lead: record_types: only one is the default; leave default out of the others"),
        ("objects: { Lead: { validation_rules: [{ name: R, formula: 'true', message: m, field: Nix }] } }", "Lead, rule R: there is no field Nix; write one of the object"),
        ("objects: { Lead: { validation_rules: [{ name: R, formula: 'Nix = 1', message: m }] } }", "Lead, rule R: Field Nix does not exist. Check spelling."),
        ("objects: { Lead: { validation_rules: [{ name: R, formula: 'Name', message: m }] } }", "Lead, rule R: Formula result is data type (Text), incompatible with expected data type (Boolean)."),
        ("objects: { Lead: { validation_rules: [{ name: R, message: m }] } }", "Lead: validation_rules: R: formula is missing; write formula and a text"),
        ("objects: { Lead: { duplicate_rules: [{ name: R, fields: [Nix] }] } }", "Lead, rule R: there is no field Nix; write one of the object"),
        ("objects: { Lead: { duplicate_rules: [{ name: R, fields: [Email], action: warn }] } }", "Lead: duplicate_rules: R: action: there is no warn; write one of block, alert"),
        ("channels: { Sales: [AccountChangeEvent] }", "channel Sales: the name of a custom channel ends in __chn, such as Sales__chn"),
        ("channels: { Sales__chn: [] }", "channel Sales__chn: it has no members; write at least one event"),
        ("channels: { Sales__chn: AccountChangeEvent }", "channel Sales__chn: members: AccountChangeEvent is no list; write [ … ]"),
        ("channels: { Sales__chn: [Nix__ChangeEvent] }", "channel Sales__chn: there is no event Nix__ChangeEvent; write change events of objects that can be captured, such as AccountChangeEvent, or platform events"),
        ("channels: { Sales__chn: [UserRoleChangeEvent] }", "channel Sales__chn: there is no event UserRoleChangeEvent; write change events of objects that can be captured, such as AccountChangeEvent, or platform events"),
        ("channels: { Sales__chn: [ProfileChangeEvent] }", "channel Sales__chn: there is no event ProfileChangeEvent; write change events of objects that can be captured, such as AccountChangeEvent, or platform events"),
        ("objects: { Paid__e: { label: P, plural: Ps } }\nchannels: { Sales__chn: [AccountChangeEvent, Paid__e] }", "channel Sales__chn: it brings either change events or platform events; write two channels"),
    ])
    .await;
}

#[tokio::test]
async fn a_mistake_that_shows_late_is_told_with_the_file_it_is_in() {
    let later = "objects: { Lead: [{ name: Sum__c, type: double, precision: 5, scale: 1, label: Sum, formula: Nix__c }] }";
    let started = Org::builder()
        .name("two-files")
        .objects_file("a.yaml", "objects: { Lead: [{ name: One__c, type: date, label: No }] }")
        .objects_file("b.yaml", later)
        .start()
        .await;
    let Err(error) = started else { panic!("the formula names no field") };
    let said = error.to_string();
    assert!(said.starts_with("the sandbox org's objects file is wrong: b.yaml: Lead.Sum__c: "), "{said}");
}

#[tokio::test]
async fn words_that_yaml_takes_for_truth_values_stay_words() {
    let file = "objects:
  Lead:
    - { name: Answer__c, type: picklist, length: 255, label: N, picklist: [No, Yes, off, y] }";
    let org = Org::builder().name("words").objects(file).start().await.unwrap();
    let client = super::client::Client::login(&org).await;
    let (_, describe) = client.get("sobjects/Lead/describe").await;
    let field =
        describe["fields"].as_array().unwrap().iter().find(|field| field["name"] == "Answer__c").unwrap();
    let values =
        field["picklistValues"].as_array().unwrap().iter().map(|value| value["value"].as_str().unwrap());
    assert_eq!(field["label"], "N");
    assert_eq!(values.collect::<Vec<_>>(), ["No", "Yes", "off", "y"]);
}
