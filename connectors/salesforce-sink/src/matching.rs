//! Finds the records of org B that stand for records of org A which no pipeline brings: users, queues, record types, and
//! whatever has the same value in a field of both orgs.
//!
//! A record carries only the id that its reference has in org A. So org A is read first, for the value that the record
//! behind the id has, then org B, for the record that has it. Both are asked for many at a time, and their answers kept
//! for a while.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use orgstream_salesforce::{ApiError, Describe, DescribeField, Disposition, Org, SalesforceId, soql};
use tokio::time::Instant;

use crate::lookup::fitting;
use crate::parents::Trouble;

mod cache;
use cache::Cache;

mod likeness;
use likeness::{Likeness, field_of, folded, kind_of, named_field, own_name};

mod source;
use source::{Known, Source};

/// How many different things are said once; after that it is said of each.
const SAID: usize = 10_000;

/// The field of an object that has the value of a rule, which names a field.
type FieldOf = for<'a> fn(&'a Describe, &str) -> Option<&'a DescribeField>;

/// Matches records of two orgs.
pub(crate) struct Matcher {
    source: Option<Source>,
    target: Org,
    holders: Mutex<Cache<Likeness, Vec<SalesforceId>>>,
    said: Mutex<HashSet<String>>,
}

/// A record of org A whose counterpart is looked for.
#[derive(Debug, Clone)]
pub(crate) struct Sought<'a> {
    /// The org that it is a record of.
    pub(crate) org: &'a str,
    /// Its id there.
    pub(crate) id: SalesforceId,
    /// The field by which it is known.
    pub(crate) by: &'a str,
    /// The objects that it may be of.
    pub(crate) objects: &'a [String],
    /// Whether what was answered before is not believed.
    pub(crate) anew: bool,
}

/// A record of org B that is looked for by its own value.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    /// The value.
    pub(crate) value: &'a str,
    /// The field that has it.
    pub(crate) by: &'a str,
    /// The objects that it may be of.
    pub(crate) objects: &'a [String],
    /// The object that points at it: a record type belongs to one.
    pub(crate) from: &'a str,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// One record.
    One(SalesforceId),
    /// Several: nobody knows which is meant.
    Several(Vec<SalesforceId>, String),
    /// None, for this reason.
    None(String),
}

impl Sought<'_> {
    fn may_be(&self, object: &str) -> bool {
        self.objects.iter().any(|known| known.eq_ignore_ascii_case(object))
    }

    fn not_a(&self, object: &str) -> String {
        format!("{} is a record of {object}, and the field points at {}", self.id, self.objects.join(", "))
    }
}

impl Matcher {
    /// Matches records of `source`, where it can be asked, with those of `target`.
    pub(crate) fn new(source: Option<Org>, target: Org) -> Self {
        Self { source: source.map(Source::new), target, holders: Mutex::default(), said: Mutex::default() }
    }

    /// The org that is read for what its records are known by.
    pub(crate) fn source(&self) -> Option<&Org> {
        self.source.as_ref().map(|source| &source.org)
    }

