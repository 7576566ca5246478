//! The schemas that a schema refers to, and those that they refer to.

use std::collections::HashSet;

use schema_registry_converter::async_impl::schema_registry::get_referenced_schema;
use schema_registry_converter::schema_registry_common::{RegisteredReference, RegisteredSchema};

use super::error::{CodecError, Part};
use super::registry::Registry;
use super::trouble::Trouble;
use super::writer::Referenced;

/// The most schemas that one may take.
const MOST: usize = 500;

/// A step of the way through the references, which is walked without recursion.
enum Step {
    /// A reference to be asked for.
    Ask(RegisteredReference),
    /// A text behind whose own references it stands.
    Take(Referenced),
}

impl Registry {
    /// What schema `id` refers to, directly or not; each behind what it refers to itself. Waits while the registry is away.
    pub(super) async fn referenced(
        &self,
        part: Part,
        id: u32,
        schema: &RegisteredSchema,
    ) -> Result<Vec<Referenced>, CodecError> {
        let (settings, url) = self.address();
        let mut steps: Vec<Step> = schema.references.iter().rev().cloned().map(Step::Ask).collect();
        // One that is referred to under two names is taken under both.
        let mut asked = HashSet::new();
        let mut found = Vec::new();
        while let Some(step) = steps.pop() {
            let reference = match step {
                Step::Take(referenced) => {
                    found.push(referenced);
                    continue;
                }
                Step::Ask(reference) => reference,
            };
            if !asked.insert((reference.name.clone(), reference.subject.clone(), reference.version)) {
                continue;
            }
            if asked.len() > MOST {
                let reason = format!("schema {id} refers to more than {MOST} others");
                return Err(CodecError::Undecodable { part, reason });
            }
            let answer = self.insist(|| get_referenced_schema(settings, &reference)).await;
            let answer = answer.map_err(|trouble| match trouble {
                Trouble::Unknown(reason) | Trouble::Refused(reason) => {
                    let RegisteredReference { subject, version, .. } = &reference;
                    let reason = format!("it refers to version {version} of subject {subject}: {reason}");
                    CodecError::UnknownSchema { part, id, registry: url.to_owned(), reason }
                }
                Trouble::Away(reason) | Trouble::Forbidden(reason) => self.unusable(reason),
            })?;
            steps.push(Step::Take(Referenced { name: reference.name, text: answer.schema }));
            steps.extend(answer.references.into_iter().rev().map(Step::Ask));
        }
        Ok(found)
    }
}
