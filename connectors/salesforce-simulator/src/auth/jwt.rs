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
/// How far ahead an assertion may end, in seconds.
const MAX_LIFETIME: i64 = 5 * 60;

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

/// Reads an assertion whose signature is right. `None` when it cannot be read or was signed by another key.
pub(crate) fn read(assertion: &str, key: &ClientKey) -> Option<Claims> {
    let (signed, signature) = assertion.trim().rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Json = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
    if header.get("alg")? != "RS256" || !key.verifies(signed.as_bytes(), &BASE64.decode(signature).ok()?) {
        return None;
    }
    serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()
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
    /// Whether the assertion may be used at this moment (seconds since 1970).
    pub(crate) fn validity(&self, now: i64) -> Validity {
        let exp = self.exp.as_i64().or_else(|| self.exp.as_str()?.parse().ok());
        match exp {
            Some(exp) if exp <= now - SKEW => Validity::Expired,
            Some(exp) if exp <= now + MAX_LIFETIME + SKEW => Validity::Valid,
            _ => Validity::Unacceptable,
        }
    }
}
