//! What one change says by itself, be it alone or one of several that are written together.

use std::sync::Arc;

use orgstream_api::{Schema, Struct, Value};
use orgstream_salesforce::DescribeField;

use super::said::Said;
use super::{Carried, Change, says};
use crate::relationships::{Parent, said};
use crate::target::Target;
use crate::versions::Version;

/// What one change says by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer<'a> {
    pub(super) target: &'a Target,
    pub(super) version: &'a Version,
    pub(super) said: &'a Said,
    pub(super) value: &'a Struct,
    pub(super) carried: &'a Carried,
}

impl<'a> Layer<'a> {
    /// The object of org B.
    pub(crate) fn target(&self) -> &'a Target {
        self.target
    }

    /// The fields that its record has, of whatever it carries.
    pub(crate) fn schema(&self) -> &'a Arc<Schema> {
        self.value.schema()
    }

    /// What it says of a field of org B, or of a column that names a parent.
    pub(crate) fn says(&self, name: &str) -> Option<&'a Value> {
        says(self.target, self.said, self.value, self.carried, name)
    }

    /// As [`Layer::says`], with the version of the change.
    pub(super) fn tells(self, name: &str) -> Option<(&'a Version, &'a Value)> {
        Some((self.version, self.says(name)?))
    }

    /// Whether a null in its record says that there is no value.
    pub(crate) fn says_nulls(&self) -> bool {
        !matches!(self.carried, Carried::NotNull)
    }

    /// What it says of the parent that the reference `field` points at, by a column or by an id.
    pub(super) fn parent(&self, field: &DescribeField) -> Option<Parent> {
        let by_id = |value: &Value| if value.is_null() { Parent::Nobody } else { Parent::Somebody };
        said(self, field).or_else(|| self.says(&field.name).map(by_id))
    }
}

impl Change {
    /// The change and those that are written with it, each for itself, newest first.
    pub(crate) fn layers(&self) -> impl Iterator<Item = Layer<'_>> {
        let earlier = self.earlier.iter().rev().map(|layer| layer.alone(&self.target));
        std::iter::once(self.alone()).chain(earlier)
    }

    /// What this change says by itself.
    pub(super) fn alone(&self) -> Layer<'_> {
        let Self { target, version, said, value, carried, .. } = self;
        Layer { target, version, said, value, carried }
    }

    /// Whether what `layer`, one of its own, says of the parent in the reference `field` is what is written.
    pub(crate) fn hears_of_parent(&self, layer: &Layer<'_>, field: &DescribeField) -> bool {
        self.earlier.is_empty()
            || self.parent_said_by(field).is_some_and(|deciding| deciding.version.at == layer.version.at)
    }

    /// The change that says what is written of the parent in the reference `field`: an id and a column are two ways to
    /// say the same, so the newest of either is heard.
    pub(super) fn parent_said_by(&self, field: &DescribeField) -> Option<Layer<'_>> {
        let mut said = self.layers().filter_map(|layer| Some((layer, layer.parent(field)?)));
        if self.target.takes_once(&field.name) {
            // The change that makes the record decides it.
            return said.last().map(|(layer, _)| layer);
        }
        let (newest, parent) = said.next()?;
        if is_final(field, parent) {
            return Some(newest);
        }
        let earlier = said.find(|(_, parent)| is_final(field, *parent)).map(|(layer, _)| layer);
        Some(earlier.unwrap_or(newest))
    }
}

/// Whether it is written, whatever was before it: that there is no parent is not where org B has no null of the reference.
pub(super) fn is_final(field: &DescribeField, parent: Parent) -> bool {
    parent == Parent::Somebody || field.nillable
}
