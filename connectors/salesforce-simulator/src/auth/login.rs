//! Access tokens: given at login, void after a time without use.

use std::collections::HashMap;
use std::time::Duration;

use rand::Rng as _;

use crate::clock::millis;
use crate::server::Call;
use crate::timestamp::Timestamp;

/// The tokens an org has given.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    last_used: HashMap<String, Timestamp>,
}

impl Logins {
    /// A new token: the first 15 characters of the org id, `!`, and a secret.
    pub(crate) fn issue(&mut self, org_id: &str, now: Timestamp) -> String {
        let secret = rand::rng().sample_iter(rand::distr::Alphanumeric).take(80).map(char::from);
        let token = format!("{}!AQ{}", org_id.get(..15).unwrap_or(org_id), secret.collect::<String>());
        self.last_used.insert(token.clone(), now);
        token
    }

    /// Whether a token is still good; its time starts anew.
    pub(crate) fn use_token(&mut self, token: &str, now: Timestamp, lifetime: Duration) -> bool {
        match self.last_used.get_mut(token) {
            Some(last) if now.millis() - last.millis() <= millis(lifetime) => {
                *last = now;
                true
            }
            Some(_) => {
                self.last_used.remove(token);
                false
            }
            None => false,
        }
    }

    /// Makes one token void.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        self.last_used.remove(token).is_some()
    }

    /// Makes all tokens void.
    pub(crate) fn expire_all(&mut self) {
        self.last_used.clear();
    }
}

/// The token a call carries: `Bearer t`, `OAuth t`, or `t` alone, which one streaming client sends.
pub(crate) fn bearer(call: &Call) -> Option<&str> {
    let value = call.header("authorization")?.trim();
    let token = value
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth"));
    Some(token.map_or(value, |(_, token)| token.trim()))
}
