//! Where the control socket is.
//!
//! A socket's path has about a hundred bytes. One that is too long gives way to a short one in the user's
//! runtime directory, and the state directory says which.

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

const SOCKET: &str = "control.sock";
const POINTER: &str = "control.path";

/// The longest path that every Unix takes for a socket, its closing zero not counted.
const LONGEST: usize = 103;

/// Where a state directory's socket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketPath {
    /// The socket.
    pub socket: PathBuf,
    /// The file that names it, where it is not in the state directory.
    pub pointer: Option<PathBuf>,
}

impl SocketPath {
    /// Decides where the socket of `state` goes. `node` tells apart the sockets of one runtime directory.
    pub fn choose(state: &Path, node: &str) -> io::Result<Self> {
        let socket = state.join(SOCKET);
        if socket.as_os_str().len() <= LONGEST {
            return Ok(Self { socket, pointer: None });
        }
        let directory = runtime_directory()?;
        Ok(Self { socket: directory.join(format!("{node}.sock")), pointer: Some(state.join(POINTER)) })
    }

    /// Where the socket of `state` was put; `None` when no process has put one there.
    pub fn find(state: &Path) -> io::Result<Option<PathBuf>> {
        let state = match state.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            path => path?,
        };
        match std::fs::read(state.join(POINTER)) {
            Ok(path) => return Ok(Some(PathBuf::from(OsString::from_vec(path)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let socket = state.join(SOCKET);
        Ok(socket.exists().then_some(socket))
    }

    /// Removes what a killed process left. To be called under the lock of the state directory.
    pub fn clear(&self, state: &Path) -> io::Result<()> {
        for path in [&self.socket, &state.join(SOCKET), &state.join(POINTER)] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display())));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// `$XDG_RUNTIME_DIR/orgstream`, or a directory of the user's own under the temporary directory.
fn runtime_directory() -> io::Result<PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let directory = match std::env::var_os("XDG_RUNTIME_DIR").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path).join("orgstream"),
        None => std::env::temp_dir().join(format!("orgstream-{user}")),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
    let metadata = std::fs::symlink_metadata(&directory)?;
    // Somebody else could have made it first, to answer in this user's name.
    if !metadata.is_dir() || metadata.uid() != user || metadata.mode() & 0o077 != 0 {
        let message = format!("{} is not a directory that only this user can enter", directory.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    Ok(directory)
}
