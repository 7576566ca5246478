//! What an event itself tells of a record, as an image: the fields that it carries, and no others.
//!
//! Change events nest the members of addresses, locations and names. Their flat fields are what a sink can write, so
//! those are filled; the compound value itself only where the event shows all of it.

use std::sync::Arc;

use orgstream_api::record::field;
use orgstream_api::{EventType, Struct, Value};
use orgstream_salesforce::{Describe, DescribeField, Row, SalesforceId, to_value};
use serde_json::Value as Json;

use crate::described::{Carried, Described};
use crate::error::RowError;
use crate::event::{ChangeEvent, ChangeKind, Event, What};
use crate::moment::Moment;
use crate::record::{Image, STAMP};

impl Image {
    /// What `event` tells of the record `id`.
    pub(crate) fn of_event(
        described: &Arc<Described>,
        id: SalesforceId,
        event: &Event,
    ) -> Result<Self, RowError> {
        match &event.what {
            What::Topic(topic) => {
                let mut image = Self::of_text(described, id, event.created, &topic.fields)?;
                if let Some(Value::Timestamp(stamp)) = image.value.value(STAMP) {
                    image.stamp = Moment(*stamp);
                }
                Ok(image)
            }
            What::Change(change) => of_change(described, id, change, Compound::Whole),
            What::Platform(_) | What::Generic(_) | What::Unreadable(_) => {
                Self::of_fields(described, id, event.created, &Row::new())
            }
        }
    }
}

/// What `change` tells of the record `id`, be it a part of a compound value.
pub(crate) fn told_by_change(
    described: &Arc<Described>,
    id: SalesforceId,
    change: &ChangeEvent,
) -> Result<Image, RowError> {
    of_change(described, id, change, Compound::AsTold)
}

/// Which compound values are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compound {
    /// Those that are told as a whole.
    Whole,
    /// All, with the members that are told.
    AsTold,
}

/// Whether a value is told as the difference from one that is not known.
pub(crate) fn is_difference(value: &Json) -> bool {
    value.as_object().is_some_and(|members| members.len() == 1 && members.contains_key("diff"))
}

fn of_change(
    described: &Arc<Described>,
    id: SalesforceId,
    change: &ChangeEvent,
    compound: Compound,
) -> Result<Image, RowError> {
    let describe = described.describe();
    let mut filled = Filled { described, value: Struct::new(describe.schema()), places: Vec::new() };
    let own = describe.field(field::ID).map(|own| (own, Json::String(id.to_string())));
    if let Some((own, id)) = own {
        filled.set(own, &id)?;
    }
    for (name, json) in &change.fields {
        let own = describe.field(name).ok_or_else(|| RowError::UnknownField(name.clone()));
        let Some(own) = described.fitting(own)? else { continue };
        match json {
            _ if is_difference(json) => {}
            Json::Object(members) => {
                for (member, json) in members {
                    if let Some(flat) = flat_field(describe, name, member) {
                        filled.set(flat, json)?;
                    }
                }
                if own.kind.is_compound() && (compound == Compound::AsTold || shows_all(change)) {
                    filled.set(own, json)?;
                }
            }
            // An emptied address: the header names its members.
            Json::Null if own.kind.is_compound() => {
                let member =
                    |changed: &String| changed.strip_prefix(name)?.strip_prefix('.').map(str::to_owned);
                for member in change.header.changed.iter().filter_map(member) {
                    if let Some(flat) = flat_field(describe, name, &member) {
                        filled.set(flat, json)?;
                    }
                }
            }
            _ => filled.set(own, json)?,
        }
    }
    let Filled { value, places, .. } = filled;
    let (described, stamp) = (Arc::clone(described), change.header.committed);
    Ok(Image { id, stamp, described, value, carried: Carried::Some(places) })
}

/// Whether a compound value in the event has all its members, those that are missing being empty.
fn shows_all(change: &ChangeEvent) -> bool {
    matches!(change.header.kind, ChangeKind::Change(EventType::Created | EventType::Undeleted))
}

/// The field that holds `member` of the compound field `compound`: `City` of `BillingAddress` is `BillingCity`,
/// `FirstName` of `Name` is itself, `Latitude` of `Place__c` is `Place__Latitude__s`.
pub(crate) fn flat_field<'a>(
    describe: &'a Describe,
    compound: &str,
    member: &str,
) -> Option<&'a DescribeField> {
    let of_compound = |field: &&DescribeField| {
        field.compound_field_name.as_deref() == Some(compound) && field.name != compound
    };
    let members = || describe.fields.iter().filter(of_compound);
    let by_name = members().find(|field| field.name == member);
    by_name.or_else(|| members().find(|field| field.name.trim_end_matches("__s").ends_with(member)))
}

