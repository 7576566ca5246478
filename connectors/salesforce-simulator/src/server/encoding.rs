//! Bodies under gzip, in both directions, within the size that the org reads.

use std::io::{Read as _, Write as _};

use axum::http::HeaderMap;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// Shorter answers do not get smaller.
const WORTH_IT: usize = 256;

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is longer than the org reads.
    TooLarge,
    /// It is not what `Content-Encoding` says.
    Damaged,
    /// `Content-Encoding` names something else than gzip.
    UnknownEncoding,
}

/// A request body as it was before its client packed it.
pub(crate) fn unpacked(headers: &HeaderMap, body: Bytes, max: usize) -> Result<Bytes, Unreadable> {
    let encoding = text(headers, "content-encoding");
    match encoding.trim() {
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => {
            let mut unpacked = Vec::new();
            // One byte more than fits tells a body that fits from one that was cut there.
            let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
            let mut reader = GzDecoder::new(body.as_ref()).take(limit);
            reader.read_to_end(&mut unpacked).map_err(|_| Unreadable::Damaged)?;
            if unpacked.len() > max { Err(Unreadable::TooLarge) } else { Ok(unpacked.into()) }
        }
        _ => Err(Unreadable::UnknownEncoding),
    }
}

/// Whether the client takes a packed answer.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    text(headers, "accept-encoding").split(',').any(|part| {
        let mut words = part.split(';');
        let refused = |quality: &str| quality.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        words.next().is_some_and(|name| name.trim() == "gzip") && !words.any(refused)
    })
}

/// A packed answer, if that is worth it.
pub(crate) fn packed(body: &[u8]) -> Option<Vec<u8>> {
    if body.len() < WORTH_IT {
        return None;
    }
    let mut packer = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    packer.write_all(body).ok()?;
    packer.finish().ok()
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
}
