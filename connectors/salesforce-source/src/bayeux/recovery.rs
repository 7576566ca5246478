//! What comes after a session that ended: at once another one, one after a pause, or none.
//!
//! Passing trouble is waited out without limit and shown as the task's condition. Once a session was live, nothing ends
//! the stream but what only a change of the file mends.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::bayeux::end::End;
use crate::bayeux::timing::Timing;
use crate::error::SourceError;

/// So many tokens are refused in a row before that is the user's right and not the token's age.
const TOKENS: u32 = 3;

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Another session at once.
    AtOnce(String),
    /// Another session after this pause, which is shown.
    After(Duration, String),
    /// Another session when the source has taken half of what waits.
    WhenHalfEmpty,
    /// None.
    Fail(SourceError),
    /// None, and nobody to tell.
    Stop,
}

/// What the sessions so far came to.
#[derive(Debug)]
pub(crate) struct Recovery {
    /// The org's name.
    org: String,
    /// Pauses after a session that failed.
    retry: Backoff,
    /// Pauses while the org is busy or at a limit.
    busy: Backoff,
    /// The pause while the org delivers nothing more that day.
    allowance: Duration,
    before: Before,
    once_live: bool,
    /// Tokens refused in a row.
    tokens: u32,
}

/// What the session before the present one came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// It held connects or brought news, or there was none.
    Good,
    /// It ended before that, so that opening another at once could go on for ever.
    Failed,
}

impl Recovery {
    pub(crate) fn new(org: &str, timing: &Timing) -> Self {
        Self {
            org: org.to_owned(),
            retry: timing.retry.clone(),
            busy: timing.busy.clone(),
            allowance: timing.allowance,
            before: Before::Good,
            once_live: false,
            tokens: 0,
        }
    }

    /// All channels are subscribed.
    pub(crate) fn is_live(&mut self) {
        self.once_live = true;
    }

    /// A held connect was answered, or news came: no session ends like this for ever without getting on.
    pub(crate) fn is_good(&mut self) {
        self.before = Before::Good;
        self.tokens = 0;
        self.retry.reset();
        self.busy.reset();
    }

    /// What comes after a session that ended so.
    pub(crate) fn after(&mut self, end: End) -> Next {
        let next = match end {
            End::Unwanted => Next::Stop,
            End::Full => Next::WhenHalfEmpty,
            End::Config(reason) => Next::Fail(SourceError::Config(format!(
                "org `{}` does not stream: {reason}; set the org's `api_version` to one that it has",
                self.org
            ))),
            End::Lasting { what, reason } if !self.once_live => Next::Fail(SourceError::Stream {
                org: self.org.clone(),
                what,
                reason,
                advice: "check the org's URL, and that the user may use the Streaming API",
            }),
            End::Lasting { reason, .. } | End::Busy(reason) => Next::After(self.busy.pause(), reason),
            // Only channels of one kind may be at their limit: another session has them rest, and the others go on.
            End::Allowance(reason) if self.before == Before::Good => Next::AtOnce(reason),
            End::Allowance(reason) => Next::After(self.allowance, reason),
            End::Token => {
                self.tokens += 1;
                if self.tokens < TOKENS {
                    self.retry("the token is not accepted".to_owned())
                } else {
                    let reason =
                        "one new token after the other is not accepted; check that the user may use the API";
                    Next::After(self.busy.pause(), reason.to_owned())
                }
            }
            End::Lost(reason) => self.retry(reason),
            End::LongPolling(reason) => Next::AtOnce(reason),
            End::Replaced(reason) => Next::AtOnce(reason.to_owned()),
        };
        self.before = Before::Failed;
        next
    }

    /// A session that was good is replaced at once; after one that never was, a pause.
    fn retry(&mut self, reason: String) -> Next {
        match self.before {
            Before::Good => Next::AtOnce(reason),
            Before::Failed => Next::After(self.retry.pause(), reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recovery() -> Recovery {
        Recovery::new("a", &Timing::default())
    }

    fn lasting() -> End {
        End::lasting("streaming", "HTTP status 404")
    }

    #[test]
    fn what_once_worked_is_waited_for_and_only_the_file_ends_it() {
        let mut recovery = recovery();
        assert!(matches!(recovery.after(lasting()), Next::Fail(_)));
        recovery.is_live();
        assert!(matches!(recovery.after(lasting()), Next::After(..)));
        assert!(matches!(recovery.after(End::Token), Next::After(..) | Next::AtOnce(_)));
        assert!(
            matches!(recovery.after(End::Allowance(String::new())), Next::After(pause, _) if pause >= Duration::from_mins(10))
        );
        assert!(matches!(recovery.after(End::Full), Next::WhenHalfEmpty));
        assert!(matches!(
            recovery.after(End::Config("400::Unsupported API version".to_owned())),
            Next::Fail(_)
        ));
    }

    #[test]
    fn a_session_that_was_good_is_replaced_at_once_and_one_that_was_not_after_a_pause() {
        let mut recovery = recovery();
        assert!(matches!(recovery.after(End::Lost("cut".to_owned())), Next::AtOnce(_)));
        assert!(matches!(recovery.after(End::Lost("cut".to_owned())), Next::After(..)));
        recovery.is_good();
        assert!(matches!(recovery.after(End::Lost("cut".to_owned())), Next::AtOnce(_)));
    }

    #[test]
    fn tokens_that_are_refused_one_after_the_other_are_the_users_matter() {
        let mut recovery = recovery();
        for _ in 1..TOKENS {
            recovery.after(End::Token);
        }
        assert!(
            matches!(recovery.after(End::Token), Next::After(_, reason) if reason.contains("may use the API"))
        );
        recovery.is_good();
        assert!(matches!(recovery.after(End::Token), Next::AtOnce(_)));
    }
}
