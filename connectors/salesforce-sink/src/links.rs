//! The id map as this sink sees it: what is bound, overlaid with what this sink wrote and the runtime has not bound yet.
//!
//! The overlay only saves look-ups and second writes. Losing an entry of it costs a call, never correctness: upserts go
//! by external id (D6), and a reference that cannot be resolved is owed (D3).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use orgstream_api::{IdLink, IdMap, InputOffset, LinkState, StoreError, TopicPartition};
use orgstream_salesforce::SalesforceId;

/// A record of another org.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RecordKey {
    /// Its org.
    pub(crate) org: String,
    /// Its object's API name.
    pub(crate) object: String,
    /// Its id there.
    pub(crate) id: String,
}

/// The record of the target org that a link leads to, if the link says that it lives.
pub(crate) fn live(link: &IdLink) -> Option<SalesforceId> {
    let id = link.target_id.as_ref().filter(|_| link.state == LinkState::Live)?;
    SalesforceId::parse(id).ok()
}

/// What is known of a record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Its newest link.
    pub(crate) link: Option<IdLink>,
    /// The version of the link in the id map.
    pub(crate) stored: Option<InputOffset>,
}

/// Links of records of other orgs to records of the target org.
pub(crate) struct Links {
    ids: Arc<dyn IdMap>,
    target_org: String,
    overlay: Mutex<Overlay>,
}

#[derive(Debug, Default)]
struct Overlay {
    /// How often the id map had forgotten links when the first of these was noted.
    forgotten: u64,
    links: HashMap<RecordKey, Unbound>,
}

/// A link that was written but perhaps not bound yet.
#[derive(Debug, Clone)]
struct Unbound {
    link: IdLink,
    /// What the id map held when the write began; once it holds something else, it has moved on.
    stored: Option<InputOffset>,
}

impl Links {
    /// The links of `ids` to `target_org`.
    pub(crate) fn new(ids: Arc<dyn IdMap>, target_org: String) -> Self {
        Self { ids, target_org, overlay: Mutex::default() }
    }

    /// The id of the target org.
    pub(crate) fn target_org(&self) -> &str {
        &self.target_org
    }

    /// What is known of `records`; every one of them has an entry in the answer.
    pub(crate) async fn resolve(
        &self,
        records: impl IntoIterator<Item = RecordKey>,
    ) -> Result<HashMap<RecordKey, Known>, StoreError> {
        let mut groups: HashMap<(String, String), HashSet<String>> = HashMap::new();
        for record in records {
            groups.entry((record.org, record.object)).or_default().insert(record.id);
        }
        let mut known = HashMap::new();
        for ((org, object), ids) in groups {
            let key = |id| RecordKey { org: org.clone(), object: object.clone(), id };
            let records: Vec<RecordKey> = ids.iter().cloned().map(key).collect();
            let ids: Vec<String> = ids.into_iter().collect();
            // Before the map is asked: what is bound meanwhile is in one of the two.
            let mut noted = self.noted(&records);
            let links = self.ids.resolve(&org, &object, &self.target_org, &ids).await?;
            // A link that somebody took out of the map looks like one that is not bound yet.
            if noted.forgotten != self.ids.forgotten() {
                noted.links.clear();
            }
            for (record, link) in records.into_iter().zip(links) {
                let newest = newest(link, noted.links.remove(&record));
                known.insert(record, newest);
            }
        }
        Ok(known)
    }

    /// Those of `ids`, records of the target org, that a link leads to.
    pub(crate) async fn linked(&self, object: &str, ids: &[String]) -> Result<HashSet<String>, StoreError> {
        self.ids.linked(object, &self.target_org, ids).await
    }

    /// Notes a link that the runtime is about to bind. `stored` is what the id map held when the write began.
    pub(crate) fn wrote(&self, link: IdLink, stored: Option<InputOffset>) {
        let record = RecordKey {
            org: link.source_org.clone(),
            object: link.object.clone(),
            id: link.source_id.clone(),
        };
        self.overlay().links.insert(record, Unbound { link, stored });
    }

