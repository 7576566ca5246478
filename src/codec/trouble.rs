//! What a registry's refusal means.

use std::error::Error as _;

use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::RawError;

/// Why a call to the registry brought no answer, told apart by what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// It cannot be reached, or cannot work: try again.
    #[error("it does not answer ({0})")]
    Away(String),
    /// It has no such thing.
    #[error("{0}")]
    Unknown(String),
    /// It refuses what it was given.
    #[error("{0}")]
    Refused(String),
    /// It refuses whoever asks.
    #[error("it refuses access ({0})")]
    Forbidden(String),
}

impl Trouble {
    /// Reads the registry's own error code, whose first three digits are an HTTP status.
    pub(super) fn of(error: &SRCError) -> Self {
        let Some(raw) = error.source().and_then(|source| source.downcast_ref::<RawError>()) else {
            let cause = error.cause.as_deref().unwrap_or_default();
            let root = innermost(error).filter(|root| !cause.contains(root.as_str()));
            let root = root.map(|root| format!(": {root}")).unwrap_or_default();
            return Self::Away(format!("{} {cause}{root}", error.error).trim().to_owned());
        };
        let message = raw.message.clone();
        let status = if raw.error_code >= 10_000 { raw.error_code / 100 } else { raw.error_code };
        match status {
            401 | 403 => Self::Forbidden(message),
            404 => Self::Unknown(message),
            408 | 429 => Self::Away(message),
            400..500 => Self::Refused(message),
            // A proxy in front of the registry, whose page is none of the registry's.
            0 if ["status 401", "status 403"].iter().any(|status| error.error.contains(status)) => {
                Self::Forbidden(error.error.clone())
            }
            // An answer that is none of a registry's has code 0: a proxy's page, as a rule.
            _ => Self::Away(format!("{}: {message}", error.error)),
        }
    }
}

/// What an error comes of in the end, such as a certificate that nobody trusts; the layers above it say less.
fn innermost(error: &SRCError) -> Option<String> {
    let mut inner = error.source()?;
    while let Some(source) = inner.source() {
        inner = source;
    }
    Some(inner.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registrys_error_code_says_what_to_do() {
        let of = |error_code: u32| {
            let body = format!(r#"{{"error_code":{error_code},"message":"m"}}"#);
            let raw: RawError = serde_json::from_str(&body).unwrap();
            Trouble::of(&SRCError::non_retryable_with_cause(raw, "e"))
        };
        let m = || "m".to_owned();
        assert_eq!(of(40403), Trouble::Unknown(m()));
        assert_eq!(of(404), Trouble::Unknown(m()));
        assert_eq!(of(409), Trouble::Refused(m()));
        assert_eq!(of(42201), Trouble::Refused(m()));
        assert_eq!(of(401), Trouble::Forbidden(m()));
        assert_eq!(of(40301), Trouble::Forbidden(m()));
        assert_eq!(of(429), Trouble::Away(m()));
        for away in [500, 50001, 503, 0] {
            assert!(matches!(of(away), Trouble::Away(_)), "{away}");
        }
    }

    #[test]
    fn a_proxy_that_refuses_access_is_not_asked_again() {
        let raw: RawError = serde_json::from_str(r#"{"error_code":0,"message":"no JSON"}"#).unwrap();
        let error =
            SRCError::non_retryable_with_cause(raw, "HTTP request failed with status 401 Unauthorized");
        assert!(matches!(Trouble::of(&error), Trouble::Forbidden(_)));
    }

    #[test]
    fn no_answer_at_all_is_worth_another_attempt() {
        let error = SRCError::new("connection refused", None, true);
        assert_eq!(Trouble::of(&error), Trouble::Away("connection refused".to_owned()));
    }
}
