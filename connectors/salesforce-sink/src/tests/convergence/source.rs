//! Org A: records that change, and what their events say.

use std::collections::BTreeMap;

use orgstream_api::Value;

use crate::tests::change::{Change, id};

/// The records of org A: two accounts and four contacts, of which some are there from the beginning.
pub(super) const RECORDS: [(&str, bool); 6] = [
    ("Account", true),
    ("Account", false),
    ("Contact", true),
    ("Contact", true),
    ("Contact", false),
    ("Contact", false),
];

/// The names of twins lie so far apart.
pub(super) const TWINS: u32 = 1_000;

/// What a record of org A is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Never,
    Lives,
    Binned,
}

/// Org A.
pub(super) struct Source {
    pub(super) state: [State; RECORDS.len()],
    pub(super) texts: [BTreeMap<&'static str, Option<u8>>; RECORDS.len()],
    pub(super) pointing: [BTreeMap<&'static str, Option<usize>>; RECORDS.len()],
}

pub(super) fn texts(object: &str) -> [&'static str; 3] {
    match object {
        "Account" => ["Name", "Phone", "Site"],
        _ => ["LastName", "FirstName", "Title"],
    }
}

pub(super) fn references(object: &str) -> &'static [(&'static str, &'static str)] {
    match object {
        "Account" => &[],
        _ => &[("AccountId", "Account"), ("ReportsToId", "Contact")],
    }
}

impl Source {
    pub(super) fn new() -> Self {
        Self { state: [State::Never; RECORDS.len()], texts: Default::default(), pointing: Default::default() }
    }

    /// Writes a record, and says what an event tells of it: what was written, or all of it where it is new or back.
    pub(super) fn write(
        &mut self,
        record: usize,
        fields: &[Option<Option<u8>>],
        pointing: &[Option<Option<usize>>],
    ) -> Told {
        let object = RECORDS[record].0;
        let is_whole = self.state[record] != State::Lives;
        let event = match self.state[record] {
            State::Never => "created",
            State::Lives => "updated",
            State::Binned => "undeleted",
        };
        self.state[record] = State::Lives;
        let mut told = Told { record, event, texts: BTreeMap::new(), pointing: BTreeMap::new() };
        for (place, name) in texts(object).into_iter().enumerate() {
            // The first one cannot be empty.
            let given = fields[place].map(|value| if place == 0 { value.or(Some(0)) } else { value });
            let known = self.texts[record].entry(name).or_insert((place == 0).then_some(0));
            *known = given.unwrap_or(*known);
            if given.is_some() || is_whole {
                told.texts.insert(name, *known);
            }
        }
        for (place, (name, to)) in references(object).iter().enumerate() {
            let lives = |parent: usize| {
                parent != record && RECORDS[parent].0 == *to && self.state[parent] == State::Lives
            };
            let given = pointing[place].map(|parent| parent.filter(|parent| lives(*parent)));
            let known = self.pointing[record].get(name).copied().flatten().filter(|parent| lives(*parent));
            let value = given.unwrap_or(known);
            self.pointing[record].insert(name, value);
            if given.is_some() || is_whole {
                told.pointing.insert(name, value);
            }
        }
        told
    }

    /// Deletes a record; nobody points at it any more before.
    pub(super) fn delete(&mut self, record: usize) -> Vec<Told> {
        let mut told = Vec::new();
        if self.state[record] == State::Lives {
            for other in (0..RECORDS.len()).filter(|other| self.state[*other] == State::Lives) {
                let leaves: BTreeMap<_, _> = self.pointing[other]
                    .iter_mut()
                    .filter(|(_, parent)| **parent == Some(record))
                    .map(|(name, parent)| {
                        *parent = None;
                        (*name, None)
                    })
                    .collect();
                if !leaves.is_empty() {
                    told.push(Told {
                        record: other,
                        event: "updated",
                        texts: BTreeMap::new(),
                        pointing: leaves,
                    });
                }
            }
            self.state[record] = State::Binned;
        }
        if self.state[record] == State::Binned {
            let (texts, pointing) = (BTreeMap::new(), BTreeMap::new());
            told.push(Told { record, event: "deleted", texts, pointing });
        }
        told
    }
}

/// What an event says.
#[derive(Debug)]
pub(super) struct Told {
    record: usize,
    event: &'static str,
    texts: BTreeMap<&'static str, Option<u8>>,
    pointing: BTreeMap<&'static str, Option<usize>>,
}

pub(super) fn number(record: usize, twin: u32) -> u32 {
    u32::try_from(record).unwrap() * TWINS + twin
}

pub(super) fn text(value: u8) -> String {
    format!("text {value}")
}

impl Told {
    /// As the record of a twin.
    pub(super) fn change(&self, twin: u32) -> Change {
        let object = RECORDS[self.record].0;
        let mut change = Change::updated(object, number(self.record, twin)).event(Some(self.event));
        for (name, value) in &self.texts {
            change = change.value(name, value.map_or(Value::Null, |value| Value::String(text(value))));
        }
        for (name, parent) in &self.pointing {
            let value = parent.map(|parent| id(RECORDS[parent].0, number(parent, twin)));
            change = change.value(name, value.map_or(Value::Null, Value::String));
        }
        change
    }
}
