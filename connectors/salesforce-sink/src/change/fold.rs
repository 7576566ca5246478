//! What several changes of one record say together.
//!
//! Each keeps its own layer, so that the newest one that says something of a field is heard, and so that those of them
//! that turn out to be written already can be left out again.

use std::sync::Arc;

use orgstream_api::{Field, InputOffset, Schema, Struct, Value};

use super::layer::{self, Layer};
use super::said::Said;
use super::{Carried, Change, of_record};
use crate::plan::Kind;
use crate::target::{Reference, Target};
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
        let parents = self.earlier.iter().filter_map(|layer| self.parents_of(layer)).collect();
        let names = self.earlier.iter().flat_map(Earlier::names);
        let is_plain = |name: &&str| self.target.reference_of(name).is_none();
        let named: Vec<String> = names.filter(is_plain).map(str::to_owned).collect();
        for name in named {
            if let Some((_, value)) = self.heard(&name).filter(|(version, _)| version.at != self.version.at) {
                let value = value.clone();
                self.said.set(&name, value);
            }
        }
        let layers = std::mem::replace(&mut self.earlier, parents);
        self.said.add_cut(layers.iter().map(|layer| layer.said.cut()).sum());
    }

    /// What is written of an earlier change's parents, which may be named in another way than this one names its own.
    fn parents_of(&self, layer: &Earlier) -> Option<Earlier> {
        let is_heard = |name: &&str| {
            let reference = self.target.reference_of(name);
            let deciding = reference.and_then(|reference| self.parent_said_by(&reference.field));
            deciding.is_some_and(|deciding| deciding.version.at == layer.version.at)
        };
        let names: Vec<&str> = layer.names().filter(is_heard).collect();
        (!names.is_empty()).then(|| layer.only(&names))
    }

    /// How many texts were cut.
    pub(crate) fn cut(&self) -> usize {
        self.said.cut() + self.earlier.iter().map(|layer| layer.said.cut()).sum::<usize>()
    }

    /// The version of the change that says what is written of a field.
    pub(crate) fn version_of(&self, name: &str) -> &Version {
        self.heard(name).map_or(&self.version, |(version, _)| version)
    }

    /// Where the newest change lies that says something of a field.
    pub(super) fn said_at(&self, name: &str) -> Option<&InputOffset> {
        let reference = self.target.refers_by(name);
        let says = |layer: &Layer<'_>| {
            layer.says(name).is_some()
                || reference.is_some_and(|reference| layer.parent(&reference.field).is_some())
        };
        Some(&self.layers().find(says)?.version.at)
    }

    /// What is written of a field, and the version of the change that says it.
    pub(super) fn heard(&self, name: &str) -> Option<(&Version, &Value)> {
        if self.earlier.is_empty() {
            return Some((&self.version, self.own(name)?));
        }
        if let Some(Reference { field, .. }) = self.target.refers_by(name) {
            return self.parent_said_by(field)?.tells(name);
        }
        let mut said = self.layers().filter_map(|layer| layer.tells(name)).peekable();
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
        names.all(|name| match self.target.reference_of(name) {
            Some(Reference { field, .. }) => {
                let parent = self.alone().parent(field).filter(|_| !self.target.takes_once(&field.name));
                parent.is_some_and(|parent| layer::is_final(field, parent))
            }
            None => {
                let is_final = |value| is_final(&self.target, name, value);
                !self.target.takes_once(name) && self.own(name).is_some_and(is_final)
            }
        })
    }
}

impl Earlier {
    /// What it says by itself.
    pub(super) fn alone<'a>(&'a self, target: &'a Target) -> Layer<'a> {
        let Self { version, said, value, carried } = self;
        Layer { target, version, said, value, carried }
    }

    /// Of what it says what it says of `names`, of which it says something each.
    fn only(&self, names: &[&str]) -> Self {
        let fields = self.value.schema().fields().iter().zip(self.value.values());
        let (fields, values): (Vec<Field>, Vec<Value>) = fields
            .filter(|(field, _)| names.contains(&field.name.as_str()))
            .map(|(field, value)| (field.clone(), value.clone()))
            .unzip();
        let carried = match &self.carried {
            Carried::Named(_) => Carried::Named(vec![true; fields.len()]),
            Carried::NotNull => Carried::NotNull,
            Carried::All => Carried::All,
        };
        let schema = Arc::new(Schema::new(self.value.schema().name(), fields));
        let value = Struct::of(schema, values).expect("as many values as fields");
        Self { version: self.version.clone(), said: self.said.only(names), value, carried }
    }

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
