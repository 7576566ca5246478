//! Bytes to requests. A frame says how long it is before it comes; memory is taken for what has come, not for what is
//! claimed.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The largest request: Kafka's `socket.request.max.bytes`. Only Produce carries that much.
const MAX_PRODUCE: usize = 100 << 20;

/// The largest request of any other kind.
const MAX_OTHER: usize = 4 << 20;

/// What is taken at once.
const STEP: usize = 64 << 10;

/// Api key and version.
const START: usize = 4;

/// Reads one frame after the other.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: BytesMut,
}

impl Frames {
    /// The next frame without its length; `None` when the peer has closed the connection between two frames.
    pub(super) async fn next(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Bytes>> {
        if !self.fill(from, 4).await? {
            return if self.buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        let claimed = self.buffer.get_i32();
        let length = usize::try_from(claimed).unwrap_or(0);
        if length < START {
            return Err(invalid(format!("a request of {claimed} bytes")));
        }
        self.whole(from, START).await?;
        let api = i16::from_be_bytes([self.buffer[0], self.buffer[1]]);
        let limit = if api == ApiKey::Produce as i16 { MAX_PRODUCE } else { MAX_OTHER };
        if length > limit {
            return Err(invalid(format!("a request of {length} bytes, where {limit} are taken")));
        }
        self.whole(from, length).await?;
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    async fn whole(&mut self, from: &mut (impl AsyncRead + Unpin), length: usize) -> io::Result<()> {
        if self.fill(from, length).await? { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Reads until so many bytes are there; `false` at the end.
    async fn fill(&mut self, from: &mut (impl AsyncRead + Unpin), length: usize) -> io::Result<bool> {
        while self.buffer.len() < length {
            let missing = length - self.buffer.len();
            // Doubling, so that a large frame is not copied for every step of it.
            self.buffer.reserve(missing.min(STEP.max(self.buffer.len())));
            if from.read_buf(&mut self.buffer).await? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
