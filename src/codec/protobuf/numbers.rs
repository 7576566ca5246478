//! The numbers of fields, which readers of a topic go by: a field keeps its number for as long as the subject lasts.
//!
//! They are learnt from the versions that the registry has. A field that went leaves its number and its name reserved, and
//! has the same number when it comes back, so that each shape of an object has one text, whoever writes it when.

use std::collections::BTreeMap;
use std::collections::HashMap;

use protox::prost_reflect::DescriptorPool;

use super::compile::compile;
use crate::codec::writer::Referenced;

/// Numbers that Protobuf keeps for itself.
const KEPT: std::ops::RangeInclusive<u32> = 19_000..=19_999;

/// The numbers of the fields of each message, by full name.
#[derive(Debug, Default)]
pub(in crate::codec) struct Numbers(HashMap<String, Known>);

/// What is known of one message.
#[derive(Debug, Default, Clone)]
pub(super) struct Known {
    by_name: BTreeMap<String, u32>,
    highest: u32,
}

impl Numbers {
    /// Takes over the numbers of a version. The newest comes first: what it says holds.
    pub(in crate::codec) fn learn(&mut self, text: &str, referenced: &[Referenced]) -> Result<(), String> {
        let imports = referenced.iter().map(|other| (other.name.as_str(), other.text.as_str()));
        let files = compile(text, imports)?;
        let pool = DescriptorPool::from_file_descriptor_set(files).map_err(|error| error.to_string())?;
        let file = pool.files().last().ok_or("the compiler answers nothing")?;
        for message in file.messages() {
            let known = self.0.entry(message.full_name().to_owned()).or_default();
            for field in message.fields() {
                known.highest = known.highest.max(field.number());
                known.by_name.entry(field.name().to_owned()).or_insert(field.number());
            }
            let reserved = message.reserved_ranges().map(|range| range.end.saturating_sub(1));
            known.highest = reserved.fold(known.highest, u32::max);
        }
        Ok(())
    }

    /// What is known of the message of this name.
    pub(super) fn of(&self, message: &str) -> Known {
        self.0.get(message).cloned().unwrap_or_default()
    }
}

impl Known {
    /// The field's number: a new one behind all others where it has none yet.
    pub(super) fn take(&mut self, name: &str) -> u32 {
        if let Some(number) = self.by_name.remove(name) {
            return number;
        }
        self.highest += 1;
        if KEPT.contains(&self.highest) {
            self.highest = KEPT.end() + 1;
        }
        self.highest
    }

    /// The fields that nobody took, with their numbers.
    pub(super) fn left(&self) -> impl Iterator<Item = (&str, u32)> {
        self.by_name.iter().map(|(name, number)| (name.as_str(), *number))
    }
}
