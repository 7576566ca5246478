//! What a refused Bayeux message means: the one place that reads Salesforce's streaming error texts.
//!
//! A text is `code:args:message`. The code decides; where one code stands for several causes, the known texts
//! of the passing ones are listed, and everything else of that code is taken as lasting.

/// Why a message was refused, by what is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The access token is not accepted: a new token, then a new session.
    Token,
    /// The server does not know the session any more: a new session at once.
    Session,
    /// The place in the channel cannot be served: subscribe to what is retained.
    ReplayId,
    /// The org is busy or at a limit: wait, then a new session.
    Busy,
    /// It will be refused until somebody changes something: the task fails.
    Lasting,
}

/// Texts behind a 403 that pass by themselves.
const LIMITS: [&str; 5] = [
    "concurrent user limit exceeded",
    "To protect all customers",
    "total events daily limit exceeded",
    "Subscription limit exceeded",
    "maximum channel limit",
];

/// Texts behind a 403 that mean a lost session.
const LOST: [&str; 2] = ["Unknown client", "Client has not completed handshake"];

impl Refusal {
    /// Reads `error`, or Salesforce's own reason where it gives one.
    pub(crate) fn read(error: &str, failure_reason: Option<&str>) -> Self {
        let text = failure_reason.unwrap_or(error);
        match code(text) {
            Some(401) => Self::Token,
            Some(402) => Self::Session,
            Some(403) if has(text, &LOST) => Self::Session,
            Some(403) if has(text, &LIMITS) => Self::Busy,
            Some(400) if text.contains("The replayId") => Self::ReplayId,
            Some(400..=499) => Self::Lasting,
            // 5xx, and text that follows no form: nothing says that it lasts.
            _ => Self::Busy,
        }
    }
}

fn code(text: &str) -> Option<u16> {
    text.split(':').next()?.trim().parse().ok()
}

fn has(text: &str, known: &[&str]) -> bool {
    known.iter().any(|part| text.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: &str = "403::Handshake denied";

    #[test]
    fn every_known_text_has_its_meaning() {
        for (error, reason, expected) in [
            ("401::Authentication invalid", None, Refusal::Token),
            (DENIED, Some("401::Authentication invalid"), Refusal::Token),
            (DENIED, Some("401::Request requires authentication"), Refusal::Token),
            ("403::Unknown client", None, Refusal::Session),
            ("402::Unknown client", None, Refusal::Session),
            ("403::Client has not completed handshake", None, Refusal::Session),
            (DENIED, Some("403::Organization concurrent user limit exceeded"), Refusal::Busy),
            (
                DENIED,
                Some(
                    "403::To protect all customers from excessive use and Denial of Service attacks, we limit",
                ),
                Refusal::Busy,
            ),
            (DENIED, Some("503::Server is too busy.  Please try your request again later."), Refusal::Busy),
            ("403::Organization total events daily limit exceeded", None, Refusal::Busy),
            ("403::Subscription limit exceeded for this topic", None, Refusal::Busy),
            (
                "400::The replayId {7321} you provided was invalid.  Please provide a valid ID, -2 to replay",
                None,
                Refusal::ReplayId,
            ),
            (
                "400::The channel you requested to subscribe to does not exist {/topic/Nope}",
                None,
                Refusal::Lasting,
            ),
            ("403:denied_by_security_policy:create_denied", None, Refusal::Lasting),
            ("403::User not enabled for streaming", None, Refusal::Lasting),
            ("403::Subscriber does not have access to the entity in this topic", None, Refusal::Lasting),
            (
                "400::Unsupported API version. Only API versions '37.0' and later are supported.",
                None,
                Refusal::Lasting,
            ),
            ("413::Maximum Request Size Exceeded", None, Refusal::Lasting),
            ("500::Something broke", None, Refusal::Busy),
            ("no form at all", None, Refusal::Busy),
        ] {
            assert_eq!(Refusal::read(error, reason), expected, "{error} {reason:?}");
        }
    }
}
