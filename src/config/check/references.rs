//! The rules of an object's references.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use orgstream_salesforce::SalesforceId;
use orgstream_salesforce_sink::{Fallback, FindRule, ReferenceRule, ReferenceRules};

use super::{Report, is_api_name};
use crate::config::raw;
use crate::config::substitute::Surroundings;
use crate::id_file;

/// The key that speaks of all fields without one of their own.
const DEFAULT: &str = "default";

/// The rules of `object`; what is wrong is reported and left out.
pub(super) fn references(
    (pipeline, object): (&str, &str),
    raw: BTreeMap<String, raw::Reference>,
    has_source: bool,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> ReferenceRules {
    let mut rules = ReferenceRules::default();
    for (field, raw) in raw {
        let path = ["pipelines", pipeline, "objects", object, "references", field.as_str()];
        if field == DEFAULT {
            match raw {
                raw::Reference::Word(word) => rules.default = plain(word),
                raw::Reference::Find(_) => {
                    report.fault(
                        &path,
                        "is `map` or `leave_out`; a rule belongs to one field and stands under its name",
                    );
                }
            }
            continue;
        }
        if !is_api_name(&field) {
            report.fault(&path, format!("`{field}` is not the API name of a field, such as `OwnerId`"));
        }
        let rule = match raw {
            raw::Reference::Word(word) => plain(word),
            raw::Reference::Find(raw) => {
                ReferenceRule::Find(Arc::new(find(&path, raw, has_source, from, report)))
            }
        };
        rules.fields.insert(field, rule);
    }
    rules
}

fn plain(word: raw::ReferenceWord) -> ReferenceRule {
    match word {
        raw::ReferenceWord::Map => ReferenceRule::Map,
        raw::ReferenceWord::LeaveOut => ReferenceRule::LeaveOut,
    }
}

fn find(
    path: &[&str],
    raw: raw::FindRule,
    has_source: bool,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> FindRule {
    let at = |key| path.iter().copied().chain([key]).collect::<Vec<_>>();
    let raw::FindRule { by, file, default } = raw;
    if ["match", "file", "default"].iter().all(|key| !report.has(path, key)) {
        report.fault(
            path,
            "says nothing; write `match`, `file` or `default`, or the word `map` or `leave_out`",
        );
    }
    if let Some(by) = &by {
        if !is_api_name(by) {
            report.fault(&at("match"), format!("`{by}` is not the API name of a field, such as `Username`"));
        }
        if !has_source {
            let message = "needs the org that the records come from, and this pipeline has no source; use `file` or `default`";
            report.fault(&at("match"), message);
        }
    }
    let fallback = default.and_then(|text| match (id(&text), &by) {
        (Some(id), _) => Some(Fallback::Id(id)),
        (None, Some(_)) => Some(Fallback::Value(text)),
        (None, None) => {
            let message =
                format!("`{text}` is not an id of 15 or 18 characters; without `match` it has to be one");
            report.fault(&at("default"), message);
            None
        }
    });
    let pairs = file.as_deref().map(|file| pairs(&at("file"), file, from, report)).unwrap_or_default();
    let lines = pairs.iter().map(|(source, (_, line))| (*source, *line)).collect();
    let ids = pairs.into_iter().map(|(source, (target, _))| (source, target)).collect();
    FindRule { ids, lines, by, fallback }
}

/// The id that `text` is. Names of 15 letters have the form of an id as well, but not the beginning of one.
fn id(text: &str) -> Option<SalesforceId> {
    let begins = text.starts_with(|first: char| first.is_ascii_digit())
        || (text.starts_with('a') && text.contains(|c: char| c.is_ascii_digit()));
    SalesforceId::parse(text).ok().filter(|_| begins)
}

/// The pairs of ids in a file, with their lines.
fn pairs(
    path: &[&str],
    file: &str,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> HashMap<SalesforceId, (SalesforceId, u64)> {
    match id_file::read_pairs(&from.resolve(file)) {
        Ok(pairs) => pairs,
        Err(faults) => {
            for fault in faults {
                report.fault(path, fault);
            }
            HashMap::new()
        }
    }
}
