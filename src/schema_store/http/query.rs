//! What the part of a URL after `?` says. Keys that mean nothing here are passed over, as the registry does.

use serde::{Deserialize, Deserializer};

use crate::schema_store::Refusal;
use crate::schema_store::catalog::versions::{Page, Shown, Wanted};

/// Clients ask for all subjects of all contexts with this; contexts are none of this store's words.
const EVERYTHING: &str = ":*:";

/// The options of all requests.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own on the wire")]
pub(super) struct Query {
    #[serde(deserialize_with = "flag")]
    pub(super) deleted: bool,
    #[serde(alias = "deleted_only", deserialize_with = "flag")]
    pub(super) deleted_only: bool,
    #[serde(deserialize_with = "flag")]
    pub(super) latest_only: bool,
    #[serde(deserialize_with = "flag")]
    pub(super) permanent: bool,
    #[serde(deserialize_with = "flag")]
    pub(super) normalize: bool,
    #[serde(deserialize_with = "flag")]
    pub(super) verbose: bool,
    #[serde(deserialize_with = "flag")]
    pub(super) default_to_global: bool,
    pub(super) subject_prefix: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) format: Option<String>,
    pub(super) offset: Option<u32>,
    pub(super) limit: Option<i32>,
}

impl Query {
    pub(super) fn shown(&self) -> Shown {
        match (self.deleted_only, self.deleted) {
            (true, _) => Shown::Deleted,
            (false, true) => Shown::All,
            (false, false) => Shown::Live,
        }
    }

    pub(super) fn prefix(&self) -> String {
        let prefix = self.subject_prefix.as_deref().unwrap_or_default();
        prefix.strip_prefix(EVERYTHING).unwrap_or(prefix).to_owned()
    }

    pub(super) fn page(&self) -> Page {
        let limit = self.limit.filter(|limit| *limit >= 0);
        Page { offset: self.offset.unwrap_or(0), limit: limit.unwrap_or(-1) }
    }

    /// The part of a list that was asked for.
    pub(super) fn cut<T>(&self, list: Vec<T>) -> Vec<T> {
        let Page { offset, limit } = self.page();
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        list.into_iter().skip(skipped).take(most).collect()
    }
}

/// Reads the part of a path that names a version.
pub(super) fn wanted(word: &str) -> Result<Wanted, Refusal> {
    match word {
        "latest" | "-1" => Ok(Wanted::Latest),
        number => match number.parse::<u32>() {
            Ok(number) if number > 0 && i32::try_from(number).is_ok() => Ok(Wanted::Number(number)),
            _ => Err(Refusal::InvalidVersion(number.to_owned())),
        },
    }
}

/// Clients write `true`, `True` or nothing at all.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(String::deserialize(deserializer)?.eq_ignore_ascii_case("true"))
}
