//! Compressed records, taken apart within a limit: a small batch may claim to be gigabytes.

use std::borrow::Cow;
use std::io::{self, Read};

/// More than this is not unpacked; such a batch is kept as it is.
const LIMIT: usize = 64 << 20;

const GZIP: i16 = 1;
const SNAPPY: i16 = 2;
const LZ4: i16 = 3;
const ZSTD: i16 = 4;

/// What the Java client writes before its blocks.
const XERIAL: &[u8] = &[0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];

/// Magic, version and lowest compatible version.
const XERIAL_HEADER: usize = 16;

/// The records of a batch whose codec has the number `compression`.
pub(super) fn unpacked(compression: i16, bytes: &[u8]) -> io::Result<Cow<'_, [u8]>> {
    let all = match compression {
        0 => return Ok(Cow::Borrowed(bytes)),
        GZIP => limited(flate2::read::MultiGzDecoder::new(bytes))?,
        SNAPPY => snappy(bytes)?,
        LZ4 => limited(lz4_flex::frame::FrameDecoder::new(bytes))?,
        ZSTD => limited(zstd::stream::read::Decoder::new(bytes)?)?,
        _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "unknown compression codec")),
    };
    Ok(Cow::Owned(all))
}

fn limited(from: impl Read) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let limit = u64::try_from(LIMIT).unwrap_or(u64::MAX);
    from.take(limit + 1).read_to_end(&mut all)?;
    if all.len() > LIMIT { Err(too_large()) } else { Ok(all) }
}

/// One block, or the Java client's blocks with their lengths.
fn snappy(bytes: &[u8]) -> io::Result<Vec<u8>> {
    if !bytes.starts_with(XERIAL) {
        return snappy_block(bytes, LIMIT);
    }
    let mut rest = bytes.get(XERIAL_HEADER..).unwrap_or_default();
    let mut all = Vec::new();
    while let Some((length, more)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (block, more) = more.split_at_checked(length).ok_or_else(too_large)?;
        all.extend(snappy_block(block, LIMIT - all.len())?);
        rest = more;
    }
    Ok(all)
}

fn snappy_block(block: &[u8], limit: usize) -> io::Result<Vec<u8>> {
    if snap::raw::decompress_len(block)? > limit {
        return Err(too_large());
    }
    Ok(snap::raw::Decoder::new().decompress_vec(block)?)
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the unpacked records are too large or cut off")
}
