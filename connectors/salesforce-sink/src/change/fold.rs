//! What several changes of one record say together.
//!
//! Each keeps its own layer, so that the newest one that says something of a field is heard, and so that those of them
//! that turn out to be written already can be left out again.

use orgstream_api::{InputOffset, Struct, Value};

use super::said::Said;
use super::{Carried, Change, of_record};
use crate::plan::Kind;
use crate::target::Target;
use crate::versions::Version;

/// What a change says that is written with a later one.
#[derive(Debug)]
pub(super) struct Earlier {
    version: Version,
    said: Said,
    value: Struct,
    carried: Carried,
}

impl Change {
    /// Makes one change of an earlier one and this one, which need `kind` together.
    ///
    /// A deletion knows nothing but the id, so it adds nothing and covers nothing: the record may come back as it was.
    pub(crate) fn follow(&mut self, earlier: Change, kind: Kind) {
        self.parent = self.parent.or(earlier.parent);
        let Change { kind: done, version, said, value, carried, earlier: mut layers, .. } = earlier;
        if done != Kind::Delete {
            layers.push(Earlier { version, said, value, carried });
        }
        if self.kind != Kind::Delete {
            layers.retain(|layer| !self.covers(layer));
        }
        self.earlier = layers;
        self.kind = kind;
    }

    /// Leaves out what was said before `first`.
    pub(crate) fn forget_before(&mut self, first: &InputOffset) {
        self.earlier.retain(|layer| layer.version.at.offset >= first.offset);
    }

    /// Has the newest change say all that is said, so that nothing of the earlier ones is kept but that.
    pub(crate) fn flatten(&mut self) {
        let named: Vec<String> = self.earlier.iter().flat_map(Earlier::names).map(str::to_owned).collect();
        for name in named {
            if let Some((Some(_), value)) = self.heard(&name) {
                let value = value.clone();
                self.said.set(&name, value);
            }
        }
        let cut: usize = self.earlier.drain(..).map(|layer| layer.said.cut()).sum();
        self.said.add_cut(cut);
    }

    /// How many texts were cut.
    pub(crate) fn cut(&self) -> usize {
        self.said.cut() + self.earlier.iter().map(|layer| layer.said.cut()).sum::<usize>()
    }

    /// The version of the change that says what is written of a field.
    pub(crate) fn version_of(&self, name: &str) -> &Version {
        match self.heard(name) {
            Some((Some(layer), _)) => &layer.version,
            Some((None, _)) | None => &self.version,
        }
    }

    /// Where the newest change lies that says something of a field.
    pub(super) fn said_at(&self, name: &str) -> Option<&InputOffset> {
        if self.own(name).is_some() {
            return Some(&self.version.at);
        }
        let layer = self.earlier.iter().rev().find(|layer| layer.says(&self.target, name).is_some())?;
        Some(&layer.version.at)
    }

    /// What is written of a field, and the earlier change that says it; `None` in its place for this one.
    pub(super) fn heard(&self, name: &str) -> Option<(Option<&Earlier>, &Value)> {
        let own = self.own(name).map(|value| (None, value));
        if self.earlier.is_empty() {
            return own;
        }
        let layers = self.earlier.iter().rev();
        let earlier = layers.filter_map(|layer| Some((Some(layer), layer.says(&self.target, name)?)));
        let mut said = own.into_iter().chain(earlier).peekable();
        if self.target.takes_once(name) {
            // The change that makes the record decides it.
            return said.last();
        }
        let newest = said.peek().copied();
        said.find(|(_, value)| is_final(&self.target, name, value)).or(newest)
    }

    /// Whether this change has a say in all that `layer` has.
    fn covers(&self, layer: &Earlier) -> bool {
        let mut names = layer.names().filter(|name| layer.says(&self.target, name).is_some());
        names.all(|name| {
            let is_final = |value| is_final(&self.target, name, value);
            !self.target.takes_once(name) && self.own(name).is_some_and(is_final)
        })
    }
}

impl Earlier {
    fn says(&self, target: &Target, name: &str) -> Option<&Value> {
        super::says(target, &self.said, &self.value, &self.carried, name)
    }

    /// The fields of which it may say something.
    fn names(&self) -> impl Iterator<Item = &str> {
        let record = self.value.iter().map(|(name, _)| name);
        let record = record.filter(|name| of_record(&self.value, &self.carried, name).is_some());
        record.chain(self.said.names())
    }
}

/// Whether a value is written, whatever was before it: a null of a field that has none is not.
fn is_final(target: &Target, name: &str, value: &Value) -> bool {
    !value.is_null() || target.takes_null(name)
}
