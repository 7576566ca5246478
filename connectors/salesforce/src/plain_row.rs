//! The fields of a record, from the text of a JSON object straight to typed values.
//!
//! Only what is written as orgs write it is read here: every field described, every value of its type. Anything else is for
//! [`to_value`], which says what is odd about it; a test compares the two.

use orgstream_api::Value;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;

use crate::datetime::{parse_date, parse_datetime, parse_time};
use crate::describe::{Describe, DescribeField, FieldKind};
use crate::id::SalesforceId;
use crate::value::to_value;

/// A record's fields, as far as its text has them.
#[derive(Debug, Clone, PartialEq)]
pub struct PlainRow {
    /// A value for each field of the schema of the description, null where the text has none.
    pub values: Vec<Value>,
    /// The places of the fields that the text has, in its order.
    pub places: Vec<usize>,
}

impl PlainRow {
    /// Reads `text`; `None` where anything in it is odd.
    pub fn read(describe: &Describe, text: &str) -> Option<Self> {
        let mut json = serde_json::Deserializer::from_str(text);
        let row = Fields { describe }.deserialize(&mut json).ok()?;
        json.end().is_ok().then_some(row)
    }
}

/// The members of the object.
struct Fields<'a> {
    describe: &'a Describe,
}

/// A member's name.
enum Name {
    /// That of the field at this place.
    Field(usize),
    /// What REST says of the record beside its fields.
    Attributes,
}

/// The name of a member; most likely that of the field at the place `likely`.
struct NameOf<'a> {
    describe: &'a Describe,
    likely: usize,
}

/// The value of a field.
struct ValueOf<'a>(&'a DescribeField);

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = PlainRow;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<PlainRow, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = PlainRow;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the fields of a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PlainRow, A::Error> {
        let describe = self.describe;
        let mut values = vec![Value::Null; describe.schema().fields().len()];
        let mut places: Vec<usize> = Vec::with_capacity(describe.fields.len());
        let (mut likely, mut beyond) = (0, 0);
        while let Some(name) = map.next_key_seed(NameOf { describe, likely })? {
            let Name::Field(place) = name else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            // Only where the order is another one can a name come twice.
            if place < beyond && places.contains(&place) {
                return Err(A::Error::custom("a field comes twice"));
            }
            // The schema has the described fields first, in their order.
            values[place] = map.next_value_seed(ValueOf(&describe.fields[place]))?;
            places.push(place);
            likely = place + 1;
            beyond = beyond.max(likely);
        }
        Ok(PlainRow { values, places })
    }
}

