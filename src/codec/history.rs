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

    /// Whether it was told by somebody who knew of this version, and so of all before it.
    pub(super) fn reaches(&self, version: u32) -> bool {
        self.0.last_key_value().is_some_and(|(last, _)| *last >= version)
    }

    /// The numbers that the fields had in the versions before this one.
    pub(super) fn numbers(&self, before: u32) -> Result<Numbers, String> {
        let mut numbers = Numbers::default();
        for version in self.0.range(..before) {
            learn(&mut numbers, version)?;
        }
        Ok(numbers)
    }

    /// Shows the numbers as they were before the first version, and after each of them.
    pub(super) fn learn(&self, mut see: impl FnMut(&Numbers)) -> Result<(), String> {
        let mut numbers = Numbers::default();
        see(&numbers);
        for version in &self.0 {
            learn(&mut numbers, version)?;
            see(&numbers);
        }
        Ok(())
    }
}

/// Adds what a version says.
fn learn(numbers: &mut Numbers, (number, version): (&u32, &Option<Version>)) -> Result<(), String> {
    let Some(Version { text, referenced }) = version else { return Ok(()) };
    numbers
        .learn(text, referenced)
        .map_err(|error| format!("version {number} of the subject is not understood: {error}"))
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
