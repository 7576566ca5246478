//! Makes the external-id fields that a sink needs and org B lacks.

use orgstream_salesforce::{ApiError, Disposition, ExternalIdField, Org};

use crate::config::SinkConfig;
use crate::external_id::{ExternalId, ID_LENGTH, place};
use crate::start::no_object;

/// What a new field is called where people read it.
const LABEL: &str = "Source Record Id";

/// Whether fields are made or only named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preparation {
    /// They are made.
    Make,
    /// It is only said which would be made.
    Look,
}

/// What became of one object's external id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// The operation needs none.
    Unused,
    /// The field was there and fits.
    Fits(String),
    /// The field is to be made.
    Missing(String),
    /// The field was made and can be used.
    Made(String),
    /// Only a person can help: what is wrong, and what to do.
    Fault(String),
}

/// Looks at each object of `config` in turn, and makes its external-id field where that is missing. A field that is there
/// is never changed. The answers are in the order of the objects.
///
/// # Errors
/// When the org does not answer; what was made until then stays.
pub async fn prepare(
    config: &SinkConfig,
    org: &Org,
    preparation: Preparation,
) -> Result<Vec<(String, Prepared)>, ApiError> {
    let mut all = Vec::with_capacity(config.objects.len());
    for at in 0..config.objects.len() {
        all.push((config.objects[at].name.clone(), object(config, at, org, preparation).await?));
    }
    Ok(all)
}

async fn object(
    config: &SinkConfig,
    at: usize,
    org: &Org,
    preparation: Preparation,
) -> Result<Prepared, ApiError> {
    let object = &config.objects[at];
    let describe = match org.describe_again(&object.name).await {
        Ok(describe) => describe,
        Err(error) if means_absent(&error) => return Ok(Prepared::Fault(no_object(object, &error))),
        Err(error) => return Err(error),
    };
    let found = ExternalId::of(object, &describe, config.operation);
    let name = match &found {
        ExternalId::Unused => return Ok(Prepared::Unused),
        ExternalId::Fit(name) => return Ok(Prepared::Fits((*name).to_owned())),
        ExternalId::Missing(name) => (*name).to_owned(),
        ExternalId::Unnamed | ExternalId::Unfit(..) => {
            let fault = found.fault(&object.name, config.operation, org.name());
            return Ok(Prepared::Fault(fault.unwrap_or_default()));
        }
    };
    if !name.ends_with("__c") {
        return Ok(Prepared::Fault(format!(
            "object {} has no field `{name}`, and only one whose name ends in `__c` can be made; name such a one under \
             `external_id`",
            object.name
        )));
    }
    match preparation {
        Preparation::Look => Ok(Prepared::Missing(name)),
        Preparation::Make => make(config, at, &name, org).await,
    }
}

async fn make(config: &SinkConfig, at: usize, name: &str, org: &Org) -> Result<Prepared, ApiError> {
    let object = &config.objects[at];
    let field = ExternalIdField { object: &object.name, name, label: LABEL, length: ID_LENGTH };
    match org.create_external_id(field).await {
        Ok(()) => {}
        Err(error) if means_absent(&error) => {
            let what = refused(&error, &object.name, name);
            let said = error.without_advice();
            return Ok(Prepared::Fault(format!(
                "field {}.{name} cannot be made ({said}): {what}",
                object.name
            )));
        }
        Err(error) => return Err(error),
    }
    // Whoever makes a field need not be among those who see it.
    let describe = org.describe_again(&object.name).await?;
    match ExternalId::of(object, &describe, config.operation) {
        ExternalId::Fit(name) => Ok(Prepared::Made(name.to_owned())),
        _ => Ok(Prepared::Fault(format!(
            "field {}.{name} was made, and the user may not use it yet: tick `Read Access` and `Edit Access` for it in a \
             permission set of the user, or under {} → {name} → Set Field-Level Security",
            object.name,
            place(&object.name)
        ))),
    }
}

/// What to do where the org makes no field.
fn refused(error: &ApiError, object: &str, name: &str) -> String {
    let place = place(object);
    match error.code() {
        Some("DUPLICATE_DEVELOPER_NAME") => format!(
            "there is a field of that name, which the user may not see, or which was deleted and is not erased yet: let the user see \
             and edit it under {place} → {name} → Set Field-Level Security, erase it under {place} → Deleted Fields, or name \
             another field under `external_id`"
        ),
        Some("FIELD_INTEGRITY_EXCEPTION") => format!(
            "the org takes no such field, as its words say: the name is none that a field can have, or {object} has as many fields, \
             or external ids, as it can have; name another field under `external_id`, or make room under {place}"
        ),
        _ => format!(
            "give the user the permission `Customize Application`, or create it under {place} → New as Text of length {ID_LENGTH} with \
             `Unique` and `External ID` ticked"
        ),
    }
}

/// Whether the org answered, and that what was asked for is not there or not allowed.
fn means_absent(error: &ApiError) -> bool {
    matches!(error.disposition(), Disposition::Reject | Disposition::Gone)
}
