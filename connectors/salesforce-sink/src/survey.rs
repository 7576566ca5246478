//! What a sink would find in org B, for who asks before anything runs: what it refuses to start with, which rights the user
//! lacks, and which fields it would leave out.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgstream_api::TaskError;
use orgstream_salesforce::survey::some_of;
use orgstream_salesforce::{Describe, DescribeField, FieldKind, Org, Surveyed};

use crate::config::{Operation, SinkConfig, SinkObject};
use crate::left_out::LeftOut;
use crate::start::{look_at, owner_fault};
use crate::target::{Target, Targets};

/// Looks at the objects of `config` in org B, which is not changed. `carried` has the names of the fields that records of an object
/// bring, where they are known.
///
/// # Errors
/// When the org does not answer, or refuses its user.
pub async fn survey(
    config: &SinkConfig,
    org: &Org,
    carried: &BTreeMap<String, Vec<String>>,
) -> Result<Vec<Surveyed>, TaskError> {
    let mut all = Vec::with_capacity(config.objects.len());
    let (mut objects, mut describes) = (Vec::new(), Vec::new());
    for object in &config.objects {
        let (describe, faults) = look_at(config, object, org).await?;
        all.push(Surveyed { faults, ..Surveyed::of(&object.name) });
        if let Some(describe) = describe {
            objects.push(object.clone());
            describes.push(describe);
        }
    }
    let targets = Targets::new(&objects, &describes);
    for (index, (object, describe)) in objects.iter().zip(&describes).enumerate() {
        let Some(surveyed) = all.iter_mut().find(|surveyed| surveyed.object == object.name) else { continue };
        let look = Look { config, object, describe, target: targets.at(index), org: org.name() };
        look.at_rights(surveyed);
        look.at_fields(carried.get(&object.name), surveyed);
    }
    if let Some(fault) = owner_fault(config, org).await? {
        all.push(Surveyed { faults: vec![fault], ..Surveyed::of("User") });
    }
    Ok(all)
}

struct Look<'a> {
    config: &'a SinkConfig,
    object: &'a SinkObject,
    describe: &'a Describe,
    target: &'a Arc<Target>,
    org: &'a str,
}

impl Look<'_> {
    /// Whether the user may do with records what the operation does with them.
    fn at_rights(&self, surveyed: &mut Surveyed) {
        let (creates, updates, deletes) = match self.config.operation {
            Operation::Sync | Operation::ByEventType => (true, true, true),
            Operation::Upsert => (true, true, false),
            Operation::Update => (false, true, false),
            Operation::Delete => (false, false, true),
            Operation::Insert => (true, false, false),
        };
        let describe = self.describe;
        let rights = [
            ("create", creates, describe.createable),
            ("edit", updates, describe.updateable),
            ("delete", deletes, describe.deletable),
        ];
        let lacking: Vec<&str> =
            rights.iter().filter(|(_, needed, has)| *needed && !has).map(|(right, ..)| *right).collect();
        if lacking.is_empty() {
            return;
        }
        let fault = format!(
            "the user of org `{}` may not {} records of {}, and operation `{}` does: give the right in a permission set of the user, or \
             choose another `operation`",
            self.org,
            lacking.join(", "),
            self.object.name,
            self.config.operation.as_str()
        );
        // Nothing of the object could be written, or a part of its changes.
        if lacking.len() == rights.iter().filter(|(_, needed, _)| *needed).count() {
            surveyed.faults.push(fault);
        } else {
            surveyed.warnings.push(fault);
        }
    }

    /// Which fields are written, which are left out, and which records cannot be without.
    fn at_fields(&self, carried: Option<&Vec<String>>, surveyed: &mut Surveyed) {
        let names: Vec<&str> = match carried {
            Some(carried) => carried.iter().map(String::as_str).collect(),
            None => self.describe.fields.iter().map(|field| field.name.as_str()).collect(),
        };
        let left_out = |reason: LeftOut| -> Vec<&str> {
            names.iter().copied().filter(|name| self.target.leaves_out(name) == Some(reason)).collect()
        };
        let written = names.iter().filter(|name| self.target.leaves_out(name).is_none()).count();
        surveyed.found.push(format!("{written} fields are written"));
        let outside = left_out(LeftOut::Outside);
        if !outside.is_empty() {
            surveyed
                .found
                .push(format!("references out of the pipeline are left out: {}", some_of(&outside)));
        }
        let forbidden = left_out(LeftOut::NoPermission);
        if !forbidden.is_empty() {
            surveyed.warnings.push(format!(
                "the user of org `{}` may see fields of {} and not edit them, so that they are left out: {}; give the right in a permission \
                 set of the user, or name them under `ignore_fields`",
                self.org,
                self.object.name,
                some_of(&forbidden)
            ));
        }
        let missing = left_out(LeftOut::NotThere);
        if carried.is_some() && !missing.is_empty() {
            surveyed.warnings.push(format!(
                "{} of org `{}` has no such fields, or its user may not see them, so that they are left out: {}; make them there, give the \
                 user the right to see them, or name them under `ignore_fields`",
                self.object.name,
                self.org,
                some_of(&missing)
            ));
        }
        self.at_required(carried, surveyed);
    }

    /// Fields without which the org takes no new record, and which no record brings.
    fn at_required(&self, carried: Option<&Vec<String>>, surveyed: &mut Surveyed) {
        let Some(carried) = carried else { return };
        if matches!(self.config.operation, Operation::Update | Operation::Delete) {
            return;
        }
        let brought = |name: &str| {
            carried.iter().any(|carried| carried.eq_ignore_ascii_case(name))
                && self.target.leaves_out(name).is_none()
        };
        let is_external = |name: &str| {
            self.object.external_id.as_ref().is_some_and(|external| external.eq_ignore_ascii_case(name))
        };
        let required = |field: &&DescribeField| {
            field.createable
                && !field.nillable
                && !field.defaulted_on_create
                && field.kind != FieldKind::Boolean
        };
        let lacking = self.describe.fields.iter().filter(required).map(|field| field.name.as_str());
        let lacking: Vec<&str> = lacking
            .filter(|name| !brought(name) && !is_external(name) && !self.target.rules.computes(name))
            .collect();
        if !lacking.is_empty() {
            surveyed.warnings.push(format!(
                "org `{}` takes no new record of {} without {}, and no record brings it: compute it under `fields`, or give it a default \
                 there",
                self.org,
                self.object.name,
                some_of(&lacking)
            ));
        }
    }
}
