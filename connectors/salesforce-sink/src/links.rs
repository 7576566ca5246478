//! The id map as this sink sees it: what is bound, overlaid with what this sink wrote and the runtime has not bound yet.
//!
//! The overlay only saves look-ups and second writes. Losing an entry of it costs a call, never correctness: upserts go
//! by external id (D6), and a reference that cannot be resolved is owed (D3).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use orgstream_api::{IdLink, IdMap, InputOffset, LinkState, StoreError, TopicPartition};
use orgstream_salesforce::SalesforceId;

/// Links the overlay holds at most; several times what the sink has in flight.
const OVERLAY: usize = 50_000;

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
    order: VecDeque<RecordKey>,
}

/// A link that was written but perhaps not bound yet.
#[derive(Debug)]
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
            let ids: Vec<String> = ids.into_iter().collect();
            let links = self.ids.resolve(&org, &object, &self.target_org, &ids).await?;
            let mut overlay = self.overlay.lock().expect("no holder of this lock panics");
            overlay.forget_what_is_gone(self.ids.forgotten());
            for (id, link) in ids.into_iter().zip(links) {
                let record = RecordKey { org: org.clone(), object: object.clone(), id };
                let newest = overlay.newest(&record, link);
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
        let mut overlay = self.overlay.lock().expect("no holder of this lock panics");
        if overlay.links.insert(record.clone(), Unbound { link, stored }).is_none() {
            overlay.order.push_back(record);
        }
        while overlay.order.len() > OVERLAY {
            if let Some(oldest) = overlay.order.pop_front() {
                overlay.links.remove(&oldest);
            }
        }
    }

    /// Forgets what was written for partitions that were taken away. Their outcomes may never be bound; when the
    /// records come again they must not be taken for duplicates of a write that nobody remembers (D7).
    pub(crate) fn forget(&self, partitions: &[TopicPartition]) {
        let mut overlay = self.overlay.lock().expect("no holder of this lock panics");
        let overlay = &mut *overlay;
        overlay.links.retain(|_, unbound| !partitions.contains(&unbound.link.last.partition));
        overlay.order.retain(|record| overlay.links.contains_key(record));
    }
}

impl Overlay {
    /// A link that somebody took out of the map looks like one that is not bound yet, so nothing noted before is believed.
    fn forget_what_is_gone(&mut self, forgotten: u64) {
        if self.forgotten != forgotten {
            *self = Self { forgotten, ..Self::default() };
        }
    }

    /// The newer of the stored link and the one of the overlay, which goes once the id map has moved past it.
    fn newest(&mut self, record: &RecordKey, link: Option<IdLink>) -> Known {
        let stored = link.as_ref().map(|link| link.last.clone());
        let Some(unbound) = self.links.get(record) else {
            return Known { link, stored };
        };
        let ours = &unbound.link.last;
        let not_bound_yet = stored == unbound.stored
            || stored.as_ref().is_some_and(|now| now.partition == ours.partition && now.offset < ours.offset);
        if not_bound_yet {
            return Known { link: Some(unbound.link.clone()), stored };
        }
        self.links.remove(record);
        // The order is swept when it is full of entries that are gone, not on every bind.
        if self.order.len() > 2 * self.links.len() + 1_000 {
            self.order.retain(|record| self.links.contains_key(record));
        }
        Known { link, stored }
    }
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
