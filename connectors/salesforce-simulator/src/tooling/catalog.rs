//! Queries over objects and fields. They run like all queries, over rows that are made from the schema for this one
//! answer.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::definitions::{Definitions, is_custom_field};
use super::metadata::type_name;
use crate::data::{Refusal, Row, Store, Value};
use crate::ids::IdSource;
use crate::rest::Resource;
use crate::schema::{Field, FieldType, Flag, Object, ObjectKind, Schema, Trait};
use crate::server::Answer;
use crate::soql::{Columns, Query, Run, Show};

const CATALOG: &str = include_str!("catalog.yaml");

/// `GET tooling/query?q=…`. Everything comes in one page: a schema is small.
pub(super) fn query(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let text = resource
        .call
        .param("q")
        .ok_or_else(|| Refusal::new(400, "MALFORMED_QUERY", "A query string has to be specified"))?;
    let schema = Arc::new(schema()?);
    let query = Query::parse(&schema, text)?;
    let mut catalog =
        Catalog { store: Store::new(schema, IdSource::new("00", 0), Arc::clone(&resource.tenant.clock)) };
    catalog.fill(&resource.tenant.state().definitions, &resource.schema);
    let store = &catalog.store;
    let tenant = resource.tenant;
    let run = Run { store, now: tenant.clock.now(), user: &tenant.identity.user_id, deleted: false };
    let query = run.bind(&query);
    let rows = run.rows(&query);
    let base = format!("{}/tooling", resource.base);
    let entity = store.schema.object(query.object).name.clone();
    let found = rows.len();
    let records = match &query.columns {
        Columns::Count => Vec::new(),
        Columns::Groups(grouping) => grouping.records(store, rows.into_iter()),
        Columns::Rows(_) => {
            let mut list = |_: &Query, _: &[&Row], records: Vec<Json>| json!({"totalSize": records.len(), "done": true, "records": records});
            let mut show = Show { run, base: &base, list: &mut list, page: usize::MAX };
            rows.iter().map(|row| show.record(&query, row)).collect()
        }
    };
    let total = if matches!(query.columns, Columns::Count) { found } else { records.len() };
    Ok(Answer::json(
        200,
        &json!({
            "size": records.len(),
            "totalSize": total,
            "done": true,
            "queryLocator": null,
            "entityTypeName": entity,
            "records": records,
        }),
    ))
}

fn schema() -> Result<Schema, Refusal> {
    let objects: Result<Vec<Object>, _> = serde_saphyr::from_str(CATALOG);
    let broken = |error: serde_saphyr::Error| Refusal::new(500, "UNKNOWN_EXCEPTION", error.to_string());
    let wrong = |error: String| Refusal::new(500, "UNKNOWN_EXCEPTION", error);
    objects.map_err(broken).and_then(|objects| Schema::new(objects, Vec::new()).map_err(wrong))
}

struct Catalog {
    store: Store,
}

impl Catalog {
    fn fill(&mut self, definitions: &Definitions, org: &Schema) {
        for object in org.objects() {
            let durable = definitions.id(&object.name).unwrap_or(&object.name);
            let entity = self.entity(object, durable);
            for (_, field) in object.visible_fields() {
                let full_name = format!("{}.{}", object.name, field.name);
                let id = definitions.id(&full_name).filter(|_| is_custom_field(field));
                self.field(field, &entity, durable, id);
                if let Some(id) = id {
                    self.custom_field(field, &entity, durable, id, &full_name);
                }
            }
        }
    }

