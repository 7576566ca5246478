//! The headers of a record: fixed ones, computed ones, and those that say where it comes from.

use std::borrow::Cow;
use std::sync::Arc;

use orgstream_api::record::header;
use orgstream_api::{ExpressionError, Headers, Scope};

use super::text_of;
use crate::expression::JsonExpression;

/// Which headers records have.
#[derive(Debug, Default)]
pub(crate) struct HeaderRules {
    pub(crate) metadata: Metadata,
    /// More headers, in the order of the file.
    pub(crate) more: Vec<(String, Content)>,
}

/// What a header says.
#[derive(Debug)]
pub(crate) enum Content {
    /// The same for every record.
    Fixed(Arc<[u8]>),
    /// The value of an expression; a record for which that is null has no such header.
    Computed(JsonExpression),
}

/// The headers that say what the format of the value cannot: org, channel, replay id, stamp, carried fields, origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Metadata {
    /// They are there, and their names begin with this.
    Under(String),
    /// They are left out.
    LeftOut,
}

impl Default for Metadata {
    fn default() -> Self {
        Self::Under(header::PREFIX.to_owned())
    }
}

impl Metadata {
    /// The name that the header called `name` by default has on the topic.
    pub(crate) fn name(&self, name: &str) -> Option<Cow<'static, str>> {
        let Self::Under(prefix) = self else { return None };
        if prefix == header::PREFIX
            && let Some(known) = header::ALL.into_iter().find(|known| *known == name)
        {
            return Some(Cow::Borrowed(known));
        }
        Some(Cow::Owned(format!("{prefix}{}", name.strip_prefix(header::PREFIX).unwrap_or(name))))
    }
}

impl HeaderRules {
    /// Whether records have the headers that they have without a word in the file.
    pub(super) fn is_plain(&self) -> bool {
        self.metadata == Metadata::default() && self.more.is_empty()
    }

    /// The headers of a record; `None`: as they are. `failed` is told of expressions without a value.
    pub(super) fn of(&self, scope: &Scope<'_>, failed: &mut dyn FnMut(&ExpressionError)) -> Option<Headers> {
        if self.is_plain() {
            return None;
        }
        let mut headers = scope.headers.clone().renamed(|name| self.metadata.name(name));
        for (name, content) in &self.more {
            match content {
                Content::Fixed(value) => headers.push_shared(name.clone(), Arc::clone(value)),
                Content::Computed(expression) => match expression.of(scope) {
                    Ok(value) => {
                        if let Some(text) = text_of(value) {
                            headers.push(name.clone(), text);
                        }
                    }
                    Err(error) => failed(&error),
                },
            }
        }
        Some(headers)
    }

    /// Whether records may have a header of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let of_ours =
            || header::ALL.into_iter().any(|ours| self.metadata.name(ours).as_deref() == Some(name));
        self.more.iter().any(|(known, _)| known == name) || of_ours()
    }

    /// Whether all changes of a record have the same header of this name.
    pub(crate) fn is_constant(&self, name: &str) -> bool {
        match self.more.iter().find(|(known, _)| known == name) {
            Some((_, Content::Fixed(_))) => true,
            Some((_, Content::Computed(expression))) => expression.is_of_the_record(),
            None => self.metadata.name(header::ORG).as_deref() == Some(name),
        }
    }
}
