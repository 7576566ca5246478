//! Compressed records, taken apart within a limit: a small batch may claim to be gigabytes.

use std::borrow::Cow;
use std::io::{self, Read, Write as _};

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

/// The largest window of zstd that is taken, as a power of two. Kafka's clients stay below it.
const ZSTD_WINDOW: u32 = 25;

/// Whether there is a codec of this number; 0 stands for none and is known.
pub(super) fn is_known(compression: i16) -> bool {
    (0..=ZSTD).contains(&compression)
}

/// The records of a batch whose codec has the number `compression`.
pub(super) fn unpacked(compression: i16, bytes: &[u8]) -> io::Result<Cow<'_, [u8]>> {
    let all = match compression {
        0 => return Ok(Cow::Borrowed(bytes)),
        GZIP => limited(flate2::read::MultiGzDecoder::new(bytes))?,
        SNAPPY => snappy(bytes)?,
        LZ4 => limited(lz4_flex::frame::FrameDecoder::new(bytes))?,
        ZSTD => {
            let mut decoder = zstd::stream::read::Decoder::new(bytes)?;
            decoder.window_log_max(ZSTD_WINDOW)?;
            limited(decoder)?
        }
        _ => return Err(unknown()),
    };
    Ok(Cow::Owned(all))
}

/// The records as the codec with the number `compression` packs them.
pub(super) fn packed(compression: i16, records: &[u8]) -> io::Result<Cow<'_, [u8]>> {
    let all = match compression {
        0 => return Ok(Cow::Borrowed(records)),
        GZIP => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(records)?;
            encoder.finish()?
        }
        SNAPPY => snap::raw::Encoder::new().compress_vec(records)?,
        LZ4 => {
            // Blocks that do not depend on each other, which is the default, are what Kafka's clients read.
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(records)?;
            encoder.finish()?
        }
        ZSTD => zstd::stream::encode_all(records, 0)?,
        _ => return Err(unknown()),
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

fn unknown() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "unknown compression codec")
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the unpacked records are too large or cut off")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back(records: Vec<u8>) {
            for compression in 0..=ZSTD {
                let packed = packed(compression, &records).unwrap();
                prop_assert_eq!(&*unpacked(compression, &packed).unwrap(), records.as_slice());
            }
        }

        #[test]
        fn any_bytes_are_unpacked_or_refused(bytes: Vec<u8>, java: bool) {
            let bytes = if java { [XERIAL, &[0, 0, 0, 1, 0, 0, 0, 1], &bytes].concat() } else { bytes };
            for compression in 1..=7 {
                if let Ok(records) = unpacked(compression, &bytes) {
                    prop_assert!(records.len() <= LIMIT);
                }
            }
        }
    }

    #[test]
    fn blocks_of_the_java_client_are_joined() {
        let mut bytes = [XERIAL, &[0, 0, 0, 1, 0, 0, 0, 1]].concat();
        for part in ["one ", "two"] {
            let block = snap::raw::Encoder::new().compress_vec(part.as_bytes()).unwrap();
            bytes.extend(u32::try_from(block.len()).unwrap().to_be_bytes());
            bytes.extend(block);
        }
        assert_eq!(&*unpacked(SNAPPY, &bytes).unwrap(), b"one two");
    }

    #[test]
    fn a_small_batch_that_grows_beyond_the_limit_is_refused() {
        let zeros = vec![0; LIMIT + 1];
        for compression in [GZIP, SNAPPY, LZ4, ZSTD] {
            let bomb = packed(compression, &zeros).unwrap();
            assert!(bomb.len() < LIMIT / 10, "codec {compression}");
            assert!(unpacked(compression, &bomb).is_err(), "codec {compression}");
        }
    }
}