    /// All that was noted is bound: the runtime asks for more outcomes when it has dealt with those before.
    pub(crate) fn bound(&self) {
        self.overlay().links.clear();
    }

    /// Forgets what was written for partitions that were taken away. Their outcomes may never be bound; when the
    /// records come again they must not be taken for duplicates of a write that nobody remembers (D7).
    pub(crate) fn forget(&self, partitions: &[TopicPartition]) {
        self.overlay().links.retain(|_, unbound| !partitions.contains(&unbound.link.last.partition));
    }

    /// What is noted of these.
    fn noted(&self, records: &[RecordKey]) -> Overlay {
        let mut overlay = self.overlay();
        let forgotten = self.ids.forgotten();
        if overlay.forgotten != forgotten {
            *overlay = Overlay { forgotten, ..Overlay::default() };
        }
        let found = records.iter().filter_map(|record| Some((record, overlay.links.get(record)?)));
        let links = found.map(|(record, unbound)| (record.clone(), unbound.clone())).collect();
        Overlay { forgotten, links }
    }

    fn overlay(&self) -> MutexGuard<'_, Overlay> {
        self.overlay.lock().expect("no holder of this lock panics")
    }
}

/// The newer of the link of the id map and the one that was noted, which no longer counts once the map has moved past it.
fn newest(link: Option<IdLink>, noted: Option<Unbound>) -> Known {
    let stored = link.as_ref().map(|link| link.last.clone());
    let Some(Unbound { link: ours, stored: before }) = noted else { return Known { link, stored } };
    let is_older = |now: &InputOffset| now.partition == ours.last.partition && now.offset < ours.last.offset;
    let not_bound_yet = stored == before || stored.as_ref().is_some_and(is_older);
    Known { link: if not_bound_yet { Some(ours) } else { link }, stored }
}

#[cfg(test)]
mod tests {
    use orgstream_api::store::MemoryIdMap;

    use super::*;

    fn link(partition: i32, offset: i64, target: &str) -> IdLink {
        IdLink {
            source_org: "A".into(),
            object: "Account".into(),
            source_id: "1".into(),
            target_org: "B".into(),
            target_id: Some(target.into()),
            state: LinkState::Live,
            last: InputOffset { partition: TopicPartition { topic: "a.Account".into(), partition }, offset },
            stamp: None,
        }
    }

    async fn target(links: &Links) -> Option<String> {
        let record = RecordKey { org: "A".into(), object: "Account".into(), id: "1".into() };
        let mut known = links.resolve([record.clone()]).await.unwrap();
        known.remove(&record).unwrap().link.and_then(|link| link.target_id)
    }

    #[tokio::test]
    async fn a_link_counts_before_it_is_bound_and_gives_way_to_newer_ones() {
        let ids = Arc::new(MemoryIdMap::default());
        let links = Links::new(Arc::clone(&ids) as Arc<dyn IdMap>, "B".into());
        assert_eq!(target(&links).await, None);
        links.wrote(link(0, 5, "first"), None);
        links.wrote(link(0, 6, "second"), None);
        assert_eq!(target(&links).await.as_deref(), Some("second"));
        ids.bind(vec![link(0, 5, "first")]).await.unwrap();
        assert_eq!(target(&links).await.as_deref(), Some("second"), "only the older write is bound");
        ids.bind(vec![link(1, 1, "third")]).await.unwrap();
        assert_eq!(target(&links).await.as_deref(), Some("third"), "another partition's write came later");
        links.wrote(link(1, 2, "fourth"), Some(link(1, 1, "third").last));
        ids.bind(vec![link(1, 2, "fourth")]).await.unwrap();
        links.bound();
        assert_eq!(target(&links).await.as_deref(), Some("fourth"), "the map has what is not noted any more");
    }

    #[tokio::test]
    async fn writes_of_a_partition_that_was_taken_away_are_forgotten() {
        let ids = Arc::new(MemoryIdMap::default());
        let links = Links::new(ids, "B".into());
        links.wrote(link(0, 5, "first"), None);
        links.forget(&[TopicPartition { topic: "a.Account".into(), partition: 0 }]);
        assert_eq!(target(&links).await, None);
    }
}
