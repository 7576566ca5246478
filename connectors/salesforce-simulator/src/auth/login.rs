//! What an org has given out and still honours: access tokens, refresh tokens, authorization codes.
//!
//! An access token is void after a time without use. A held `/meta/connect` uses it all the time.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use rand::Rng as _;

use super::policy::LoginPolicy;
use crate::clock::millis;
use crate::timestamp::Timestamp;

/// An authorization code can be exchanged for so long.
const CODE_LIFETIME: Duration = Duration::from_mins(15);
/// So long an org still knows of a code that nobody exchanged, to say that it has expired.
const CODE_KNOWN: Duration = Duration::from_hours(24);
/// Every refresh token starts so.
pub(crate) const REFRESH_PREFIX: &str = "5Aep861";

/// The tokens of one org, and its rules for giving new ones.
#[derive(Debug)]
pub(crate) struct Logins {
    pub(crate) policy: LoginPolicy,
    sessions: HashMap<String, Session>,
    refresh_tokens: BTreeSet<String>,
    codes: HashMap<String, Code>,
}

/// What an access token stands for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    /// Its scopes; none for a plain session of the password flow or of SOAP.
    pub(crate) scope: Option<&'static str>,
    /// The refresh token that it ends with.
    pub(crate) refresh_token: Option<String>,
    /// When it was given.
    pub(crate) issued: Timestamp,
    /// When it was last used.
    pub(crate) last_used: Timestamp,
    held: usize,
}

/// What an authorization code stands for.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// Where it was sent to: the exchange must name the same.
    pub(crate) redirect_uri: String,
    /// The SHA-256 that the exchange must show the origin of, base64url without padding.
    pub(crate) challenge: Option<String>,
    /// Whether a refresh token was asked for.
    pub(crate) offline: bool,
    issued: Timestamp,
}

impl Logins {
    /// Nobody logged in; these refresh tokens are good.
    pub(crate) fn new(policy: LoginPolicy, refresh_tokens: BTreeSet<String>) -> Self {
        Self { policy, sessions: HashMap::new(), refresh_tokens, codes: HashMap::new() }
    }

    /// A new token: the first 15 characters of the org id, `!`, and a secret. Those that nobody used for a `lifetime`
    /// are forgotten.
    pub(crate) fn issue(
        &mut self,
        org_id: &str,
        (now, lifetime): (Timestamp, Duration),
        scope: Option<&'static str>,
        refresh_token: Option<String>,
    ) -> String {
        self.sessions.retain(|_, session| session.is_good(now, lifetime));
        let token = format!("{}!AQ{}", org_id.get(..15).unwrap_or(org_id), secret(80));
        let session = Session { scope, refresh_token, issued: now, last_used: now, held: 0 };
        self.sessions.insert(token.clone(), session);
        token
    }

    /// Whether a token is still good; its time starts anew.
    pub(crate) fn use_token(&mut self, token: &str, now: Timestamp, lifetime: Duration) -> bool {
        let good = self.session(token, now, lifetime).is_some();
        match self.sessions.get_mut(token) {
            Some(session) if good => session.last_used = now,
            Some(_) => drop(self.sessions.remove(token)),
            None => {}
        }
        good
    }

    /// The session of a token that is still good; its time goes on.
    pub(crate) fn session(&self, token: &str, now: Timestamp, lifetime: Duration) -> Option<&Session> {
        self.sessions.get(token).filter(|session| session.is_good(now, lifetime))
    }

    /// A call that takes long begins to use a token.
    pub(crate) fn hold(&mut self, token: &str) {
        if let Some(session) = self.sessions.get_mut(token) {
            session.held += 1;
        }
    }

    /// A call that took long has ended.
    pub(crate) fn release(&mut self, token: &str, now: Timestamp) {
        if let Some(session) = self.sessions.get_mut(token) {
            session.held = session.held.saturating_sub(1);
            session.last_used = now;
        }
    }

    /// Makes one access token void; whether it was known.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        self.sessions.remove(token).is_some()
    }

    /// Makes all access tokens void. Refresh tokens stay good: they are what a client goes on with.
    pub(crate) fn expire_all(&mut self) {
        self.sessions.clear();
    }

    /// A new refresh token.
    pub(crate) fn issue_refresh_token(&mut self) -> String {
        let token = format!("{REFRESH_PREFIX}{}", secret(80));
        self.refresh_tokens.insert(token.clone());
        token
    }

    /// Whether a refresh token is good.
    pub(crate) fn knows_refresh_token(&self, token: &str) -> bool {
        self.refresh_tokens.contains(token)
    }

    /// Makes a refresh token void, and the access tokens it gave; whether it was known.
    pub(crate) fn revoke_refresh_token(&mut self, token: &str) -> bool {
        self.sessions.retain(|_, session| session.refresh_token.as_deref() != Some(token));
        self.refresh_tokens.remove(token)
    }

    /// All refresh tokens, to be kept over a restart.
    pub(crate) fn refresh_tokens(&self) -> &BTreeSet<String> {
        &self.refresh_tokens
    }

    /// A new authorization code.
    pub(crate) fn issue_code(
        &mut self,
        now: Timestamp,
        redirect_uri: &str,
        challenge: Option<&str>,
        offline: bool,
    ) -> String {
        self.codes.retain(|_, code| code.age(now) <= millis(CODE_KNOWN));
        // Real codes end with two characters that must be escaped in a URL.
        let code = format!("aPrx{}==", secret(76));
        let redirect_uri = redirect_uri.to_owned();
        let challenge = challenge.map(str::to_owned);
        self.codes.insert(code.clone(), Code { redirect_uri, challenge, offline, issued: now });
        code
    }

    /// Takes a code, which is then spent whatever comes of it.
    pub(crate) fn take_code(&mut self, code: &str, now: Timestamp) -> Taken {
        match self.codes.remove(code) {
            Some(taken) => {
                if taken.age(now) <= millis(CODE_LIFETIME) {
                    Taken::Good(taken)
                } else {
                    Taken::Expired
                }
            }
            None => Taken::Unknown,
        }
    }
}

impl Session {
    fn is_good(&self, now: Timestamp, lifetime: Duration) -> bool {
        self.held > 0 || now.millis() - self.last_used.millis() <= millis(lifetime)
    }
}

impl Code {
    fn age(&self, now: Timestamp) -> i64 {
        now.millis() - self.issued.millis()
    }
}

/// What became of a code.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It may be exchanged.
    Good(Code),
    /// It is too old.
    Expired,
    /// It was used before or never given.
    Unknown,
}

/// Random letters and digits.
fn secret(length: usize) -> String {
    rand::rng().sample_iter(rand::distr::Alphanumeric).take(length).map(char::from).collect()
}
