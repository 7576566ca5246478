//! What points at records that came back from the recycle bin.
//!
//! An org empties the look-ups to a record that it deletes, and fills them again when that one comes back, neither with a stamp nor with
//! an event. A target does the same by itself, but not where it was given the empty look-up meanwhile, with another change of the
//! row. So the rows that point at what came back are read once more. That this is to be done is on record in the transaction in which
//! it comes back (D8).
//!
//! Children that went with their parent come back with it, and often nobody tells of them: a channel may leave them out, and a sweep
//! that found them gone neither. So they are read too, and then the rows that point at them.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgstream_api::{EventType, LinkState, SourcePosition};
use orgstream_salesforce::{SalesforceId, soql};
use serde::{Deserialize, Serialize};

use crate::batch::Parts;
use crate::described::Described;
use crate::error::SourceError;
use crate::moment::Moment;
use crate::object::Object;
use crate::produce::Draft;
use crate::recent::Known;
use crate::snapshot::{Page, Snapshot, SnapshotEntry};
use crate::standing::Standing;
use crate::sweep::Reader;

/// Records that one query asks for.
const RECORDS: usize = 200;

/// How many generations of children are followed; those of look-ups that delete may form circles.
const DEEPEST: u8 = 10;

/// Why rows are read that nobody asked for: they point at records that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Return {
    /// How many came back.
    pub(crate) records: u64,
    /// Where the rows came back with these: the generation that they are, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) generation: Option<u8>,
}

/// Records that came back and whose referrers are still to be ordered, by the index of their object and their generation.
#[derive(Debug, Default)]
pub(crate) struct Returned(BTreeMap<(usize, u8), (Arc<Described>, Vec<SalesforceId>)>);

impl Returned {
    /// Notes what is produced of a record, of which this was known `before`.
    pub(crate) fn note(&mut self, draft: &Draft, before: Option<Known>) {
        let lives = !draft.standing.is_deleted();
        let unsaid = before.filter(|before| lives && before.standing.is_deleted()).map(|_| 0);
        let Some(generation) = draft.back.or(unsaid) else { return };
        let described = || (Arc::clone(&draft.image.described), Vec::new());
        let key = (draft.object, generation);
        self.0.entry(key).or_insert_with(described).1.push(draft.image.id);
    }
}

impl Parts {
    /// Has the rows read that point at what came back, and answers what is to be put on record of that.
    pub(crate) fn order_referrers(&mut self, now: Moment) -> Vec<SourcePosition> {
        let mut positions = Vec::new();
        for ((_, generation), (described, ids)) in std::mem::take(&mut self.returned).0 {
            let children = described.describe().children.iter();
            for (child, field) in children.filter_map(|child| Some((child, child.field.as_ref()?))) {
                let is_child = |object: &&mut Object| object.target.name.eq_ignore_ascii_case(&child.object);
                let Some(object) = self.subjects.objects.iter_mut().find(is_child) else { continue };
                if !object.has_rows() {
                    continue;
                }
                let came_too = child.cascade_delete && generation < DEEPEST;
                for ids in ids.chunks(RECORDS) {
                    let filter = format!("{field} IN {}", soql::list(ids.iter().map(SalesforceId::as_str)));
                    let first = ids.first().map(SalesforceId::as_str).unwrap_or_default();
                    let order = format!("returned-{first}-{field}-{}-{generation}", now.0);
                    let why = Return {
                        records: u64::try_from(ids.len()).unwrap_or(u64::MAX),
                        generation: came_too.then_some(generation + 1),
                    };
                    let entry =
                        SnapshotEntry { returned: Some(why), ..SnapshotEntry::asked(Some(filter), None) };
                    let snapshot = Snapshot::new(Some(order), entry);
                    positions.push(snapshot.stored(&object.target.name));
                    object.takes(snapshot);
                }
            }
        }
        positions
    }
}

/// Says of rows that point at records which came back what they are: not new, as those of a snapshot may be.
pub(crate) async fn tell_kinds(reader: &Reader, why: Return, page: &mut Page) -> Result<(), SourceError> {
    let links = reader.link_states(page.ids()).await?;
    page.tell_kinds(|id| {
        let before = reader.known(id).map(|known| known.standing);
        let was_gone = match (before, links.get(&id)) {
            (Some(before), _) => before.is_deleted(),
            (None, link) => matches!(link, Some(LinkState::Deleted(_))),
        };
        if was_gone {
            (EventType::Undeleted, Some(why.generation.unwrap_or_default()))
        } else {
            (EventType::Updated, why.generation)
        }
    });
    Ok(())
}

/// The generation of a record that came back by itself; `None` where it did not come back.
pub(crate) fn back_alone(kind: EventType, is_back: bool, standing: Standing) -> Option<u8> {
    (!standing.is_deleted() && (is_back || kind == EventType::Undeleted)).then_some(0)
}
