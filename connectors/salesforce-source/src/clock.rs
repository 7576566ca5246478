//! The org's clock, as its answers tell it.

use std::sync::Mutex;

use orgstream_api::OrgTime;
use orgstream_salesforce::{Org, datetime};
use tokio::time::Instant;

use crate::moment::Moment;

/// What time it is in the org. Known after its first answer.
#[derive(Debug, Default)]
pub(crate) struct OrgClock(Mutex<Option<(Moment, Instant)>>);

impl OrgClock {
    /// An answer said that it is `moment`.
    pub(crate) fn set(&self, moment: Moment) {
        *self.0.lock().expect("no holder of this lock panics") = Some((moment, Instant::now()));
    }

    /// A call to `org` was answered just now.
    pub(crate) fn heard_by(&self, org: &Org) {
        if let Some(date) = org.date() {
            self.set(Moment(date));
        }
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
    datetime::parse_http_date(text).map(Moment)
}
