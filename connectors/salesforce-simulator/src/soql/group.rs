//! Queries that show groups of rows: GROUP BY, aggregate functions, subtotals and HAVING.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json, json};

use super::filter::{Filter, Term};
use super::query::OrderBy;
use super::run::compare;
use super::syntax::Subtotals;
use super::value_order::{Collation, number};
use crate::data::{Row, Store, Value};
use crate::timestamp::Timestamp;

/// How rows are put into groups and what is shown of each.
#[derive(Clone, Debug)]
pub(crate) struct Grouping {
    /// Rows with the same values of these are in one group.
    pub(crate) keys: Vec<(Term, Collation)>,
    /// Further groups that leave keys out.
    pub(crate) subtotals: Subtotals,
    /// What is worked out for each group.
    pub(crate) aggregates: Vec<Aggregate>,
    /// What is shown, each under its name.
    pub(crate) shown: Vec<(String, Measure)>,
    /// Which groups.
    pub(crate) having: Option<Filter<Measure>>,
    /// In which order.
    pub(crate) order: Vec<OrderBy<Measure>>,
    /// At most so many groups.
    pub(crate) limit: Option<usize>,
    /// Without the first ones.
    pub(crate) offset: usize,
}

/// Something of a group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Measure {
    /// A key, by its place.
    Key(usize),
    /// `GROUPING(key)`: 1 in subtotals that leave the key out.
    LeftOut(usize),
    /// An aggregate, by its place.
    Aggregate(usize),
}

/// A function of all rows of a group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aggregate {
    pub(crate) function: AggregateFunction,
    pub(crate) of: Term,
    pub(crate) collation: Collation,
    /// The values are whole numbers.
    pub(crate) whole: bool,
}

/// Aggregate functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AggregateFunction {
    Avg,
    Count,
    CountDistinct,
    Max,
    Min,
    Sum,
}

/// One group while it is filled.
#[derive(Debug)]
struct Group {
    keys: Vec<Value>,
    left_out: Vec<bool>,
    totals: Vec<Total>,
}

#[derive(Clone, Debug, Default)]
struct Total {
    count: i64,
    sum: f64,
    distinct: HashSet<String>,
    extreme: Option<Value>,
}

impl AggregateFunction {
    /// The function of a name, in any letter case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "AVG" => Self::Avg,
            "COUNT" => Self::Count,
            "COUNT_DISTINCT" => Self::CountDistinct,
            "MAX" => Self::Max,
            "MIN" => Self::Min,
            "SUM" => Self::Sum,
            _ => return None,
        })
    }

    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Avg => "AVG",
            Self::Count => "COUNT",
            Self::CountDistinct => "COUNT_DISTINCT",
            Self::Max => "MAX",
            Self::Min => "MIN",
            Self::Sum => "SUM",
        }
    }
}

