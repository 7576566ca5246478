//! What points at records that came back from the recycle bin.
//!
//! An org empties the look-ups to a record that it deletes, and fills them again when that one comes back, neither with a stamp nor with
//! an event. A target does the same by itself, but not where it was given the empty look-up meanwhile, with another change of the
//! row. So the rows that point at what came back are read once more. That this is to be done is on record in the transaction in which
//! it comes back (D8).

use std::collections::BTreeMap;
use std::sync::Arc;

use orgstream_api::{EventType, SourcePosition};
use orgstream_salesforce::{SalesforceId, soql};

use crate::batch::Parts;
use crate::described::Described;
use crate::moment::Moment;
use crate::object::Object;
use crate::produce::Draft;
use crate::snapshot::{Snapshot, SnapshotEntry};

/// Records that one query asks for.
const RECORDS: usize = 200;

/// Records that came back and whose referrers are still to be ordered, by the index of their object.
#[derive(Debug, Default)]
pub(crate) struct Returned(BTreeMap<usize, (Arc<Described>, Vec<SalesforceId>)>);

impl Returned {
    /// Notes what is produced.
    pub(crate) fn note(&mut self, draft: &Draft) {
        if draft.kind == EventType::Undeleted {
            let described = || (Arc::clone(&draft.image.described), Vec::new());
            self.0.entry(draft.object).or_insert_with(described).1.push(draft.image.id);
        }
    }
}

impl Parts {
    /// Has the rows read that point at what came back, and answers what is to be put on record of that. Children that went with their
    /// parent have a stamp of their own.
    pub(crate) fn order_referrers(&mut self, now: Moment) -> Vec<SourcePosition> {
        let mut positions = Vec::new();
        for (described, ids) in std::mem::take(&mut self.returned).0.into_values() {
            let children = described.describe().children.iter().filter(|child| !child.cascade_delete);
            for (child, field) in children.filter_map(|child| Some((&child.object, child.field.as_ref()?))) {
                let is_child = |object: &&mut Object| object.target.name.eq_ignore_ascii_case(child);
                let Some(object) = self.subjects.objects.iter_mut().find(is_child) else { continue };
                if !object.has_rows() {
                    continue;
                }
                for ids in ids.chunks(RECORDS) {
                    let filter = format!("{field} IN {}", soql::list(ids.iter().map(SalesforceId::as_str)));
                    let first = ids.first().map(SalesforceId::as_str).unwrap_or_default();
                    let order = format!("returned-{first}-{field}-{}", now.0);
                    let snapshot = Snapshot::new(Some(order), SnapshotEntry::asked(Some(filter), None));
                    positions.push(snapshot.stored(&object.target.name));
                    object.takes(snapshot);
                }
            }
        }
        positions
    }
}
