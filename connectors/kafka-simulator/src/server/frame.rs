//! Bytes to requests. A frame says how long it is before it comes; memory is taken for what has come, not for what is
//! claimed, and large requests share what there is for them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::closed::{Closed, refused};
use super::limits::Limits;

/// The largest request: Kafka's `socket.request.max.bytes`. Only Produce carries that much.
const MAX_PRODUCE: usize = 100 << 20;

/// The largest request of any other kind.
const MAX_OTHER: usize = 4 << 20;

/// The least that is asked of the system at once: most requests come whole.
const READ_AHEAD: usize = 4 << 10;

/// What is taken at once.
const STEP: usize = 64 << 10;

/// A buffer that has carried more is not kept for the next request.
const KEPT: usize = 4 << 20;

/// A large request comes in this time, or others wait for its room in vain.
const LARGE_COMES: Duration = Duration::from_secs(30);

/// Api key and version.
const START: usize = 4;

/// Reads one frame after the other.
#[derive(Debug)]
pub(super) struct Frames {
    buffer: BytesMut,
    /// Room for large requests, in bytes.
    large: Arc<Semaphore>,
    /// What the last frame takes of it.
    taken: Option<OwnedSemaphorePermit>,
}

impl Frames {
    pub(super) fn new(large: Arc<Semaphore>) -> Self {
        Self { buffer: BytesMut::new(), large, taken: None }
    }

    /// The next frame without its length; `None` when the peer has closed the connection between two frames. The one
    /// before is done with.
    pub(super) async fn next(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
    ) -> Result<Option<Bytes>, Closed> {
        self.taken = None;
        if !self.fill(from, 4).await? {
            return if self.buffer.is_empty() { Ok(None) } else { Err(cut_off()) };
        }
        let claimed = self.buffer.get_i32();
        let length = usize::try_from(claimed).unwrap_or(0);
        if length < START {
            return Err(refused(format_args!("a request of {claimed} bytes")));
        }
        self.whole(from, START).await?;
        let api = i16::from_be_bytes([self.buffer[0], self.buffer[1]]);
        let limit = if api == ApiKey::Produce as i16 { MAX_PRODUCE } else { MAX_OTHER };
        if length > limit {
            return Err(refused(format_args!("a request of {length} bytes, where {limit} are taken")));
        }
        if length > Limits::SMALL {
            self.large(from, length).await?;
        }
        self.whole(from, length).await?;
        Ok(Some(self.take(length)))
    }

    /// What stays of a request, the name of a group's member for one, must not keep a connection's whole buffer.
    fn take(&mut self, length: usize) -> Bytes {
        if length <= STEP {
            let frame = Bytes::copy_from_slice(&self.buffer[..length]);
            self.buffer.advance(length);
            return frame;
        }
        let frame = self.buffer.split_to(length).freeze();
        if length > KEPT {
            self.buffer = BytesMut::from(&self.buffer[..]);
        }
        frame
    }

    /// Reads a large frame as soon as there is room for it.
    async fn large(&mut self, from: &mut (impl AsyncRead + Unpin), length: usize) -> Result<(), Closed> {
        let room = Arc::clone(&self.large).acquire_many_owned(u32::try_from(length).map_err(refused)?);
        self.taken = Some(room.await.map_err(refused)?);
        let comes = tokio::time::timeout(LARGE_COMES, self.whole(from, length));
        comes.await.map_err(|_| refused(format_args!("a request of {length} bytes that did not come")))?
    }

    async fn whole(&mut self, from: &mut (impl AsyncRead + Unpin), length: usize) -> Result<(), Closed> {
        if self.fill(from, length).await? { Ok(()) } else { Err(cut_off()) }
    }

