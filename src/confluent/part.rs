//! What one connector becomes: an org, and a pipeline or several.

use super::document::{Map, Origin, Value};
use super::kind::Kind;
use super::secrets::Secrets;
use super::settings::Settings;
use super::wire::Wires;

/// What a connector becomes.
pub(super) struct Part {
    /// Its kind.
    pub(super) kind: Kind,
    /// The name of its org.
    pub(super) org: String,
    /// Its pipelines: one, or one for each topic of a sink.
    pub(super) pipelines: Vec<Pipeline>,
    /// What it says of topics that are made.
    pub(super) topics: Map,
    /// What the bytes of its records are.
    pub(super) wires: Wires,
}

/// A half of a pipeline.
#[derive(Clone)]
pub(super) struct Pipeline {
    /// Its name.
    pub(super) name: String,
    /// Its topic, where that is one.
    pub(super) topic: Option<String>,
    /// The keys of the half.
    pub(super) half: Map,
    /// The keys of the objects.
    pub(super) objects: Map,
}

/// A connector on its way to be a [`Part`].
pub(super) struct Making<'a, 'g> {
    /// Its properties.
    pub(super) settings: &'a mut Settings<'g>,
    /// Its number.
    pub(super) number: usize,
    /// Its name.
    pub(super) name: String,
    /// Where secrets go.
    pub(super) secrets: &'a mut Secrets,
}

impl Making<'_, '_> {
    /// Where a key comes from that `property` says.
    #[expect(clippy::unnecessary_wraps, reason = "keys may come from nowhere, and all take it so")]
    pub(super) fn from(&self, property: &str) -> Option<Origin> {
        Some((self.number, property.to_owned()))
    }

    /// Puts `value` behind `key`, as what `property` says. Where its value stands in another file, a variable for it.
    pub(super) fn put(&mut self, map: &mut Map, key: &str, value: impl Into<Value>, property: &str) {
        let from = self.from(property);
        let mut value = value.into();
        if self.settings.given.hidden.contains(property) {
            value = self.secrets.veiled(&self.name, property, value);
        }
        map.put(key, value, from);
    }

    /// Puts the text of `property` behind `key`, where there is any.
    pub(super) fn copy(&mut self, map: &mut Map, key: &str, property: &str) {
        if let Some(text) = self.settings.filled(property) {
            let text = self.secrets.plain(&self.name, property, &text);
            self.put(map, key, text, property);
        }
    }

    /// Puts a variable for the secret of `property` behind `key`. False where there is none.
    pub(super) fn hide(&mut self, map: &mut Map, key: &str, property: &str) -> bool {
        let Some(value) = self.settings.filled(property) else {
            return false;
        };
        let text = self.secrets.hide(&self.name, property, &value);
        self.put(map, key, text, property);
        true
    }
}
