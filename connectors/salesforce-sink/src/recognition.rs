//! How a new record of an object can be known again when the answer to its insert was lost.

use std::collections::BTreeSet;

use orgstream_salesforce::datetime::{format_datetime, parse_datetime, parse_time};
use orgstream_salesforce::{Describe, DescribeField, FieldKind, Row, SalesforceId, soql};
use serde_json::Value as Json;

use crate::config::SinkObject;

/// Characters of field names that one query asks for; it travels in a URL.
const CHARACTERS: usize = 6_000;

/// What org B's records of an object are compared by.
#[derive(Debug)]
pub(crate) struct Recognition {
    dated: Option<Dated>,
    /// Whether `CreatedById` says who made a record.
    tells_user: bool,
    /// The fields that a new record can be given and that stay as they were given, as far as org B tells.
    fields: Vec<DescribeField>,
}

/// The field that dates the making of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dated {
    /// `CreatedDate`, which org B sets.
    Created,
    /// `SystemModstamp`, since this user may give a record any `CreatedDate`: the record was made then or before.
    Modified,
}

/// A record of org B that may be the one looked for.
#[derive(Debug)]
pub(crate) struct Sighting {
    /// Its id.
    pub(crate) id: SalesforceId,
    /// When it was made, or later.
    pub(crate) dated: i64,
    /// Its fields.
    pub(crate) row: Row,
}

impl Recognition {
    /// What org B says of an object.
    pub(crate) fn new(object: &SinkObject, describe: &Describe) -> Self {
        let set_by_org = |name: &str| describe.field(name).is_some_and(|field| !field.createable);
        let dated = if set_by_org("CreatedDate") {
            Some(Dated::Created)
        } else {
            describe.field("SystemModstamp").map(|_| Dated::Modified)
        };
        let ignored = |field: &DescribeField| {
            object.ignore_fields.iter().any(|name| name.eq_ignore_ascii_case(&field.name))
        };
        let mut characters = 0;
        let kept = describe.fields.iter().filter(|field| {
            field.createable && field.filterable && field.kind != FieldKind::Base64 && !ignored(field)
        });
        let fields = kept.take_while(|field| {
            characters += field.name.len() + 2;
            characters <= CHARACTERS
        });
        Self { dated, tells_user: set_by_org("CreatedById"), fields: fields.cloned().collect() }
    }

    /// The fields of `row` that a record can be compared by.
    pub(crate) fn names(&self, row: &Row) -> Vec<String> {
        let written = self.fields.iter().filter(|field| row.contains_key(&field.name));
        written.map(|field| field.name.clone()).collect()
    }

    /// A fingerprint of the fields `names` of `row`; `None` where one of them cannot be compared.
    pub(crate) fn print(&self, names: &[String], row: &Row) -> Option<u64> {
        let mut print = Fnv::default();
        for name in names {
            let field = self.field(name)?;
            print.take(name);
            print.take(&plain(field, row.get(name).unwrap_or(&Json::Null)));
        }
        Some(print.0)
    }

    /// Whether two rows agree in one of the fields `names`, or say nothing in all of them: triggers of the org may have
    /// changed some of what was written. Yes and no are too common to count.
    pub(crate) fn agrees(&self, names: &[String], written: &Row, seen: &Row) -> bool {
        let mut told = false;
        for field in names.iter().filter_map(|name| self.field(name)) {
            let Some(value) = written.get(&field.name).map(|value| plain(field, value)) else { continue };
            if field.kind == FieldKind::Boolean || value.is_empty() {
                continue;
            }
            told = true;
            if seen.get(&field.name).is_some_and(|other| plain(field, other) == value) {
                return true;
            }
        }
        !told
    }

    /// The query for records of `object` made between two times by one of `users`; `None` where nothing dates them. All
    /// users where `users` is `None`.
    pub(crate) fn soql(
        &self,
        object: &str,
        (since, until): (i64, i64),
        users: Option<&BTreeSet<String>>,
    ) -> Option<String> {
        let dated = self.dated?;
        let mut columns = vec!["Id", dated.name()];
        columns
            .extend(self.fields.iter().map(|field| field.name.as_str()).filter(|name| *name != dated.name()));
        let date = dated.name();
        let mut conditions = vec![format!("{date} >= {}", format_datetime(since))];
        if dated == Dated::Created {
            conditions.push(format!("{date} <= {}", format_datetime(until)));
        }
        if let Some(users) = users.filter(|_| self.tells_user) {
            conditions.push(format!("CreatedById IN {}", soql::list(users)));
        }
        let (columns, conditions) = (columns.join(", "), conditions.join(" AND "));
        Some(format!("SELECT {columns} FROM {object} WHERE {conditions}"))
    }

    /// A row of that query.
    pub(crate) fn sighting(&self, row: Row) -> Option<Sighting> {
        let text = |name: &str| row.get(name).and_then(Json::as_str);
        let id = SalesforceId::parse(text("Id")?).ok()?;
        let dated = parse_datetime(text(self.dated?.name())?).ok()?;
        Some(Sighting { id, dated, row })
    }

    /// Whether a record of this date can have been made between these times.
    pub(crate) fn may_be_of(&self, dated: i64, (since, until): (i64, i64)) -> bool {
        dated >= since && (dated <= until || self.dated == Some(Dated::Modified))
    }

    fn field(&self, name: &str) -> Option<&DescribeField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Dated {
    fn name(self) -> &'static str {
        match self {
            Self::Created => "CreatedDate",
            Self::Modified => "SystemModstamp",
        }
    }
}