impl<'de> DeserializeSeed<'de> for NameOf<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Name, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for NameOf<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
        if self.describe.fields.get(self.likely).is_some_and(|field| field.name == name) {
            return Ok(Name::Field(self.likely));
        }
        match self.describe.position(name) {
            Some(place) => Ok(Name::Field(place)),
            None if name == "attributes" => Ok(Name::Attributes),
            None => Err(E::custom("no field of this name is described")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for ValueOf<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueOf<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a value of {:?}", self.0.kind)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.any(&Json::from(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.any(&Json::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.any(&Json::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.any(&Json::from(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        let value = match self.0.kind {
            FieldKind::Base64 => Some(Value::String(text.to_owned())),
            kind if kind.is_text() => Some(Value::String(text.to_owned())),
            FieldKind::Id | FieldKind::Reference => {
                let id = SalesforceId::parse(text).ok();
                Some(Value::String(id.map_or_else(|| text.to_owned(), |id| id.as_str().to_owned())))
            }
            FieldKind::Date => parse_date(text).ok().map(Value::Date),
            FieldKind::Datetime => parse_datetime(text).ok().map(Value::Timestamp),
            FieldKind::Time => parse_time(text).ok().map(Value::Time),
            _ => return self.any(&Json::from(text)),
        };
        value.ok_or_else(|| E::custom("a date that is none"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = serde_json::Map::new();
        while let Some((name, member)) = map.next_entry()? {
            members.insert(name, member);
        }
        self.any(&Json::Object(members))
    }
}

impl ValueOf<'_> {
    fn any<E: Error>(self, json: &Json) -> Result<Value, E> {
        to_value(self.0, json).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn describe() -> Describe {
        let fields: Vec<_> =
            KINDS.iter().map(|kind| json!({"name": format!("{kind}__c"), "type": kind})).collect();
        serde_json::from_value(json!({"name": "X", "fields": fields})).unwrap()
    }

    const KINDS: [&str; 13] = [
        "id",
        "reference",
        "boolean",
        "int",
        "long",
        "double",
        "currency",
        "date",
        "datetime",
        "time",
        "address",
        "textarea",
        "string",
    ];

    /// A value that fits the kind, or one that may not.
    fn value(kind: &str) -> BoxedStrategy<Json> {
        let fits = match kind {
            "id" | "reference" => {
                prop_oneof![Just(json!("0015g00000QwErTAAV")), Just(json!("001D000000IqhSL"))].boxed()
            }
            "boolean" => any::<bool>().prop_map(Json::from).boxed(),
            "int" => any::<i32>().prop_map(Json::from).boxed(),
            "long" => any::<i64>().prop_map(Json::from).boxed(),
            "double" | "currency" => (-1e12..1e12).prop_map(|number: f64| Json::from(number)).boxed(),
            "date" => Just(json!("2026-01-02")).boxed(),
            "datetime" => Just(json!("2026-01-02T03:04:05.678+0000")).boxed(),
            "time" => Just(json!("03:04:05.678Z")).boxed(),
            "address" => Just(json!({"city": "Bremen", "latitude": 53.1})).boxed(),
            _ => ".*".prop_map(Json::from).boxed(),
        };
        let odd = prop_oneof![
            Just(json!("x")),
            Just(json!(1.5)),
            Just(json!([1])),
            Just(json!({"a": 1})),
            Just(json!(true))
        ];
        prop_oneof![9 => fits, 2 => Just(Json::Null), 1 => odd].boxed()
    }

    fn row() -> impl Strategy<Value = Vec<(String, Json)>> {
        let fields: Vec<_> = KINDS
            .iter()
            .map(|kind| value(kind).prop_map(move |value| (format!("{kind}__c"), value)))
            .collect();
        fields.prop_shuffle().prop_flat_map(|fields| {
            let most = fields.len();
            prop::sample::subsequence(fields, 0..=most)
        })
    }

    proptest! {
        /// What is read is what reading value by value says; and where each value is readable by itself, all is read.
        #[test]
        fn a_row_is_read_as_value_by_value(row in row(), attributes in any::<bool>()) {
            let describe = describe();
            let mut members: serde_json::Map<_, _> = row.clone().into_iter().collect();
            if attributes {
                members.insert("attributes".to_owned(), json!({"type": "X"}));
            }
            let mut values = vec![Value::Null; describe.schema().fields().len()];
            let mut places = Vec::new();
            let mut is_odd = false;
            for (name, json) in &row {
                let place = describe.position(name).unwrap();
                match to_value(&describe.fields[place], json) {
                    Ok(value) => values[place] = value,
                    Err(_) => is_odd = true,
                }
                places.push(place);
            }
            let has_list = row.iter().any(|(_, json)| json.is_array());
            let read = PlainRow::read(&describe, &Json::Object(members).to_string());
            match read {
                Some(read) => prop_assert_eq!(read, PlainRow { values, places }),
                None => prop_assert!(is_odd || has_list),
            }
        }
    }

    #[test]
    fn what_is_odd_is_left_to_others() {
        let describe = describe();
        for text in [
            r#"{"boolean__c": 1}"#,
            r#"{"nobody__c": 1}"#,
            r#"{"int__c": 1, "date__c": null, "int__c": 2}"#,
            r#"{"int__c": 1, "int__c": 2}"#,
            r#"{"int__c": 1, "boolean__c": true, "int__c": 2}"#,
            r#"{"int__c": 1} x"#,
            r#"["int__c"]"#,
            "null",
        ] {
            assert_eq!(PlainRow::read(&describe, text), None, "{text}");
        }
    }
}