impl Grouping {
    /// The groups of these rows as records, in order. Without keys there is always one.
    pub(crate) fn records<'a>(&self, store: &'a Store, rows: impl Iterator<Item = &'a Row>) -> Vec<Json> {
        let mut groups: HashMap<Vec<Option<String>>, Group> = HashMap::new();
        let masks = self.masks();
        if self.keys.is_empty() {
            groups.insert(self.group_key(&[], &[]), self.empty(Vec::new(), Vec::new()));
        }
        for row in rows {
            let values: Vec<Cow<'_, Value>> =
                self.keys.iter().map(|(term, _)| term.value(store, row)).collect();
            let aggregated: Vec<Cow<'_, Value>> =
                self.aggregates.iter().map(|aggregate| aggregate.of.value(store, row)).collect();
            for left_out in &masks {
                let key = self.group_key(&values, left_out);
                let group = groups.entry(key).or_insert_with(|| {
                    let shown = values.iter().zip(left_out);
                    let keys =
                        shown.map(|(value, out)| if *out { Value::Null } else { value.clone().into_owned() });
                    self.empty(keys.collect(), left_out.clone())
                });
                for ((total, aggregate), value) in
                    group.totals.iter_mut().zip(&self.aggregates).zip(&aggregated)
                {
                    total.add(aggregate, value);
                }
            }
        }
        let mut groups: Vec<Group> = groups.into_values().collect();
        if let Some(having) = &self.having {
            groups.retain(|group| having.holds(&|measure| self.value(group, measure)));
        }
        groups.sort_by(|a, b| self.order(a, b));
        let shown = groups.iter().skip(self.offset).take(self.limit.unwrap_or(usize::MAX));
        shown.map(|group| self.record(group)).collect()
    }

    /// Which keys each kind of group leaves out; the first leaves out none.
    fn masks(&self) -> Vec<Vec<bool>> {
        let keys = self.keys.len();
        match self.subtotals {
            Subtotals::None => vec![vec![false; keys]],
            Subtotals::Rollup => {
                (0..=keys).rev().map(|kept| (0..keys).map(|key| key >= kept).collect()).collect()
            }
            Subtotals::Cube => {
                (0..1_usize << keys).map(|mask| (0..keys).map(|key| mask >> key & 1 == 1).collect()).collect()
            }
        }
    }

    fn group_key(&self, values: &[Cow<'_, Value>], left_out: &[bool]) -> Vec<Option<String>> {
        let mark = left_out.iter().map(|out| if *out { '1' } else { '0' }).collect();
        let keys = values
            .iter()
            .zip(&self.keys)
            .zip(left_out)
            .map(|((value, (_, collation)), out)| if *out { None } else { collation.key(value) });
        keys.chain([Some(mark)]).collect()
    }

    fn empty(&self, keys: Vec<Value>, left_out: Vec<bool>) -> Group {
        Group { keys, left_out, totals: vec![Total::default(); self.aggregates.len()] }
    }

    /// In the order that is asked for, then by the keys, subtotals last.
    fn order(&self, a: &Group, b: &Group) -> Ordering {
        compare(&self.order, |measure| self.value(a, measure), |measure| self.value(b, measure))
            .then_with(|| a.left_out.cmp(&b.left_out))
            .then_with(|| {
                let pairs = a.keys.iter().zip(&b.keys).zip(&self.keys);
                let mut orders = pairs.map(|((a, b), (_, collation))| match (a.is_null(), b.is_null()) {
                    (false, false) => collation.order(a, b).unwrap_or(Ordering::Equal),
                    (a, b) => b.cmp(&a),
                });
                orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            })
    }

    fn value<'v>(&self, group: &Group, measure: &Measure) -> Cow<'v, Value> {
        Cow::Owned(match measure {
            Measure::Key(at) => group.keys.get(*at).cloned().unwrap_or(Value::Null),
            Measure::LeftOut(at) => Value::Int(i64::from(group.left_out.get(*at) == Some(&true))),
            Measure::Aggregate(at) => {
                let found = self.aggregates.get(*at).zip(group.totals.get(*at));
                found.map_or(Value::Null, |(aggregate, total)| total.value(aggregate))
            }
        })
    }

    fn record(&self, group: &Group) -> Json {
        let mut record = Map::new();
        record.insert("attributes".to_owned(), json!({"type": "AggregateResult"}));
        for (name, measure) in &self.shown {
            record.insert(name.clone(), self.value(group, measure).to_json(Timestamp::rest));
        }
        Json::Object(record)
    }
}

impl Total {
    fn add(&mut self, aggregate: &Aggregate, value: &Value) {
        if value.is_null() {
            return;
        }
        self.count += 1;
        let replaces = |wanted: Ordering, old: &Value| aggregate.collation.order(value, old) == Some(wanted);
        let wanted = match aggregate.function {
            AggregateFunction::Avg | AggregateFunction::Sum => {
                self.sum += number(value).unwrap_or_default();
                return;
            }
            AggregateFunction::CountDistinct => {
                self.distinct.extend(aggregate.collation.key(value));
                return;
            }
            AggregateFunction::Count => return,
            AggregateFunction::Max => Ordering::Greater,
            AggregateFunction::Min => Ordering::Less,
        };
        if self.extreme.as_ref().is_none_or(|old| replaces(wanted, old)) {
            self.extreme = Some(value.clone());
        }
    }

    fn value(&self, aggregate: &Aggregate) -> Value {
        match aggregate.function {
            AggregateFunction::Count => Value::Int(self.count),
            AggregateFunction::CountDistinct => {
                Value::Int(i64::try_from(self.distinct.len()).unwrap_or(i64::MAX))
            }
            AggregateFunction::Max | AggregateFunction::Min => self.extreme.clone().unwrap_or(Value::Null),
            _ if self.count == 0 => Value::Null,
            #[expect(clippy::cast_precision_loss, reason = "an org has far fewer than 2^53 rows")]
            AggregateFunction::Avg => Value::Double(self.sum / self.count as f64),
            #[expect(clippy::cast_possible_truncation, reason = "a sum of whole numbers of at most 9 digits")]
            AggregateFunction::Sum if aggregate.whole => Value::Int(self.sum as i64),
            AggregateFunction::Sum => Value::Double(self.sum),
        }
    }
}
