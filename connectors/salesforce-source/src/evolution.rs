//! What becomes of an object's records when the object changes while they are produced.
//!
//! A field that is new is optional, so old records stay readable; one that is gone goes from the schema too. A field whose
//! type changes keeps the type that its records have had: a registry would refuse the other one, and readers could not
//! tell the two apart. Values that do not fit are null and not carried. The types are on record in Kafka, so that a
//! restart does not forget them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use orgstream_api::SourcePosition;
use orgstream_salesforce::{Describe, DescribeField, FieldKind};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::config::{FieldRule, FieldSource};
use crate::described::Described;

/// Marks the type of a field that is gone.
const GONE: &str = ", gone";

/// The types of the fields of records, each by its word.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct FieldTypes(BTreeMap<String, String>);

/// A description as records are made of it, and what is new in it.
#[derive(Debug)]
pub(crate) struct Evolved {
    pub(crate) describe: Arc<Describe>,
    pub(crate) types: FieldTypes,
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
    pub(crate) retyped: Vec<Retyped>,
}

/// A field whose type has changed in the org.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Retyped {
    /// Its name in the object.
    pub(crate) field: String,
    was: &'static str,
    is: &'static str,
}

/// The types that are on record.
#[derive(Debug, Default)]
pub(crate) struct TypesOnRecord(HashMap<String, Arc<FieldTypes>>);

impl Evolved {
    /// What `describe` makes of an object whose records had these types; `None`: there were no records.
    pub(crate) fn of(describe: Arc<Describe>, rules: &[FieldRule], before: Option<&FieldTypes>) -> Self {
        let mut types = FieldTypes::default();
        let (mut added, mut kept, mut retyped) = (Vec::new(), HashMap::new(), Vec::new());
        for field in &describe.fields {
            let Some(name) = name_in_records(field, rules) else { continue };
            let (mut word, known) = (word_of(field.kind), before.and_then(|before| before.0.get(name)));
            if before.is_some() && known.is_none_or(|known| known.ends_with(GONE)) {
                added.push(name.to_owned());
            }
            let was = known.and_then(|known| kind_of(known.trim_end_matches(GONE)));
            if let Some(was) = was.filter(|was| word_of(*was) != word) {
                retyped.push(Retyped { field: field.name.clone(), was: word_of(was), is: word });
                kept.insert(field.name.as_str(), was);
                word = word_of(was);
            }
            types.0.insert(name.to_owned(), word.to_owned());
        }
        let mut removed = Vec::new();
        for (name, word) in before.iter().flat_map(|before| &before.0) {
            if types.0.contains_key(name) {
                continue;
            }
            // Should it come back, its records are still there.
            let mut gone = word.clone();
            if !word.ends_with(GONE) {
                removed.push(name.clone());
                gone.push_str(GONE);
            }
            types.0.insert(name.clone(), gone);
        }
        let describe = if kept.is_empty() {
            describe
        } else {
            let kind = |field: &DescribeField| kept.get(field.name.as_str()).copied().unwrap_or(field.kind);
            Arc::new(describe.with_kinds(kind))
        };
        Self { describe, types, added, removed, retyped }
    }

    /// What people should know of fields that do not have the org's type; `None` when all have.
    pub(crate) fn note(&self) -> Option<String> {
        if self.retyped.is_empty() {
            return None;
        }
        let object = &self.describe.object;
        let fields: Vec<_> = self
            .retyped
            .iter()
            .map(|Retyped { field, was, is }| {
                format!("`{field}` is {is} in the org now and {was} in its records")
            })
            .collect();
        let first = &self.retyped[0].field;
        Some(format!(
            "{object}: {}; values that do not fit are left out. For the org's type give the field another name in \
             records: `objects.{object}.source.fields: {{ {first}_2: {{ from: {first} }} }}`",
            fields.join(", ")
        ))
    }
}

impl TypesOnRecord {
    pub(crate) fn new(stored: HashMap<String, FieldTypes>) -> Self {
        let stored = stored.into_iter();
        Self(stored.map(|(object, types)| (object.to_ascii_lowercase(), Arc::new(types))).collect())
    }

    /// The types that records of `object` have had.
    pub(crate) fn of(&self, object: &str) -> Option<&FieldTypes> {
        self.0.get(&object.to_ascii_lowercase()).map(Arc::as_ref)
    }

    /// What to store with a record that is made by `described`, when its types are not on record.
    pub(crate) fn note(&mut self, described: &Described) -> Option<SourcePosition> {
        let (object, types) = (&described.describe().object, described.types());
        let known = self.0.get(&object.to_ascii_lowercase());
        if known.is_some_and(|known| Arc::ptr_eq(known, types)) {
            return None;
        }
        let is_news = known.is_none_or(|known| known != types);
        self.0.insert(object.to_ascii_lowercase(), Arc::clone(types));
        is_news.then(|| SourcePosition { partition: json!({"fields": object}), offset: json!(types) })
    }
}

/// The name that records have for a field; `None` when they do not have it.
fn name_in_records<'a>(field: &'a DescribeField, rules: &'a [FieldRule]) -> Option<&'a str> {
    let is_own = |name: &str| name.eq_ignore_ascii_case(&field.name);
    let renamed = rules.iter().find(|rule| match &rule.source {
        Some(FieldSource::Field(from)) => is_own(from),
        Some(FieldSource::Expression(..)) | None => is_own(&rule.name),
    });
    match renamed.map(|rule| (&rule.source, &rule.name)) {
        None => Some(&field.name),
        Some((Some(FieldSource::Field(_)), name)) => Some(name),
        Some(_) => None,
    }
}

