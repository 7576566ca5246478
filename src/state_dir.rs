//! The state directory: one process at a time, one node for its whole life.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

const LOCK: &str = "lock";
const NODE: &str = "node";

/// A state directory that this process holds. Dropping it lets the next process in.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    node: String,
    /// Locked for as long as it is open; the kernel lets go of it also when the process is killed.
    _lock: File,
}

/// The directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    /// Another process holds it.
    #[error(
        "the state directory {} is in use by {holder}; stop that process. Two processes share the work only where \
         the file names a Kafka (`kafka`), each with a directory of its own (--state)",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The other process, as far as it said.
        holder: String,
    },
    /// It cannot be made, read or written.
    #[error(
        "the state directory {} cannot be used; this user has to own it, or `state` in the file or --state names another \
         one: {what}",
        path.display()
    )]
    Io {
        /// The directory.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The node id in it is none.
    #[error(
        "{} holds no node id, which is 32 hexadecimal digits; restore it, or remove the file: this node then draws a new \
         id, and takes its source tasks over from the old one",
        path.display()
    )]
    Node {
        /// The file.
        path: PathBuf,
    },
}

impl StateDir {
    /// Takes `path`, making it with mode 0700 when it does not exist.
    pub fn open(path: &Path) -> Result<Self, StateDirError> {
        let failed = |what| move |source| StateDirError::Io { path: path.to_owned(), what, source };
        let mut builder = DirBuilder::new();
        // Links and positions tell what an org holds; the control socket obeys whoever reaches it.
        builder.recursive(true).mode(0o700);
        builder.create(path).map_err(failed("it cannot be made"))?;
        let path = path.canonicalize().map_err(failed("it cannot be found"))?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK))
            .map_err(failed("its lock cannot be opened"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StateDirError::InUse { holder: holder(&mut lock), path });
            }
            Err(TryLockError::Error(error)) => return Err(failed("it cannot be locked")(error)),
        }
        sign(&mut lock).map_err(failed("its lock cannot be written"))?;
        let file = path.join(NODE);
        let node = match known(&file).map_err(failed("its node id cannot be read"))? {
            Some(text) => node_id(&text).ok_or(StateDirError::Node { path: file })?,
            None => draw(&path).map_err(failed("its node id cannot be kept"))?,
        };
        Ok(Self { path, node, _lock: lock })
    }

    /// The id of the process that holds `path`, as far as it said.
    pub fn holder(path: &Path) -> Option<String> {
        let text = std::fs::read_to_string(path.join(LOCK)).ok()?;
        let pid: u32 = text.trim().parse().ok()?;
        Some(pid.to_string())
    }

    /// The directory, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The node's id, drawn when the directory was made.
    pub fn node(&self) -> &str {
        &self.node
    }
}

/// Writes this process's id into the lock, for the message of the next.
fn sign(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    write!(lock, "{}", std::process::id())
}

fn holder(lock: &mut File) -> String {
    let mut pid = String::new();
    match lock.read_to_string(&mut pid) {
        Ok(_) if !pid.trim().is_empty() => format!("process {}", pid.trim()),
        _ => "another process".to_owned(),
    }
}

/// What is in the file of the node id, as far as an id would go; `None` when there is no such file.
fn known(file: &Path) -> io::Result<Option<Vec<u8>>> {
    match File::open(file) {
        Ok(open) => {
            let mut text = Vec::new();
            open.take(100).read_to_end(&mut text)?;
            Ok(Some(text))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn node_id(text: &[u8]) -> Option<String> {
    let id = std::str::from_utf8(text).ok()?.trim();
    (id.len() == 32 && Uuid::try_parse(id).is_ok()).then(|| id.to_owned())
}

fn draw(directory: &Path) -> io::Result<String> {
    let id = Uuid::new_v4().simple().to_string();
    // Written aside first, so that a crash leaves a whole id or none.
    let aside = directory.join("node.new");
    let mut file = File::create(&aside)?;
    file.write_all(id.as_bytes())?;
    // Kafka knows this node by its id from the first claim on, so the id must not be lost by a power cut.
    file.sync_all()?;
    std::fs::rename(&aside, directory.join(NODE))?;
    File::open(directory)?.sync_all()?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_who_holds_the_directory_and_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/state");
        let held = StateDir::open(&path).unwrap();
        let refused = StateDir::open(&path).unwrap_err();
        assert!(matches!(refused, StateDirError::InUse { .. }), "{refused}");
        let message = refused.to_string();
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        assert!(message.contains("--state"), "{message}");
        drop(held);
        StateDir::open(&path).unwrap();
    }

    #[test]
    fn a_node_id_that_is_none_is_refused_with_its_file_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        for bad in [&b""[..], b"garbage", b"\0\xff\xfe", &[b'a'; 33]] {
            std::fs::write(dir.path().join("node"), bad).unwrap();
            let refused = StateDir::open(dir.path()).unwrap_err();
            assert!(matches!(refused, StateDirError::Node { .. }), "{refused}");
            let message = refused.to_string();
            assert!(message.contains("/node holds no node id"), "{message}");
            assert_eq!(std::fs::read(dir.path().join("node")).unwrap(), bad);
        }
    }

    #[test]
    fn a_directory_keeps_its_node_id_and_is_closed_to_others() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let first = StateDir::open(&path).unwrap().node().to_owned();
        assert_eq!(StateDir::open(&path).unwrap().node(), first);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
