//! `describeGlobal`, `describeSObject` and `describeSObjects`: what REST describes, in the elements and the order of
//! the WSDL, by which generated clients read.

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};

use super::endpoint::Request;
use super::envelope::escape;
use super::fault::Fault;
use super::reads::seen;
use super::sobject::{self_typed, text};
use crate::server::Answer;

/// The most objects of one `describeSObjects`.
const MAX_OBJECTS: usize = 100;

// The elements of the types. `?` stands behind those that are nil without a value, others are left out then; `*`
// behind a value that says its own type.
const GLOBAL: &str = "encoding? maxBatchSize sobjects";
const GLOBAL_OBJECT: &str = "activateable associateEntityType? associateParentEntity? createable custom customSetting \
    deepCloneable deletable deprecatedAndHidden feedEnabled hasSubtypes idEnabled isInterface isSubtype keyPrefix? \
    label labelPlural layoutable mergeable mruEnabled name queryable replicateable retrieveable searchable triggerable \
    undeletable updateable";
const OBJECT: &str = "actionOverrides activateable associateEntityType? associateParentEntity? childRelationships \
    compactLayoutable createable custom customSetting deepCloneable defaultImplementation? deletable \
    deprecatedAndHidden feedEnabled fields hasSubtypes idEnabled implementedBy? implementsInterfaces? isInterface \
    isSubtype keyPrefix? label labelPlural layoutable mergeable mruEnabled name namedLayoutInfos \
    networkScopeFieldName? queryable recordTypeInfos replicateable retrieveable searchLayoutable searchable \
    supportedScopes triggerable undeletable updateable urlDetail? urlEdit? urlNew?";
const FIELD: &str = "aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete \
    caseSensitive compoundFieldName controllerName createable custom defaultValue* defaultValueFormula \
    defaultedOnCreate dependentPicklist deprecatedAndHidden digits displayLocationInDecimal encrypted externalId \
    extraTypeInfo filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted \
    idLookup inlineHelpText label length mask maskType name nameField namePointing nillable permissionable \
    picklistValues polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo relationshipName \
    relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable soapType sortable type unique \
    updateable writeRequiresMasterRead";
const CHILD: &str = "cascadeDelete childSObject deprecatedAndHidden field junctionIdListNames junctionReferenceTo \
    relationshipName restrictedDelete";
const RECORD_TYPE: &str = "active available defaultRecordTypeMapping developerName master name recordTypeId?";
const PICKLIST_VALUE: &str = "active defaultValue label? validFor value";
const SCOPE: &str = "label name";

/// `describeGlobal`.
pub(crate) fn global(request: &Request<'_>) -> Result<Answer, Fault> {
    let mut global = request.ask(Method::GET, "sobjects", HeaderMap::new(), Bytes::new())?;
    let objects = global["sobjects"].as_array_mut().into_iter().flatten();
    objects.filter_map(Json::as_object_mut).for_each(complete);
    Ok(request.respond(&element("result", &global, GLOBAL)))
}

/// `describeSObject`, and `describeSObjects`, which takes several.
pub(crate) fn objects(request: &Request<'_>) -> Result<Answer, Fault> {
    let operation = &request.envelope.operation;
    let names: Vec<&str> = operation.all("sObjectType").map(|name| name.text.as_str()).collect();
    if names.len() > MAX_OBJECTS {
        let message = format!("describe is limited to {MAX_OBJECTS} types in one call");
        return Err(Fault::api("EXCEEDED_MAX_TYPES_LIMIT", message));
    }
    let schema = request.tenant.schema();
    let mut results = String::new();
    for name in names {
        let path = format!("sobjects/{}/describe", seen(&schema, name)?.name);
        let mut object = request.ask(Method::GET, &path, HeaderMap::new(), Bytes::new())?;
        object.as_object_mut().into_iter().for_each(complete);
        results.push_str(&element("result", &object, OBJECT));
    }
    Ok(request.respond(&results))
}

/// Adds what the describe of REST has elsewhere, or not at all.
fn complete(object: &mut Map<String, Json>) {
    object.insert("idEnabled".to_owned(), json!(false));
    for (name, url) in
        [("urlDetail", "uiDetailTemplate"), ("urlEdit", "uiEditTemplate"), ("urlNew", "uiNewRecord")]
    {
        let url = object.get("urls").and_then(|urls| urls.get(url)).cloned().unwrap_or_default();
        object.insert(name.to_owned(), url);
    }
}

/// A value by this name; `elements` are those of its type.
fn element(name: &str, value: &Json, elements: &str) -> String {
    match value {
        Json::Object(parts) => {
            let inner: String = elements.split_whitespace().map(|slot| filled(parts, slot)).collect();
            format!("<{name}>{inner}</{name}>")
        }
        scalar => format!("<{name}>{}</{name}>", escape(&text(scalar))),
    }
}

fn filled(parts: &Map<String, Json>, slot: &str) -> String {
    let name = slot.trim_end_matches(['?', '*']);
    match parts.get(name) {
        None | Some(Json::Null) if slot.ends_with('?') => format!("<{name} xsi:nil=\"true\"/>"),
        None | Some(Json::Null) => String::new(),
        Some(value) if slot.ends_with('*') => self_typed(name, value),
        Some(Json::Array(items)) => items.iter().map(|item| element(name, item, elements_of(name))).collect(),
        Some(value) => element(name, value, ""),
    }
}

/// The elements of the items of a list.
fn elements_of(list: &str) -> &'static str {
    match list {
        "sobjects" => GLOBAL_OBJECT,
        "fields" => FIELD,
        "childRelationships" => CHILD,
        "recordTypeInfos" => RECORD_TYPE,
        "picklistValues" => PICKLIST_VALUE,
        "supportedScopes" => SCOPE,
        _ => "",
    }
}
