//! Refuses links by which two records of one org would stand for the same record of the other: a change of either would be
//! written to it, and it would be deleted with the first of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use orgstream_api::{IdLink, LinkState};

use super::place::Place;
use crate::cli::exit::Failure;
use crate::runtime::process::database_path;
use crate::store::{LinkKey, LinkReader, Pair};

/// Links that are read at once.
const PAGE: usize = 2_000;

/// Faults that are named one by one.
const NAMED: usize = 20;

/// A record of a target org, as links from one org lead to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    source_org: String,
    object: String,
    target_org: String,
    id: String,
}

impl Target {
    fn of(key: &LinkKey, id: &str) -> Self {
        let LinkKey { source_org, object, target_org, .. } = key.clone();
        Self { source_org, object, target_org, id: id.to_owned() }
    }
}

/// Looks at the links to be set together with those that stay.
pub(super) async fn refuse_doubles(place: &Place, set: &[Pair]) -> Result<(), Failure> {
    let mut sources: BTreeMap<Target, BTreeSet<String>> = BTreeMap::new();
    for pair in set {
        let target = Target::of(&pair.key, &pair.target_id);
        sources.entry(target).or_default().insert(pair.key.source_id.clone());
    }
    let moved: HashSet<&LinkKey> = set.iter().map(|pair| &pair.key).collect();
    // Where nothing ran yet there is nothing that stays.
    if let Some(reader) = LinkReader::open(&database_path(&place.state)).map_err(Failure::failed)? {
        let mut after = None;
        loop {
            let page = reader.all(after.take(), PAGE).await.map_err(Failure::failed)?;
            for link in page.iter().filter(|link| !moved.contains(&LinkKey::of(link))) {
                add(link, &mut sources);
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = Some(LinkKey::of(last)),
                _ => break,
            }
        }
    }
    let faults: Vec<String> = sources.iter().filter_map(fault).take(NAMED).collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!("{}\nNothing is changed.", faults.join("\n"))))
}

fn add(link: &IdLink, sources: &mut BTreeMap<Target, BTreeSet<String>>) {
    let (LinkState::Live, Some(id)) = (link.state, &link.target_id) else { return };
    if let Some(known) = sources.get_mut(&Target::of(&LinkKey::of(link), id)) {
        known.insert(link.source_id.clone());
    }
}

fn fault((target, sources): (&Target, &BTreeSet<String>)) -> Option<String> {
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    (sources.len() > 1).then(|| {
        format!(
            "{} {} of the target org would stand for {}; a record stands for one: `orgstream ids forget` the wrong one, or set \
             it elsewhere in the same file",
            target.object,
            target.id,
            sources.join(" and ")
        )
    })
}
