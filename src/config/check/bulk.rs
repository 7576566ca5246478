//! When records go by bulk jobs.

use orgstream_salesforce_sink::{BulkFrom, BulkRules};

use super::Report;
use super::values::duration;
use crate::config::fault::nearest;
use crate::config::raw;

/// What the keys of a sink's `bulk` say.
pub(super) fn bulk(pipeline: &str, raw: Option<raw::Bulk>, report: &mut Report<'_>) -> BulkRules {
    let raw = raw.unwrap_or_default();
    let path = |key| ["pipelines", pipeline, "sink", "bulk", key];
    BulkRules {
        from: from(raw.from.as_deref(), &path("from"), report),
        give_up_after: duration(
            raw.give_up_after.as_deref(),
            BulkRules::GIVE_UP_AFTER,
            &path("give_up_after"),
            report,
        ),
    }
}

fn from(text: Option<&str>, path: &[&str], report: &mut Report<'_>) -> BulkFrom {
    let text = match text.map(str::trim) {
        None | Some("auto") => return BulkFrom::Deep,
        Some("off") => return BulkFrom::Never,
        Some(text) => text,
    };
    match text.parse() {
        Ok(count @ 1..=BulkRules::MOST) => return BulkFrom::Waiting(count),
        Ok(count @ 1..) => {
            let most = BulkRules::MOST;
            report.fault(
                path,
                format!("{count} records never wait: a sink holds {most} at once; write that or less"),
            );
        }
        _ => {
            let meant = nearest(text, ["auto", "off"]);
            let hint = meant.map(|word| format!("; did you mean `{word}`?")).unwrap_or_default();
            report.fault(
                path,
                format!("`{text}` is neither a whole number above zero nor `auto` or `off`{hint}"),
            );
        }
    }
    BulkFrom::Deep
}
