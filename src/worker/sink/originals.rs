//! Consumed records as they came, for as long as they are with the sink.
//!
//! A dead letter, a parked entry and a report have the bytes of their record. Most records need none of the three, and a bulk job is at
//! work on tens of thousands of them for minutes, so what is too much for memory lies on disk. The files have no name any more once
//! they are open, and each is given back when the last of its records is settled. A disk that takes no more loses nothing: what
//! comes then stays in memory.

use std::borrow::Cow;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use orgstream_api::{Headers, InputOffset, StoreError, with_causes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::kafka::Consumed;

/// Bytes in memory. What other calls than bulk jobs carry fits, unless the records are wide.
const MEMORY: usize = 8 * 1024 * 1024;

/// Bytes of a file from which on the next one is begun.
const FILE: u64 = 16 * 1024 * 1024;

/// The consumed records of a task.
#[derive(Debug)]
pub(super) struct Originals {
    room: Arc<Semaphore>,
    dir: PathBuf,
    /// The file that is written to, and its size.
    file: Option<(Arc<File>, u64)>,
    /// Whether it was said that the disk takes no more.
    is_told: bool,
}

/// A consumed record.
#[derive(Debug)]
pub(super) struct Original {
    /// Without key, value and headers where these lie on disk.
    consumed: Consumed,
    lies: Lies,
}

/// Where key, value and headers are.
#[derive(Debug)]
enum Lies {
    InMemory {
        /// Gives the room back.
        _room: Option<OwnedSemaphorePermit>,
    },
    OnDisk {
        file: Arc<File>,
        at: u64,
        size: usize,
    },
}

impl Originals {
    /// None yet; `dir` is where their files are made.
    pub(super) fn new(dir: PathBuf) -> Self {
        Self::with_room(dir, MEMORY)
    }

    fn with_room(dir: PathBuf, bytes: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(bytes)), dir, file: None, is_told: false }
    }

    /// Takes a record in.
    pub(super) fn keep(&mut self, mut consumed: Consumed) -> Original {
        let permits = u32::try_from(consumed.size()).unwrap_or(u32::MAX);
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(permits) {
            return Original { consumed, lies: Lies::InMemory { _room: Some(room) } };
        }
        match self.write(&consumed) {
            Ok(lies) => {
                (consumed.key, consumed.value, consumed.headers) = (None, None, Headers::default());
                self.is_told = false;
                Original { consumed, lies }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_told, true) {
                    tracing::warn!(
                        dir = %self.dir.display(), reason = with_causes(&error),
                        "Records that are being written cannot be laid down on disk and stay in memory. Make room on that disk."
                    );
                }
                Original { consumed, lies: Lies::InMemory { _room: None } }
            }
        }
    }

    fn write(&mut self, consumed: &Consumed) -> std::io::Result<Lies> {
        let bytes = encode(consumed);
        let (file, at) = match self.file.take().filter(|(_, size)| *size < FILE) {
            Some(begun) => begun,
            None => {
                std::fs::create_dir_all(&self.dir)?;
                (Arc::new(tempfile::tempfile_in(&self.dir)?), 0)
            }
        };
        let written = file.write_all_at(&bytes, at);
        // What went wrong midway is written over.
        let end = if written.is_ok() { at + u64::try_from(bytes.len()).unwrap_or(u64::MAX) } else { at };
        self.file = Some((Arc::clone(&file), end));
        written.map(|()| Lies::OnDisk { file, at, size: bytes.len() })
    }
}

impl Original {
    /// Where the record lies in Kafka.
    pub(super) fn at(&self) -> &InputOffset {
        &self.consumed.at
    }

    /// The whole record.
    ///
    /// # Errors
    /// The disk does not give back what was written.
    pub(super) fn read(&self) -> Result<Cow<'_, Consumed>, StoreError> {
        let Lies::OnDisk { file, at, size } = &self.lies else { return Ok(Cow::Borrowed(&self.consumed)) };
        let failed = |source| StoreError {
            what: format!("cannot read the record at {} back from disk", self.consumed.at),
            source,
        };
        let mut bytes = vec![0; *size];
        file.read_exact_at(&mut bytes, *at).map_err(|error| failed(Some(Box::new(error))))?;
        decode(&bytes, &self.consumed).map(Cow::Owned).ok_or_else(|| failed(None))
    }
}