/// The word of a type in Kafka. Kinds that are the same in records have the same.
fn word_of(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Boolean => "boolean",
        FieldKind::Int => "int",
        FieldKind::Long => "long",
        FieldKind::Double => "double",
        FieldKind::Date => "date",
        FieldKind::Datetime => "datetime",
        FieldKind::Time => "time",
        FieldKind::Address => "address",
        FieldKind::Location => "location",
        FieldKind::Id
        | FieldKind::Reference
        | FieldKind::Currency
        | FieldKind::Textarea
        | FieldKind::Base64
        | FieldKind::Picklist
        | FieldKind::Multipicklist
        | FieldKind::Exact
        | FieldKind::Text => "string",
    }
}

fn kind_of(word: &str) -> Option<FieldKind> {
    Some(match word {
        "boolean" => FieldKind::Boolean,
        "int" => FieldKind::Int,
        "long" => FieldKind::Long,
        "double" => FieldKind::Double,
        "date" => FieldKind::Date,
        "datetime" => FieldKind::Datetime,
        "time" => FieldKind::Time,
        "address" => FieldKind::Address,
        "location" => FieldKind::Location,
        "string" => FieldKind::Text,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use orgstream_api::Type;
    use serde_json::Value;

    use super::*;

    fn describe(fields: &Value) -> Arc<Describe> {
        Arc::new(serde_json::from_value(json!({"name": "Lead", "fields": fields})).unwrap())
    }

    fn first() -> Evolved {
        let fields = json!([
            {"name": "Id", "type": "id"},
            {"name": "Size__c", "type": "int"},
            {"name": "Code__c", "type": "string"},
            {"name": "Gone__c", "type": "date"},
        ]);
        Evolved::of(describe(&fields), &[], None)
    }

    fn second(rules: &[FieldRule]) -> Evolved {
        let fields = json!([
            {"name": "Id", "type": "id"},
            {"name": "Size__c", "type": "double"},
            {"name": "Code__c", "type": "boolean"},
            {"name": "New__c", "type": "currency"},
        ]);
        Evolved::of(describe(&fields), rules, Some(&first().types))
    }

    #[test]
    fn the_first_description_is_no_news() {
        let evolved = first();
        assert!(evolved.added.is_empty() && evolved.note().is_none());
    }

    #[test]
    fn fields_come_and_go_and_keep_their_types() {
        let evolved = second(&[]);
        assert_eq!(
            (&*evolved.added, &*evolved.removed),
            (&["New__c".to_owned()][..], &["Gone__c".to_owned()][..])
        );
        let schema = evolved.describe.schema();
        assert_eq!(schema.field("Size__c").unwrap().kind, Type::Int32);
        assert_eq!(schema.field("Code__c").unwrap().kind, Type::String);
        assert!(schema.field("New__c").unwrap().optional && schema.field("Gone__c").is_none());
        assert_eq!(evolved.types.0["Gone__c"], "date, gone");
        // What was kept once is kept at the next change too.
        let again =
            Evolved::of(describe(&json!([{"name": "Size__c", "type": "double"}])), &[], Some(&evolved.types));
        assert_eq!(again.describe.schema().field("Size__c").unwrap().kind, Type::Int32);
    }

    #[test]
    fn a_field_that_comes_back_with_another_type_keeps_the_first() {
        let back = json!([{"name": "Id", "type": "id"}, {"name": "Gone__c", "type": "boolean"}]);
        let gone = second(&[]).types;
        let evolved = Evolved::of(describe(&back), &[], Some(&gone));
        assert_eq!(evolved.added, ["Gone__c"]);
        assert_eq!(evolved.describe.schema().field("Gone__c").unwrap().kind, Type::Date);
        assert!(!evolved.removed.contains(&"Gone__c".to_owned()), "{:?}", evolved.removed);
    }

    #[test]
    fn a_new_name_in_records_gets_the_orgs_type() {
        let note = second(&[]).note().unwrap();
        assert!(note.contains("`Size__c` is double in the org now and int in its records"), "{note}");
        assert!(note.contains("{ Size__c_2: { from: Size__c } }"), "{note}");
        let rule = |name: &str, from: &str| FieldRule {
            name: name.to_owned(),
            source: Some(FieldSource::Field(from.to_owned())),
        };
        let evolved = second(&[rule("Size__c_2", "Size__c"), rule("Code2", "Code__c")]);
        assert_eq!(evolved.note(), None);
        assert_eq!(evolved.describe.schema().field("Size__c").unwrap().kind, Type::Float64);
    }

    #[test]
    fn types_are_stored_when_they_change() {
        let described = |evolved: Evolved| Described::evolved(evolved, None, Arc::default()).unwrap();
        let mut on_record = TypesOnRecord::default();
        let first = described(first());
        let entry = on_record.note(&first).unwrap();
        assert_eq!(entry.partition, json!({"fields": "Lead"}));
        assert_eq!(entry.offset["Size__c"], "int");
        assert_eq!(on_record.note(&first), None);
        assert!(on_record.note(&described(second(&[]))).is_some());
        let read: FieldTypes = serde_json::from_value(entry.offset).unwrap();
        let mut again = TypesOnRecord::new([("lead".to_owned(), read)].into());
        assert_eq!(again.note(&first), None, "a restart knows them");
    }
}
