//! The API version in the path of a streaming call.
//!
//! `/cometd/43.0`, with or without a trailing slash; behind it some clients append what the message is for
//! (`/handshake`, `/connect`), which means nothing to the server.

const OLDEST: u32 = 37;
const NEWEST: u32 = 67;
const MANDATORY: &str = "400::API version in the URI is mandatory. URI format: '/cometd/66.0'";
const UNSUPPORTED: &str = "400::Unsupported API version. Only API versions '37.0' and later are supported. URI \
                           format: '/cometd/66.0'";

/// The version that the path segments behind `/cometd` name.
pub(super) fn version(segments: &[&str]) -> Result<u32, &'static str> {
    // `/cometd/replay/36.0` was the place for replay while that was new.
    let named = match segments {
        ["replay", old, ..] if number(old).is_some_and(|old| old < OLDEST) => number(old),
        [first, ..] => number(first),
        [] => None,
    };
    match named.ok_or(MANDATORY)? {
        version @ OLDEST..=NEWEST => Ok(version),
        _ => Err(UNSUPPORTED),
    }
}

/// `NN.0`.
fn number(segment: &str) -> Option<u32> {
    let digits = segment.strip_suffix(".0")?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_supported_versions_are_served() {
        for (segments, expected) in [
            (&["43.0"][..], Ok(43)),
            (&["67.0", "handshake"], Ok(67)),
            (&["36.0"], Err(UNSUPPORTED)),
            (&["68.0"], Err(UNSUPPORTED)),
            (&["replay", "36.0"], Err(UNSUPPORTED)),
            (&["replay", "43.0"], Err(MANDATORY)),
            (&[], Err(MANDATORY)),
            (&["43"], Err(MANDATORY)),
            (&["+4.0"], Err(MANDATORY)),
            (&["99999999999.0"], Err(MANDATORY)),
        ] {
            assert_eq!(version(segments), expected, "{segments:?}");
        }
    }
}