/// Key, value and headers as bytes.
fn encode(consumed: &Consumed) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(consumed.size() + 128);
    put(&mut bytes, consumed.key.as_deref());
    put(&mut bytes, consumed.value.as_deref());
    for (name, value) in consumed.headers.iter() {
        put(&mut bytes, Some(name.as_bytes()));
        put(&mut bytes, Some(value));
    }
    bytes
}

/// What [`encode`] made bytes of; `None` where it did not make these.
fn decode(mut bytes: &[u8], rest: &Consumed) -> Option<Consumed> {
    let key = take(&mut bytes)?.map(<[u8]>::to_vec);
    let value = take(&mut bytes)?.map(<[u8]>::to_vec);
    let mut headers = Headers::default();
    while !bytes.is_empty() {
        let name = std::str::from_utf8(take(&mut bytes)??).ok()?.to_owned();
        headers.push(name, take(&mut bytes)??);
    }
    Some(Consumed { at: rest.at.clone(), key, value, headers, timestamp: rest.timestamp })
}

/// A part, its length before it; nothing is one less than empty.
fn put(bytes: &mut Vec<u8>, part: Option<&[u8]>) {
    let length = part.map_or(0, |part| part.len() + 1);
    bytes.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
    bytes.extend_from_slice(part.unwrap_or_default());
}

#[expect(clippy::option_option, reason = "no part, and a part that is nothing")]
fn take<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (part, rest) = rest.split_at_checked(length.saturating_sub(1))?;
    *bytes = rest;
    Some((length > 0).then_some(part))
}

#[cfg(test)]
mod tests {
    use orgstream_api::TopicPartition;
    use proptest::prelude::*;

    use super::*;

    fn consumed() -> impl Strategy<Value = Consumed> {
        let bytes = || proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200));
        let headers =
            proptest::collection::vec(("[a-zé.]{0,9}", proptest::collection::vec(any::<u8>(), 0..9)), 0..4);
        (bytes(), bytes(), headers, any::<i64>()).prop_map(|(key, value, named, timestamp)| {
            let mut headers = Headers::default();
            for (name, value) in named {
                headers.push(name, value);
            }
            let partition = TopicPartition { topic: "a.Account".into(), partition: 0 };
            let at = InputOffset { partition, offset: timestamp };
            Consumed { at, key, value, headers, timestamp }
        })
    }

    proptest! {
        #[test]
        fn records_come_back_byte_for_byte_from_memory_and_from_disk(
            records in proptest::collection::vec(consumed(), 1..40), room in 0..2_000_usize
        ) {
            let dir = tempfile::tempdir().unwrap();
            let mut originals = Originals::with_room(dir.path().join("bulk"), room);
            let kept: Vec<Original> = records.iter().map(|record| originals.keep(record.clone())).collect();
            for (record, kept) in records.iter().zip(&kept) {
                prop_assert_eq!(kept.at(), &record.at);
                prop_assert_eq!(&*kept.read().unwrap(), record);
            }
            drop(kept);
            prop_assert_eq!(originals.room.available_permits(), room);
        }
    }

    #[test]
    fn a_file_is_gone_with_the_last_of_its_records_and_a_disk_that_takes_none_loses_none() {
        let dir = tempfile::tempdir().unwrap();
        let large = |value: u8| Consumed {
            at: InputOffset { partition: TopicPartition { topic: "a".into(), partition: 0 }, offset: 0 },
            key: None,
            value: Some(vec![value; 9 << 20]),
            headers: Headers::default(),
            timestamp: 0,
        };
        let mut originals = Originals::with_room(dir.path().to_owned(), 0);
        let kept: Vec<Original> = (0..4).map(|value| originals.keep(large(value))).collect();
        let Lies::OnDisk { file, .. } = &kept[0].lies else { panic!("it fits in no memory") };
        let first = Arc::downgrade(file);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the files have no names");
        assert_eq!(*kept[3].read().unwrap(), large(3));
        drop(kept);
        assert!(first.upgrade().is_none(), "two records filled it");

        let no_dir = dir.path().join("file");
        std::fs::write(&no_dir, "").unwrap();
        let mut originals = Originals::with_room(no_dir, 0);
        assert_eq!(*originals.keep(large(7)).read().unwrap(), large(7));
    }
}