/// Whether two values of an external id are the same to org B.
pub(crate) fn same_text(one: &Json, other: &Json) -> bool {
    matches!((one.as_str(), other.as_str()), (Some(one), Some(other)) if plain_text(one) == plain_text(other))
}

/// A value as it is compared, empty for none: as it is written and as it is read it is the same text.
fn plain(field: &DescribeField, value: &Json) -> String {
    if value.is_null() {
        return String::new();
    }
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match field.kind {
        FieldKind::Int | FieldKind::Long | FieldKind::Double | FieldKind::Currency => {
            let scale = usize::try_from(field.scale).unwrap_or_default();
            text.parse::<f64>().map_or(text, |number| format!("{number:.scale$}"))
        }
        FieldKind::Datetime => {
            parse_datetime(&text).map_or(text, |millis| millis.div_euclid(1_000).to_string())
        }
        FieldKind::Time => parse_time(&text).map_or(text, |millis| millis.to_string()),
        FieldKind::Id | FieldKind::Reference => {
            SalesforceId::parse(&text).map_or(text, |id| id.as_str().to_owned())
        }
        _ => plain_text(&text),
    }
}

/// Org B trims texts, ends lines in its own way, and sorts what was picked.
fn plain_text(text: &str) -> String {
    let text = text.replace("\r\n", "\n").trim().to_lowercase();
    let mut picked: Vec<&str> = text.split(';').collect();
    picked.sort_unstable();
    picked.join(";")
}

/// FNV-1a: the same in every version of the program, which Rust's own hashes are not.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn take(&mut self, text: &str) {
        // What ends a text stands in none.
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use orgstream_salesforce::Describe;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn recognition(audit: bool) -> Recognition {
        let field = |name: &str, kind: &str, scale: u32, createable: bool| json!({"name": name, "type": kind, "scale": scale, "createable": createable, "filterable": true});
        let describe: Describe = serde_json::from_value(json!({"name": "Lead", "fields": [
            field("Id", "id", 0, false), field("CreatedDate", "datetime", 0, audit),
            field("CreatedById", "reference", 0, audit), field("SystemModstamp", "datetime", 0, false),
            field("LastName", "string", 0, true), field("Amount__c", "currency", 2, true),
            field("Met__c", "datetime", 0, true), field("Tags__c", "multipicklist", 0, true),
            field("IsHot__c", "boolean", 0, true), field("Boss__c", "reference", 0, true),
        ]}))
        .unwrap();
        let object = SinkObject {
            name: "Lead".into(),
            topic: "a.Lead".into(),
            external_id: None,
            ignore_fields: Vec::new(),
            references: crate::rules::ReferenceRules::default(),
            rules: crate::object_rules::Rules::default(),
        };
        Recognition::new(&object, &describe)
    }

    fn row(value: Json) -> Row {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_record_is_the_same_as_it_was_written_and_as_org_b_shows_it() {
        let recognition = recognition(false);
        let written =
            row(json!({"LastName": " Lee\r\n", "Amount__c": 12.5, "Met__c": "2026-01-01T10:00:00.250Z",
            "Tags__c": "b;a", "IsHot__c": true, "Boss__c": "0015g00000AAAAA"}));
        let shown =
            row(json!({"LastName": "Lee", "Amount__c": 12.50, "Met__c": "2026-01-01T10:00:00.000+0000",
            "Tags__c": "a;b", "IsHot__c": true, "Boss__c": "0015g00000AAAAAAA5"}));
        let names = recognition.names(&written);
        assert_eq!(names.len(), 6);
        assert!(recognition.print(&names, &written).is_some());
        assert_eq!(recognition.print(&names, &written), recognition.print(&names, &shown));
        let other = row(json!({"LastName": "Leigh", "IsHot__c": true}));
        assert_ne!(recognition.print(&names, &written), recognition.print(&names, &other));
        assert!(!recognition.agrees(&names, &written, &other));
        let changed = row(json!({"LastName": "LEE (from the web)", "Amount__c": "12.50"}));
        assert!(recognition.agrees(&names, &written, &changed));
        assert_eq!(recognition.print(&["Gone__c".to_owned()], &shown), None);
    }

    #[test]
    fn whoever_may_date_records_is_not_believed_on_their_dates() {
        let users = BTreeSet::from(["0055g00000AbCdEAAV".to_owned()]);
        let soql = recognition(false).soql("Lead", (0, 1_000), Some(&users)).unwrap();
        assert!(
            soql.contains(
                "CreatedDate >= 1970-01-01T00:00:00.000Z AND CreatedDate <= 1970-01-01T00:00:01.000Z"
            )
        );
        assert!(soql.ends_with("CreatedById IN ('0055g00000AbCdEAAV')"), "{soql}");
        let soql = recognition(true).soql("Lead", (0, 1_000), Some(&users)).unwrap();
        assert!(soql.ends_with("WHERE SystemModstamp >= 1970-01-01T00:00:00.000Z"), "{soql}");
        assert!(recognition(true).may_be_of(2_000, (0, 1_000)));
        assert!(!recognition(false).may_be_of(2_000, (0, 1_000)));
    }

    proptest! {
        /// Texts that differ by more than what org B changes have different fingerprints.
        #[test]
        fn other_texts_are_other_records(one in "[a-z ;]{0,12}", other in "[a-z ;]{0,12}") {
            let recognition = recognition(false);
            let of = |text: &str| {
                let row = row(json!({"LastName": text}));
                recognition.print(&recognition.names(&row), &row)
            };
            prop_assert_eq!(of(&one) == of(&other), plain_text(&one) == plain_text(&other));
        }
    }
}
