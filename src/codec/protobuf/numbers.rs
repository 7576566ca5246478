//! The numbers of fields, which readers of a topic go by: a field keeps its number for as long as the subject lasts.
//!
//! They are learnt from the versions that the registry has, the oldest first: a number is for ever that of the field which
//! had it first, and a field's is the first that was its own. A field that went leaves its number and its name reserved, and
//! has the same number when it comes back, so that each shape of an object has one text, whoever writes it when.

use std::collections::{BTreeMap, HashMap};

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
    owners: HashMap<u32, String>,
    highest: u32,
}

impl Numbers {
    /// Takes over the numbers of a version, which is newer than those before.
    pub(in crate::codec) fn learn(&mut self, text: &str, referenced: &[Referenced]) -> Result<(), String> {
        for (message, field) in fields(text, referenced)? {
            let known = self.0.entry(message).or_default();
            match field {
                Numbered::Field(name, number) => known.note(name, number),
                Numbered::Reserved(number) => known.highest = known.highest.max(number),
            }
        }
        Ok(())
    }

    /// Whether the fields of a text of ours have the numbers that they have here, and no others' numbers.
    pub(in crate::codec) fn fit(&self, text: &str) -> Result<bool, String> {
        Ok(fields(text, &[])?.iter().all(|(message, field)| match (self.0.get(message), field) {
            (Some(known), Numbered::Field(name, number)) => known.fits(name, *number),
            _ => true,
        }))
    }

    /// What is known of the message of this name.
    pub(super) fn of(&self, message: &str) -> Known {
        self.0.get(message).cloned().unwrap_or_default()
    }
}

/// A field of a message, or a number that none has.
enum Numbered {
    Field(String, u32),
    Reserved(u32),
}

/// The fields of the messages of a text, each with its message's full name.
fn fields(text: &str, referenced: &[Referenced]) -> Result<Vec<(String, Numbered)>, String> {
    let imports = referenced.iter().map(|other| (other.name.as_str(), other.text.as_str()));
    let files = compile(text, imports)?;
    let pool = DescriptorPool::from_file_descriptor_set(files).map_err(|error| error.to_string())?;
    let file = pool.files().last().ok_or("the compiler answers nothing")?;
    let mut all = Vec::new();
    for message in file.messages() {
        let own = message.fields().map(|field| Numbered::Field(field.name().to_owned(), field.number()));
        let reserved = message.reserved_ranges().map(|range| Numbered::Reserved(range.end.saturating_sub(1)));
        all.extend(own.chain(reserved).map(|field| (message.full_name().to_owned(), field)));
    }
    Ok(all)
}

impl Known {
    fn note(&mut self, name: String, number: u32) {
        self.highest = self.highest.max(number);
        let owner = self.owners.entry(number).or_insert_with(|| name.clone());
        if *owner == name {
            self.by_name.entry(name).or_insert(number);
        }
    }

    fn fits(&self, name: &str, number: u32) -> bool {
        self.by_name.get(name).is_none_or(|own| *own == number)
            && self.owners.get(&number).is_none_or(|owner| owner == name)
    }

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
