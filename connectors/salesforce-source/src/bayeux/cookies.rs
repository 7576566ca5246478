//! The cookies of one session. Salesforce routes a session by them and refuses it without `BAYEUX_BROWSER`.
//!
//! They go back to the one address they came from, so domain and path are not looked at.

use std::collections::BTreeMap;

/// Cookie values by name.
#[derive(Clone, Default)]
pub(crate) struct Cookies(BTreeMap<String, String>);

impl Cookies {
    /// Takes up one `Set-Cookie` header. A cookie that is set to expire at once is forgotten.
    pub(crate) fn set(&mut self, header: &str) {
        let mut parts = header.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let ended = parts.any(|part| {
            part.split_once('=').is_some_and(|(key, age)| {
                key.trim().eq_ignore_ascii_case("max-age")
                    && age.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0)
            })
        });
        if ended {
            self.0.remove(name.trim());
        } else {
            self.0.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }

    /// The `Cookie` header; `None` without cookies.
    pub(crate) fn header(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_come_back_without_their_attributes() {
        let mut cookies = Cookies::default();
        assert_eq!(cookies.header(), None);
        cookies.set("BAYEUX_BROWSER=a1=b; Path=/cometd; HttpOnly; Secure");
        cookies.set("sfdc-stream=x; Max-Age=300");
        cookies.set("BAYEUX_BROWSER=c2");
        assert_eq!(cookies.header().unwrap(), "BAYEUX_BROWSER=c2; sfdc-stream=x");
    }

    #[test]
    fn an_ended_cookie_is_forgotten() {
        let mut cookies = Cookies::default();
        cookies.set("a=1");
        cookies.set("a=; max-age=0");
        cookies.set("no pair");
        assert_eq!(cookies.header(), None);
    }
}