    fn entity(&mut self, object: &Object, durable: &str) -> String {
        let stem = object.name.strip_suffix("__c").or_else(|| object.name.strip_suffix("__e"));
        let customizable = object.kind() != ObjectKind::Standard || object.is(Trait::Layoutable);
        let id = self.store.ids.next("4ie");
        self.row(
            "EntityDefinition",
            &id,
            &json!({
                "DurableId": durable,
                "QualifiedApiName": object.name,
                "DeveloperName": stem.unwrap_or(&object.name),
                "Label": object.label,
                "MasterLabel": object.label,
                "PluralLabel": object.plural,
                "KeyPrefix": object.key_prefix,
                "IsCustomizable": customizable,
                "IsCustomSetting": false,
                "IsQueryable": object.is(Trait::Queryable),
                "IsRetrieveable": object.is(Trait::Retrieveable),
                "IsReplicateable": object.is(Trait::Replicateable),
                "IsSearchable": object.is(Trait::Searchable),
                "IsTriggerable": object.is(Trait::Triggerable),
                "IsLayoutable": object.is(Trait::Layoutable),
            }),
        );
        id
    }

    fn field(&mut self, field: &Field, entity: &str, durable: &str, custom: Option<&str>) {
        let id = self.store.ids.next("4fe");
        let short = custom.and_then(|id| id.get(..15)).unwrap_or(&field.name);
        let indexed = field.kind.is_id() || field.is(Flag::ExternalId) || field.is(Flag::Unique);
        self.row(
            "FieldDefinition",
            &id,
            &json!({
                "EntityDefinition": entity,
                "DurableId": format!("{durable}.{short}"),
                "QualifiedApiName": field.name,
                "EntityDefinitionId": durable,
                "DeveloperName": field.name.strip_suffix("__c").unwrap_or(&field.name),
                "Label": field.label,
                "MasterLabel": field.label,
                "DataType": data_type(field),
                "ExtraTypeInfo": field.extra,
                "RelationshipName": field.relationship,
                "Length": if field.kind.is_id() { 18 } else { field.length },
                "Precision": field.precision,
                "Scale": field.scale,
                "IsCalculated": field.formula.is_some(),
                "IsCompound": field.kind.is_compound(),
                "IsNameField": field.is(Flag::NameField),
                "IsNillable": field.is(Flag::Nillable),
                "IsIndexed": indexed,
                "IsPolymorphicForeignKey": field.polymorphic(),
            }),
        );
    }

    fn custom_field(&mut self, field: &Field, entity: &str, durable: &str, id: &str, full_name: &str) {
        let decimal = |number: u32| field.kind.is_decimal().then_some(number);
        self.row(
            "CustomField",
            id,
            &json!({
                "EntityDefinition": entity,
                "DeveloperName": field.name.strip_suffix("__c").unwrap_or(&field.name),
                "TableEnumOrId": durable,
                "EntityDefinitionId": durable,
                "ManageableState": "unmanaged",
                "FullName": full_name,
                "Length": field.kind.is_text().then_some(field.length),
                "Precision": decimal(field.precision),
                "Scale": decimal(field.scale),
                "InlineHelpText": field.help,
            }),
        );
    }

    fn row(&mut self, object: &str, id: &str, fields: &Json) {
        let schema = Arc::clone(&self.store.schema);
        let Some(at) = schema.find(object) else { return };
        let mut row = Row::live(id);
        for (at, field) in schema.object(at).fields.iter().enumerate() {
            let value = fields.get(&field.name).and_then(|json| Value::from_json(field.kind, json));
            if let Some(value) = value {
                row.set(at, value);
            }
        }
        self.store.put(at, row);
    }
}

/// The type as people read it, such as `Text(40)` or `Lookup(Account,Contact)`.
fn data_type(field: &Field) -> String {
    let name = type_name(field);
    match field.kind {
        _ if field.formula.is_some() => format!("Formula ({name})"),
        FieldType::Reference => format!("{name}({})", field.reference_to.join(",")),
        FieldType::Picklist => name.to_owned(),
        FieldType::Int => format!("Number({}, 0)", field.digits),
        kind if kind.is_decimal() => {
            format!("{name}({}, {})", field.precision.saturating_sub(field.scale), field.scale)
        }
        FieldType::Id => "Lookup()".to_owned(),
        FieldType::String | FieldType::Textarea if field.length > 0 => format!("{name}({})", field.length),
        _ => name.to_owned(),
    }
}