    /// The counterparts of records of org A, in order.
    pub(crate) async fn counterparts(&self, sought: &[Sought<'_>]) -> Result<Vec<Found>, Trouble> {
        let known = self.known(sought).await?;
        let anew = sought.iter().any(|sought| sought.anew);
        self.found(known, anew).await.map_err(Trouble::Org)
    }

    /// The records of org B that have these values, in order: in the field that the rule names, else as the name of a queue
    /// or a record type.
    pub(crate) async fn holders_of(&self, wanted: &[Wanted<'_>]) -> Result<Vec<Found>, Trouble> {
        let mut holders = self.with_value(wanted, named_field).await?;
        let by_name = self.with_value(wanted, |describe, _| own_name(describe)).await?;
        for (found, instead) in holders.iter_mut().zip(by_name) {
            if matches!(found, Found::None(_)) && !matches!(instead, Found::None(_)) {
                *found = instead;
            }
        }
        Ok(holders)
    }

    async fn with_value(&self, wanted: &[Wanted<'_>], field: FieldOf) -> Result<Vec<Found>, Trouble> {
        let mut known = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            known.push(self.likeness_of(wanted, field).await.map_err(Trouble::Org)?);
        }
        self.found(known, false).await.map_err(Trouble::Org)
    }

    /// Whether this is said for the first time.
    pub(crate) fn is_news(&self, what: &str) -> bool {
        let mut said = self.said.lock().expect("no holder of this lock panics");
        if said.len() >= SAID { !said.contains(what) } else { said.insert(what.to_owned()) }
    }

    async fn known(&self, sought: &[Sought<'_>]) -> Result<Vec<Known>, Trouble> {
        let Some(source) = &self.source else {
            let why = "the org that the record comes from is not asked in this process".to_owned();
            return Ok(vec![Err(why); sought.len()]);
        };
        let ours = |sought: &&Sought<'_>| sought.org == source.org.id().as_str();
        let asked: Vec<&Sought<'_>> = sought.iter().filter(ours).collect();
        let mut answers = source.likenesses(&asked).await.map_err(Trouble::Source)?.into_iter();
        let known = sought.iter().map(|sought| {
            if ours(&sought) {
                return answers.next().expect("one answer for each that is asked");
            }
            Err(format!(
                "the record comes from org {}, and only `{}` can be asked",
                sought.org,
                source.org.name()
            ))
        });
        Ok(known.collect())
    }

    /// The likeness of the record of org B that has a value.
    async fn likeness_of(&self, wanted: &Wanted<'_>, field: FieldOf) -> Result<Known, ApiError> {
        for object in wanted.objects {
            let Some(describe) = describe(&self.target, object).await? else { continue };
            let Some(field) = field(&describe, wanted.by) else { continue };
            let kind = match object.as_str() {
                "RecordType" => Some(wanted.from.to_owned()),
                "Group" => Some("Queue".to_owned()),
                _ => None,
            };
            return Ok(Ok(Likeness {
                object: object.clone(),
                field: field.name.clone(),
                value: folded(field, wanted.value),
                kind,
            }));
        }
        let (objects, org) = (wanted.objects.join(", "), self.target.name());
        Ok(Err(format!("none of {objects} has a text field `{}` in org `{org}`", wanted.by)))
    }

    /// The records of org B that are alike.
    async fn found(&self, known: Vec<Known>, anew: bool) -> Result<Vec<Found>, ApiError> {
        let now = Instant::now();
        let mut holders: HashMap<&Likeness, Vec<SalesforceId>> = HashMap::new();
        let mut asked: BTreeMap<(&str, &str), HashSet<&Likeness>> = BTreeMap::new();
        for likeness in known.iter().flatten() {
            let old = {
                let holders = self.holders.lock().expect("no holder of this lock panics");
                holders.get(likeness, now).filter(|_| !anew)
            };
            match old {
                Some(ids) => drop(holders.insert(likeness, ids)),
                None => drop(asked.entry((&likeness.object, &likeness.field)).or_default().insert(likeness)),
            }
        }
        for ((object, field), likenesses) in asked {
            let mut rows = self.ask(object, field, &likenesses).await?;
            let mut cache = self.holders.lock().expect("no holder of this lock panics");
            for likeness in likenesses {
                let ids = rows.remove(likeness).unwrap_or_default();
                cache.put(likeness.clone(), ids.clone(), !ids.is_empty(), now);
                holders.insert(likeness, ids);
            }
        }
        let found = known.iter().map(|known| match known {
            Err(why) => Found::None(why.clone()),
            Ok(likeness) => self.one_of(likeness, &holders[likeness]),
        });
        Ok(found.collect())
    }

    fn one_of(&self, likeness: &Likeness, ids: &[SalesforceId]) -> Found {
        let Likeness { object, field, value, kind } = likeness;
        let of = kind.as_ref().map(|kind| format!(" of {kind}")).unwrap_or_default();
        match ids {
            [] => Found::None(format!(
                "org `{}` has no {object}{of} whose {field} is `{value}`",
                self.target.name()
            )),
            [one] => Found::One(*one),
            several => {
                let what = format!(
                    "org `{}` has several of {object}{of} whose {field} is `{value}`",
                    self.target.name()
                );
                Found::Several(several.to_vec(), what)
            }
        }
    }

    /// The rows of one object that have one of the values.
    async fn ask(
        &self,
        object: &str,
        field: &str,
        likenesses: &HashSet<&Likeness>,
    ) -> Result<HashMap<Likeness, Vec<SalesforceId>>, ApiError> {
        let mut rows: HashMap<Likeness, Vec<SalesforceId>> = HashMap::new();
        let described = describe(&self.target, object).await?;
        let described = described.as_deref().and_then(|describe| field_of(describe, field));
        // Nothing that the org does not show is there.
        let Some(described) = described.filter(|described| described.name == field) else {
            return Ok(rows);
        };
        let mut values: Vec<&str> = likenesses.iter().map(|likeness| likeness.value.as_str()).collect();
        values.sort_unstable();
        values.dedup();
        let columns: Vec<&str> = ["Id", field].into_iter().chain(kind_of(object)).collect();
        let mut rest = values.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(fitting(rest));
            rest = later;
            let (columns, list) = (columns.join(", "), soql::list(now));
            let soql = format!("SELECT {columns} FROM {object} WHERE {field} IN {list} ORDER BY Id");
            let mut page = self.target.query(&soql).await?;
            loop {
                for row in &page.rows {
                    let id = row.get("Id").and_then(serde_json::Value::as_str).map(SalesforceId::parse);
                    if let (Some(Ok(id)), Some(likeness)) = (id, Likeness::of_row(object, described, row)) {
                        rows.entry(likeness).or_default().push(id);
                    }
                }
                let Some(next) = &page.next else { break };
                page = self.target.query_next(next).await?;
            }
        }
        Ok(rows)
    }
}

/// Whether records of one of the objects can be matched by the field `by`, as org B describes them.
pub(crate) async fn is_matched_by(org: &Org, objects: &[String], by: &str) -> Result<bool, ApiError> {
    for object in objects {
        let described = describe(org, object).await?;
        if described.is_some_and(|describe| named_field(&describe, by).is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An object as an org describes it; `None` where the org does not show it.
async fn describe(org: &Org, object: &str) -> Result<Option<Arc<Describe>>, ApiError> {
    match org.describe(object).await {
        Ok(describe) => Ok(Some(describe)),
        Err(error) => match error.disposition() {
            Disposition::Reject | Disposition::Gone => Ok(None),
            _ => Err(error),
        },
    }
}
