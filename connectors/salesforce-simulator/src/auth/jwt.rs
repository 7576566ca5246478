//! Assertions of the JWT bearer flow, checked as leniently as Salesforce does it: padded or not, `exp` as a number or
//! as text.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde_json::Value as Json;

use super::key::ClientKey;

/// Whatever padding the client chose.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// How far the clocks of client and org may differ, in seconds.
const SKEW: i64 = 180;
/// From here on `exp` is in milliseconds. Salesforce's own command line sends it so, and orgs take it.
const MILLISECONDS: i64 = 100_000_000_000;

/// The claims that matter.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    /// Consumer key.
    pub(crate) iss: String,
    /// User name.
    #[serde(alias = "prn")]
    pub(crate) sub: String,
    /// Login URL.
    pub(crate) aud: String,
    exp: Json,
}

/// The claims of an RS256 assertion, whoever signed it. `None` when it cannot be read.
pub(crate) fn claims(assertion: &str) -> Option<Claims> {
    let mut parts = assertion.trim().split('.');
    let (header, claims) = (parts.next()?, parts.next()?);
    let header: Json = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
    if header.get("alg")? != "RS256" {
        return None;
    }
    serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()
}

/// Whether an assertion was signed with this key.
pub(crate) fn verifies(assertion: &str, key: &ClientKey) -> bool {
    let Some((signed, signature)) = assertion.trim().rsplit_once('.') else { return false };
    BASE64.decode(signature).is_ok_and(|signature| key.verifies(signed.as_bytes(), &signature))
}

/// Whether an audience is the My Domain address of an org. The simulated org has whichever a client calls it by.
pub(crate) fn is_my_domain(audience: &str) -> bool {
    let host = audience.strip_prefix("https://").unwrap_or_default();
    host.strip_suffix(".my.salesforce.com").is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
    })
}

/// When an assertion ends, compared with now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// It may be used.
    Valid,
    /// It ended.
    Expired,
    /// It ends too far ahead, or it does not say when.
    Unacceptable,
}

impl Claims {
    /// Whether the assertion may be used at this moment (seconds since 1970), when it may end
    /// so many seconds ahead.
    pub(crate) fn validity(&self, now: i64, ceiling: i64) -> Validity {
        let exp = self.exp.as_i64().or_else(|| self.exp.as_str()?.parse().ok());
        match exp {
            Some(exp) if exp >= MILLISECONDS => Validity::Valid,
            Some(exp) if exp <= now - SKEW => Validity::Expired,
            Some(exp) if exp <= now + ceiling + SKEW => Validity::Valid,
            _ => Validity::Unacceptable,
        }
    }
}