/// An image that is being filled.
struct Filled<'a> {
    described: &'a Described,
    value: Struct,
    places: Vec<usize>,
}

impl Filled<'_> {
    fn set(&mut self, field: &DescribeField, json: &Json) -> Result<(), RowError> {
        let value = if json.is_null() { Ok(Value::Null) } else { to_value(field, json) };
        let Some(value) = self.described.fitting(value.map_err(RowError::from))? else { return Ok(()) };
        let place = self.described.describe().schema().position(&field.name);
        let place = place.ok_or_else(|| RowError::UnknownField(field.name.clone()))?;
        self.value.set(&field.name, value);
        if !self.places.contains(&place) {
            self.places.push(place);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::{Fields, fixture};

    fn described() -> Arc<Described> {
        let part =
            |name: &str, kind: &str, of: &str| json!({"name": name, "type": kind, "compoundFieldName": of});
        let describe = json!({"name": "Account", "fields": [
            {"name": "Id", "type": "id"},
            {"name": "Name", "type": "string"},
            {"name": "Industry", "type": "picklist"},
            {"name": "Phone", "type": "phone"},
            {"name": "Description", "type": "textarea"},
            {"name": "OwnerId", "type": "reference"},
            part("BillingStreet", "textarea", "BillingAddress"),
            part("BillingCity", "string", "BillingAddress"),
            part("BillingCountry", "string", "BillingAddress"),
            part("BillingCountryCode", "picklist", "BillingAddress"),
            {"name": "BillingAddress", "type": "address"},
            part("Place__Latitude__s", "double", "Place__c"),
            {"name": "Place__c", "type": "location"},
            {"name": "CreatedDate", "type": "datetime"},
            {"name": "LastModifiedDate", "type": "datetime"},
            {"name": "SystemModstamp", "type": "datetime"},
        ]});
        Arc::new(Described::new(Arc::new(serde_json::from_value(describe).unwrap())))
    }

    fn image(event: &Event) -> Image {
        Image::of_event(&described(), "0015g00000QwErTAAV".parse().unwrap(), event).unwrap()
    }

    fn carried(image: &Image) -> Vec<String> {
        serde_json::from_str(&image.described.carried(&image.carried)).unwrap()
    }

    #[test]
    fn an_update_carries_what_changed_and_only_that() {
        let image = image(&fixture("cdc_update"));
        assert_eq!(carried(&image), ["Id", "LastModifiedDate", "Industry", "Phone", "BillingCity"]);
        assert_eq!(image.value.value("BillingCity"), Some(&Value::String("Bremen".to_owned())));
        assert_eq!(image.value.value("Phone"), Some(&Value::Null));
        assert_eq!(image.value.value("BillingAddress"), Some(&Value::Null), "the rest of it is not known");
        assert_eq!(image.stamp, Moment(1_767_262_830_000));
    }

    #[test]
    fn a_new_record_carries_its_compound_fields_whole() {
        let image = image(&fixture("cdc_create"));
        let carried = carried(&image);
        for name in ["Name", "OwnerId", "BillingStreet", "BillingCity", "BillingAddress"] {
            assert!(carried.iter().any(|carried| carried == name), "{name}: {carried:?}");
        }
        assert!(matches!(image.value.value("BillingAddress"), Some(Value::Struct(_))));
    }

    #[test]
    fn a_difference_is_not_taken_for_the_text() {
        let image = image(&fixture("cdc_diff"));
        assert_eq!(carried(&image), ["Id", "LastModifiedDate"]);
    }

    #[test]
    fn an_event_of_a_push_topic_carries_the_fields_of_its_query() {
        let mut event = fixture("updated");
        let What::Topic(topic) = &mut event.what else { panic!() };
        let mut row = topic.fields.row().unwrap();
        row.remove("AnnualRevenue");
        topic.fields = Fields::from(&row);
        let image = image(&event);
        assert_eq!(image.stamp, event.created);
        assert_eq!(carried(&image).len(), 5);
    }

    #[test]
    fn a_member_is_found_by_its_flat_name() {
        let described = described();
        let describe = described.describe();
        for (compound, member, flat) in [
            ("BillingAddress", "City", Some("BillingCity")),
            ("BillingAddress", "Country", Some("BillingCountry")),
            ("BillingAddress", "CountryCode", Some("BillingCountryCode")),
            ("Place__c", "Latitude", Some("Place__Latitude__s")),
            ("BillingAddress", "Latitude", None),
        ] {
            let found = flat_field(describe, compound, member).map(|field| field.name.as_str());
            assert_eq!(found, flat, "{compound}.{member}");
        }
    }
}
