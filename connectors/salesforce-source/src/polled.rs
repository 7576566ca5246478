//! What can be found out about an object by asking for its rows alone.

use orgstream_salesforce::Describe;

use crate::record::STAMP;
use crate::sweep::{CREATED, DELETED};

/// What the rows of an object tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Polled {
    /// The field that dates them.
    stamp: &'static str,
    /// Whether the org shows which were deleted.
    shows_deletions: bool,
}

impl Polled {
    /// What rows so described tell; `None` where nothing dates them.
    pub(crate) fn of(describe: &Describe) -> Option<Self> {
        let stamp = describe.dated_by()?;
        Some(Self { stamp, shows_deletions: describe.replicateable || finds_deleted(describe) })
    }

    /// What people should know who count on every change; `None` where every change is found.
    pub(crate) fn remark(&self, has_target: bool) -> Option<String> {
        let stamp = match self.stamp {
            STAMP => None,
            CREATED => Some("rows are dated by CreatedDate alone, so changes of them are not seen"),
            _ => Some("rows are dated by LastModifiedDate, which changes by the system may leave as it is"),
        };
        let deletions = match (self.shows_deletions, has_target) {
            (true, _) => None,
            (false, true) => Some("deletes are looked for once a day, by what the target has"),
            (false, false) => Some("deletes are not seen"),
        };
        let all: Vec<&str> = stamp.into_iter().chain(deletions).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// Whether rows that were deleted lately are found by their date, which is that of the deletion then.
pub(crate) fn finds_deleted(describe: &Describe) -> bool {
    describe.field(DELETED).is_some() && describe.dated_by().is_some_and(|stamp| stamp != CREATED)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn polled(replicateable: bool, fields: &[&str]) -> Option<Polled> {
        let fields: Vec<_> = fields.iter().map(|name| json!({"name": name, "type": "datetime"})).collect();
        let describe = json!({"name": "Folder", "replicateable": replicateable, "fields": fields});
        Polled::of(&serde_json::from_value(describe).unwrap())
    }

    #[test]
    fn what_is_not_found_is_said_and_nothing_else() {
        let all = ["CreatedDate", "LastModifiedDate", "SystemModstamp"];
        assert_eq!(polled(true, &all).unwrap().remark(false), None);
        let remark = |fields, has_target| polled(false, fields).unwrap().remark(has_target).unwrap();
        assert_eq!(remark(&all, false), "deletes are not seen");
        assert!(remark(&all, true).contains("once a day"));
        assert!(remark(&all[..2], false).contains("by LastModifiedDate"));
        assert!(remark(&all[..1], false).contains("changes of them are not seen; deletes are not seen"));
        let of_bin = remark(&["CreatedDate", "IsDeleted"], false);
        assert!(
            of_bin.contains("deletes are not seen"),
            "no date says when a row of the bin was deleted: {of_bin}"
        );
        assert_eq!(remark(&["LastModifiedDate", "IsDeleted"], false).matches("deletes").count(), 0);
        assert_eq!(polled(true, &["Id"]), None);
    }
}
