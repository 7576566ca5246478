//! What a refused Bayeux message means: the one place that reads Salesforce's streaming error texts.
//!
//! A text is `code:args:text`. The first row of [`ROWS`] with its code and a part of its text decides; a code without
//! such a row is read by its kind. What concerns one channel never ends the session that serves the others.

/// Whom a refusal concerns, and what is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The whole session.
    Session(Remedy),
    /// The channel that was asked for, alone.
    Channel(Resort),
}

/// What is done about a session that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The access token is not accepted: a new token, then a new session.
    NewToken,
    /// The server does not know the session any more, or not under these cookies: a new one, with none.
    NewSession,
    /// The org is busy or has too many clients: a pause, then a new session.
    Wait,
    /// What the org delivers in a day is delivered: a long pause, then a new session.
    WaitForAllowance,
    /// The org does not serve WebSockets after all: a new session by long polling.
    LongPolling,
    /// It will be refused until somebody changes the file: the task fails.
    Fail,
    /// It will be refused until somebody changes something: the task fails if it never was live; otherwise as
    /// [`Remedy::Wait`], since what once worked may work again.
    Lasting,
}

/// What is done about a channel that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resort {
    /// The place in it cannot be served: subscribe to what is retained.
    Retained,
    /// The org does not know it: what raises its events is made anew, then it is asked for again.
    MakeAnew,
    /// The org is at a limit: it is asked for again after a long pause.
    Limit,
    /// It will be refused until somebody changes something: it is asked for again from time to time.
    Leave,
}

/// Code, a part of the text, what it means.
const ROWS: [(u16, &str, Refusal); 17] = {
    use Refusal::{Channel, Session};
    [
        (401, "", Session(Remedy::NewToken)),
        (402, "", Session(Remedy::NewSession)),
        (403, "Unknown client", Session(Remedy::NewSession)),
        (403, "Client has not completed handshake", Session(Remedy::NewSession)),
        (400, "Authenticated user id does not match", Session(Remedy::NewSession)),
        (400, "no BAYEUX_BROWSER cookie", Session(Remedy::NewSession)),
        (403, "concurrent user limit exceeded", Session(Remedy::Wait)),
        (403, "To protect all customers", Session(Remedy::Wait)),
        (403, "total events daily limit exceeded", Session(Remedy::WaitForAllowance)),
        (400, "Invalid connection type {websocket}", Session(Remedy::LongPolling)),
        (400, "Unsupported API version", Session(Remedy::Fail)),
        (400, "API version in the URI is mandatory", Session(Remedy::Fail)),
        (413, "", Session(Remedy::Lasting)),
        (403, "Subscription limit exceeded", Channel(Resort::Limit)),
        (403, "maximum channel limit", Channel(Resort::Limit)),
        (400, "The replayId", Channel(Resort::Retained)),
        (400, "The channel you requested to subscribe to does not exist", Channel(Resort::MakeAnew)),
    ]
};

impl Refusal {
    /// Reads `error`, or Salesforce's own reason where it gives one.
    pub(crate) fn read(error: &str, failure_reason: Option<&str>) -> Self {
        let text = failure_reason.unwrap_or(error);
        let Some(code) = code(text) else {
            // Text that follows no form: nothing says that it lasts.
            return Self::Session(Remedy::Wait);
        };
        let known = ROWS.iter().find(|(of, part, _)| *of == code && text.contains(part));
        match (known, code) {
            (Some((.., refusal)), _) => *refusal,
            (None, 400..=499) => Self::Channel(Resort::Leave),
            (None, _) => Self::Session(Remedy::Wait),
        }
    }
}

