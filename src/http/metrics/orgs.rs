//! What a status says of its orgs.

use super::text::Text;
use super::{families as f, number, truth};
use crate::control::Status;

pub(super) fn write(text: &mut Text, status: &Status) {
    for (name, org) in &status.orgs {
        let labels = [("org", name.as_str())];
        text.sample(f::ORG_UP, &labels, truth(org.unavailable.is_none()));
        text.sample(f::ORG_HELD, &labels, truth(org.held_back.is_some()));
        for (allowance, known) in &org.allowances {
            let labels = [labels[0], ("allowance", allowance.as_str())];
            text.sample(f::ORG_USED, &labels, number(known.used));
            text.sample(f::ORG_MAX, &labels, number(known.max));
        }
        let logins = &org.logins;
        let outcomes = [("granted", logins.granted), ("refused", logins.refused), ("failed", logins.failed)];
        for (outcome, count) in outcomes {
            text.sample(f::ORG_LOGINS, &[labels[0], ("outcome", outcome)], number(count));
        }
        text.time(f::ORG_LOGIN_LAST, &labels, logins.last.as_ref());
        for calls in &org.calls {
            let labels = [labels[0], ("kind", calls.kind.as_str())];
            let outcomes =
                [("answered", calls.answered), ("refused", calls.refused), ("failed", calls.failed)];
            for (outcome, count) in outcomes {
                text.sample(f::ORG_CALLS, &[labels[0], labels[1], ("outcome", outcome)], number(count));
            }
            text.histogram(f::ORG_TOOK, &labels, &calls.took);
        }
        text.sample(f::ORG_SENT, &labels, number(org.bytes_sent));
        text.sample(f::ORG_RECEIVED, &labels, number(org.bytes_received));
    }
}
