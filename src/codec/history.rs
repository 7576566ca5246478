//! The versions that a subject has in Protobuf, from which fields learn their numbers.

use std::collections::BTreeMap;

use schema_registry_converter::async_impl::schema_registry::{
    get_all_versions, get_schema_by_subject_and_version,
};
use schema_registry_converter::schema_registry_common::SchemaType;

use super::error::CodecError;
use super::protobuf::Numbers;
use super::registering::Wanted;
use super::registry::Registry;
use super::trouble::Trouble;
use super::writer::Referenced;

/// The newest versions of a subject that are looked at.
const VERSIONS: usize = 100;

/// Versions by their numbers; nothing for one that is in another language, or was deleted meanwhile.
#[derive(Debug, Default)]
pub(super) struct History(BTreeMap<u32, Option<Version>>);

/// The text of a version, with all that it refers to.
#[derive(Debug)]
struct Version {
    text: String,
    referenced: Vec<Referenced>,
}

impl History {
    /// How many versions it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The numbers that the fields had in the versions before this one.
    pub(super) fn numbers(&self, before: u32) -> Result<Numbers, String> {
        let mut numbers = Numbers::default();
        let known = self.0.range(..before).filter_map(|(number, version)| Some((number, version.as_ref()?)));
        for (number, Version { text, referenced }) in known {
            numbers
                .learn(text, referenced)
                .map_err(|error| format!("version {number} of the subject is not understood: {error}"))?;
        }
        Ok(numbers)
    }
}

impl Registry {
    /// Adds the versions that came since. Waits while the registry is away.
    pub(super) async fn catch_up(&self, wanted: Wanted<'_>, history: &mut History) -> Result<(), CodecError> {
        let (settings, _) = self.address();
        let subject = wanted.subject;
        let mut versions = match self.insist(|| get_all_versions(settings, subject.to_owned())).await {
            Ok(versions) => versions,
            Err(Trouble::Unknown(_)) => return Ok(()),
            Err(trouble) => return Err(self.refused(wanted, trouble)),
        };
        versions.sort_unstable();
        let newest = versions.len().saturating_sub(VERSIONS);
        for number in versions.into_iter().skip(newest) {
            if history.0.contains_key(&number) {
                continue;
            }
            let answer = self.insist(|| get_schema_by_subject_and_version(settings, subject, Some(number)));
            let version = match answer.await {
                Ok(known) if known.schema_type == SchemaType::Protobuf => {
                    let referenced = self.referenced(wanted.part, known.id, &known).await?;
                    Some(Version { text: known.schema, referenced })
                }
                Ok(_) | Err(Trouble::Unknown(_)) => None,
                Err(trouble) => return Err(self.refused(wanted, trouble)),
            };
            history.0.insert(number, version);
        }
        Ok(())
    }
}
