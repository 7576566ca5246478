//! The cookies by which Salesforce finds a session again.
//!
//! Every message behind the handshake must come with the `BAYEUX_BROWSER` cookie of its session. `sfdc-stream`
//! leads a client to its server among many; with one server it means nothing, but clients get and return it.

use rand::Rng as _;

use crate::server::Call;

const NAME: &str = "BAYEUX_BROWSER";

/// The browser, as CometD calls it, that a call comes from.
#[derive(Clone, Debug, Default)]
pub(super) struct Browser {
    known: Vec<String>,
}

/// How a session's cookie relates to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// It came along.
    Present,
    /// There is none.
    Absent,
    /// There is one of another session.
    Foreign,
}

impl Browser {
    /// The cookies of a call.
    pub(super) fn of(call: &Call) -> Self {
        let headers = call.headers.get_all("cookie").iter().filter_map(|header| header.to_str().ok());
        let pairs = headers
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, value)| *name == NAME && !value.is_empty());
        Self { known: pairs.map(|(_, value)| value.to_owned()).collect() }
    }

    /// Its value, if it has one.
    pub(super) fn value(&self) -> Option<&str> {
        self.known.first().map(String::as_str)
    }

    /// Takes on a cookie that was set by this call.
    pub(super) fn adopt(&mut self, value: &str) {
        self.known.push(value.to_owned());
    }

    /// How a session's cookie relates to it.
    pub(super) fn judge(&self, cookie: &str) -> Cookie {
        if self.known.iter().any(|known| known == cookie) {
            Cookie::Present
        } else if self.known.is_empty() {
            Cookie::Absent
        } else {
            Cookie::Foreign
        }
    }
}

/// The `Set-Cookie` headers for a new browser. Over plain HTTP a `Secure` cookie would never come back.
pub(super) fn set_cookies(value: &str, call: &Call) -> [String; 2] {
    let secure = if call.base_url("").starts_with("https:") { "; Secure" } else { "" };
    [
        format!("sfdc-stream=!{}; Path=/; HttpOnly{secure}", random(40)),
        format!("{NAME}={value}; Path=/; HttpOnly{secure}"),
    ]
}

/// Lower-case letters and digits.
pub(super) fn random(length: usize) -> String {
    let letters = rand::rng().sample_iter(rand::distr::Alphanumeric).map(char::from);
    letters.take(length).map(|c| c.to_ascii_lowercase()).collect()
}