    /// Reads until so many bytes are there; `false` at the end.
    async fn fill(&mut self, from: &mut (impl AsyncRead + Unpin), length: usize) -> io::Result<bool> {
        while self.buffer.len() < length {
            let missing = length - self.buffer.len();
            // Doubling, so that a large frame is not copied for every step of it.
            self.buffer.reserve(missing.clamp(READ_AHEAD, STEP.max(self.buffer.len())));
            if from.read_buf(&mut self.buffer).await? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn cut_off() -> Closed {
    Closed::Network(io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use std::future::{Future as _, poll_fn};
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    fn frames() -> Frames {
        Frames::new(Arc::new(Semaphore::new(1 << 30)))
    }

    fn frame(body: &[u8]) -> Vec<u8> {
        let mut frame = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        frame.extend_from_slice(body);
        frame
    }

    #[tokio::test]
    async fn frames_come_out_as_they_went_in_however_they_are_cut() {
        let bodies = [vec![0, 3, 0, 0], vec![7; 200_000], vec![0, 0, 0, 9, 1, 2, 3]];
        let bytes: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
        for step in [1, 5, 4096, bytes.len()] {
            let mut pieces = in_pieces(&bytes, step);
            let mut frames = frames();
            for body in &bodies {
                assert_eq!(frames.next(&mut pieces).await.unwrap().unwrap(), body);
            }
            assert!(frames.next(&mut pieces).await.unwrap().is_none());
        }
    }

    #[tokio::test]
    async fn a_claimed_length_takes_no_memory() {
        let mut bytes = (100i32 << 20).to_be_bytes().to_vec();
        bytes.extend_from_slice(&[0, 0, 0, 9, 1, 2, 3]);
        let mut frames = frames();
        assert!(frames.next(&mut bytes.as_slice()).await.is_err());
        assert!(frames.buffer.capacity() <= 2 * STEP);
    }

    #[tokio::test]
    async fn a_large_request_waits_until_the_one_before_is_done() {
        let body = vec![0; Limits::SMALL + 1];
        let bytes = frame(&body);
        let large = Arc::new(Semaphore::new(body.len() + 1));
        let (mut one, mut other) = (Frames::new(Arc::clone(&large)), Frames::new(large));
        let (mut first, mut second) = (bytes.as_slice(), bytes.as_slice());
        assert_eq!(one.next(&mut first).await.unwrap().unwrap().len(), body.len());
        let mut waiting = pin!(other.next(&mut second));
        let is_pending = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending()));
        assert!(is_pending.await);
        assert!(one.next(&mut first).await.unwrap().is_none());
        assert_eq!(waiting.await.unwrap().unwrap().len(), body.len());
    }

    #[tokio::test]
    async fn lengths_that_no_request_has_are_refused() {
        let too_large = |api: i16, limit: usize| {
            let mut bytes = i32::try_from(limit + 1).unwrap().to_be_bytes().to_vec();
            bytes.extend_from_slice(&api.to_be_bytes());
            bytes.extend_from_slice(&[0; 16]);
            bytes
        };
        let hostile = [
            vec![0xff; 64],
            vec![0; 64],
            (-1i32).to_be_bytes().to_vec(),
            3i32.to_be_bytes().to_vec(),
            i32::MAX.to_be_bytes().into_iter().chain([0; 60]).collect(),
            too_large(ApiKey::Produce as i16, MAX_PRODUCE),
            too_large(ApiKey::Metadata as i16, MAX_OTHER),
        ];
        for bytes in hostile {
            let closed = frames().next(&mut bytes.as_slice()).await.unwrap_err();
            assert!(matches!(closed, Closed::Refused(_)), "{bytes:?}: {closed}");
        }
    }

    /// Hands out at most `step` bytes at once.
    fn in_pieces(bytes: &[u8], step: usize) -> impl AsyncRead + Unpin {
        struct Pieces(Vec<u8>, usize, usize);
        impl AsyncRead for Pieces {
            fn poll_read(
                mut self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
                to: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<io::Result<()>> {
                let end = self.0.len().min(self.1 + self.2.min(to.remaining()));
                to.put_slice(&self.0[self.1..end]);
                self.1 = end;
                std::task::Poll::Ready(Ok(()))
            }
        }
        Pieces(bytes.to_vec(), 0, step)
    }
}
