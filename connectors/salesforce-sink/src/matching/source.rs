//! What the org that the records come from says of a record: by what it is known in org B.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use orgstream_salesforce::{ApiError, Org, SalesforceId};
use tokio::time::Instant;

use super::cache::Cache;
use super::likeness::{Likeness, field_of, kind_of};
use super::{Sought, describe};

/// Rows of one call.
const ROWS: usize = 2_000;

/// How soon the org is asked again for its objects, when an id belongs to none of those that are known.
const OBJECTS_AGAIN: Duration = Duration::from_mins(1);

/// Reads org A, and nothing else.
pub(super) struct Source {
    pub(super) org: Org,
    /// By field and id.
    known: Mutex<Cache<(String, SalesforceId), Known>>,
    prefixes: tokio::sync::Mutex<Option<Prefixes>>,
}

/// What is known of a record: its likeness, or why there is none.
pub(super) type Known = Result<Likeness, String>;

struct Prefixes {
    objects: HashMap<String, String>,
    at: Instant,
}

impl Source {
    pub(super) fn new(org: Org) -> Self {
        Self { org, known: Mutex::default(), prefixes: tokio::sync::Mutex::default() }
    }

    /// What is known of each record of `sought`, in order.
    pub(super) async fn likenesses(&self, sought: &[&Sought<'_>]) -> Result<Vec<Known>, ApiError> {
        let now = Instant::now();
        let key = |sought: &Sought<'_>| (sought.by.to_owned(), sought.id);
        let mut found: HashMap<(String, SalesforceId), Known> = HashMap::new();
        let mut asked: BTreeMap<(String, &str), Vec<SalesforceId>> = BTreeMap::new();
        for one in sought {
            let old = {
                let known = self.known.lock().expect("no holder of this lock panics");
                known.get(&key(one), now).filter(|_| !one.anew)
            };
            match old {
                Some(old) => drop(found.insert(key(one), old)),
                None => match self.object_of(one.id).await? {
                    Some(object) if one.may_be(&object) => {
                        asked.entry((object, one.by)).or_default().push(one.id);
                    }
                    Some(object) => drop(found.insert(key(one), Err(one.not_a(&object)))),
                    None => {
                        let why =
                            format!("no object that org `{}` shows has ids like {}", self.org.name(), one.id);
                        found.insert(key(one), Err(why));
                    }
                },
            }
        }
        for ((object, by), mut ids) in asked {
            ids.sort_unstable();
            ids.dedup();
            for ids in ids.chunks(ROWS) {
                let answers = self.read(&object, by, ids).await?;
                let mut known = self.known.lock().expect("no holder of this lock panics");
                for (id, answer) in ids.iter().zip(answers) {
                    known.put((by.to_owned(), *id), answer.clone(), answer.is_ok(), now);
                    found.insert((by.to_owned(), *id), answer);
                }
            }
        }
        Ok(sought.iter().map(|one| found[&key(one)].clone()).collect())
    }

    /// Reads the likenesses of records of one object.
    async fn read(&self, object: &str, by: &str, ids: &[SalesforceId]) -> Result<Vec<Known>, ApiError> {
        let org = self.org.name();
        let Some(describe) = describe(&self.org, object).await? else {
            return Ok(vec![Err(format!("org `{org}` does not show its object {object}")); ids.len()]);
        };
        let Some(field) = field_of(&describe, by) else {
            return Ok(vec![Err(format!("{object} has no text field `{by}` in org `{org}`")); ids.len()]);
        };
        let columns: Vec<String> =
            [Some(field.name.as_str()), kind_of(object)].into_iter().flatten().map(str::to_owned).collect();
        let rows = self.org.retrieve(object, ids, &columns).await?;
        let known = ids.iter().zip(rows).map(|(id, row)| match row {
            None => Err(format!("org `{org}` has no {object} {id}, or does not show it")),
            Some(row) => Likeness::of_row(object, field, &row)
                .ok_or_else(|| format!("{object} {id} of org `{org}` has nothing in {}", field.name)),
        });
        Ok(known.collect())
    }

    /// The object whose record ids begin as `id` does.
    async fn object_of(&self, id: SalesforceId) -> Result<Option<String>, ApiError> {
        let mut prefixes = self.prefixes.lock().await;
        if let Some(known) = &*prefixes {
            let object = known.objects.get(id.key_prefix());
            if object.is_some() || known.at.elapsed() < OBJECTS_AGAIN {
                return Ok(object.cloned());
            }
        }
        let objects = self.org.key_prefixes().await?;
        let object = objects.get(id.key_prefix()).cloned();
        *prefixes = Some(Prefixes { objects, at: Instant::now() });
        Ok(object)
    }
}
