//! The org's clock, as its answers tell it.

use std::sync::Mutex;

use orgstream_api::OrgTime;
use time::PrimitiveDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;
use tokio::time::Instant;

use crate::moment::Moment;

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the form that HTTP prescribes.
const HTTP_DATE: &[FormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// What time it is in the org. Known after its first answer.
#[derive(Debug, Default)]
pub(crate) struct OrgClock(Mutex<Option<(Moment, Instant)>>);

impl OrgClock {
    /// An answer said that it is `moment`.
    pub(crate) fn set(&self, moment: Moment) {
        *self.0.lock().expect("no holder of this lock panics") = Some((moment, Instant::now()));
    }

    /// The last time heard, and when.
    pub(crate) fn heard(&self) -> Option<OrgTime> {
        let heard = *self.0.lock().expect("no holder of this lock panics");
        heard.map(|(moment, at)| OrgTime { said: moment.0, at: at.into_std() })
    }

    /// The last time heard, plus what has passed since.
    pub(crate) fn now(&self) -> Option<Moment> {
        let heard = *self.0.lock().expect("no holder of this lock panics");
        heard.map(|(moment, at)| moment + at.elapsed())
    }
}

/// The moment of a `Date` header, whole seconds.
pub(crate) fn parse_http_date(text: &str) -> Option<Moment> {
    let date = PrimitiveDateTime::parse(text.trim(), HTTP_DATE).ok()?;
    Some(Moment(date.assume_utc().unix_timestamp() * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_is_a_moment() {
        assert_eq!(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Moment(784_111_777_000)));
        assert_eq!(parse_http_date("1994-11-06"), None);
    }
}