fn code(text: &str) -> Option<u16> {
    text.split(':').next()?.trim().parse().ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const DENIED: &str = "403::Handshake denied";

    /// Every text that Salesforce documents or was seen to send, where it comes and what it means.
    pub(crate) const TEXTS: &[(&str, &str, Refusal)] = {
        use Refusal::{Channel, Session};
        &[
            ("connect", "401::Authentication invalid", Session(Remedy::NewToken)),
            ("handshake", "401::Authentication invalid", Session(Remedy::NewToken)),
            ("handshake", "401::Request requires authentication", Session(Remedy::NewToken)),
            ("connect", "403::Unknown client", Session(Remedy::NewSession)),
            ("subscribe", "403::Unknown client", Session(Remedy::NewSession)),
            ("connect", "402::Unknown client", Session(Remedy::NewSession)),
            ("subscribe", "403::Client has not completed handshake", Session(Remedy::NewSession)),
            ("connect", "403::Client has not completed handshake", Session(Remedy::NewSession)),
            ("handshake", "403::Organization concurrent user limit exceeded", Session(Remedy::Wait)),
            (
                "handshake",
                "403::To protect all customers from excessive use and Denial of Service attacks, we limit the number \
                 of simultaneous connections per server. Your request has been denied because this limit has been \
                 exceeded. Please try your request again later.",
                Session(Remedy::Wait),
            ),
            (
                "handshake",
                "503::Server is too busy.  Please try your request again later.",
                Session(Remedy::Wait),
            ),
            (
                "connect",
                "503::Server is too busy.  Please try your request again later.",
                Session(Remedy::Wait),
            ),
            (
                "subscribe",
                "503::Server is too busy.  Please try your request again later.",
                Session(Remedy::Wait),
            ),
            (
                "connect",
                "403::Organization total events daily limit exceeded",
                Session(Remedy::WaitForAllowance),
            ),
            (
                "subscribe",
                "403::Organization total events daily limit exceeded",
                Session(Remedy::WaitForAllowance),
            ),
            ("subscribe", "403::Subscription limit exceeded for this topic", Channel(Resort::Limit)),
            (
                "subscribe",
                "400::The replayId {7321} you provided was invalid.  Please provide a valid ID, -2 to replay all \
                 events, or -1 to replay only new events.",
                Channel(Resort::Retained),
            ),
            (
                "subscribe",
                "400::The channel you requested to subscribe to does not exist {/topic/Nope}",
                Channel(Resort::MakeAnew),
            ),
            ("subscribe", "403:denied_by_security_policy:create_denied", Channel(Resort::Leave)),
            ("subscribe", "403::Cannot create channel {/topic/Nope}", Channel(Resort::Leave)),
            ("subscribe", "403::Restricted channel", Channel(Resort::Leave)),
            ("subscribe", "403::User not enabled for streaming", Channel(Resort::Leave)),
            (
                "subscribe",
                "403::Subscriber does not have access to the entity in this topic",
                Channel(Resort::Leave),
            ),
            (
                "subscribe",
                "403::Subscriber does not have access to all fields referenced in the where clause of the PushTopic",
                Channel(Resort::Leave),
            ),
            (
                "subscribe",
                "403::User not allowed to subscribe CDC without View All Data permissions",
                Channel(Resort::Leave),
            ),
            ("subscribe", "400::Channel name not specified", Channel(Resort::Leave)),
            ("subscribe", "400::Channel subscriptions must start with a leading '/'", Channel(Resort::Leave)),
            (
                "subscribe",
                "400::Query fields {Nope} do not exist on the topic entity",
                Channel(Resort::Leave),
            ),
            (
                "handshake",
                "400::Unsupported API version. Only API versions '37.0' and later are supported. URI format: \
                 '/cometd/66.0'",
                Session(Remedy::Fail),
            ),
            (
                "handshake",
                "400::API version in the URI is mandatory. URI format: '/cometd/66.0'",
                Session(Remedy::Fail),
            ),
            (
                "connect",
                "400::Authenticated user id does not match the session's user id",
                Session(Remedy::NewSession),
            ),
            (
                "connect",
                "400::Client 4t1mk0q9 has established a session, but no BAYEUX_BROWSER cookie present",
                Session(Remedy::NewSession),
            ),
            ("connect", "413::Maximum Request Size Exceeded", Session(Remedy::Lasting)),
            (
                "subscribe",
                "403::Unable to create channel dynamically, maximum channel limit has been exceeded",
                Channel(Resort::Limit),
            ),
            ("subscribe", "403::No access on channel", Channel(Resort::Leave)),
            ("subscribe", "404::channel names may not vary only by case", Channel(Resort::Leave)),
            ("subscribe", "404::Unknown channel", Channel(Resort::Leave)),
            ("connect", "500::Something broke", Session(Remedy::Wait)),
            ("connect", "no form at all", Session(Remedy::Wait)),
            // The last one, since it changes how everything behind it travels.
            ("connect", "400::Invalid connection type {websocket}", Session(Remedy::LongPolling)),
        ]
    };

    #[test]
    fn every_known_text_has_its_meaning() {
        for (place, text, expected) in TEXTS {
            // A handshake is denied with Salesforce's own reason, other messages with the text itself.
            let read = match *place {
                "handshake" => Refusal::read(DENIED, Some(text)),
                _ => Refusal::read(text, None),
            };
            assert_eq!(read, *expected, "{place} {text}");
        }
    }
}
