//! The connectors that were made over REST, in the state directory.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

const FILE: &str = "connectors.json";
const ASIDE: &str = "connectors.json.new";

/// One connector. It holds its secrets, so nothing shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptConnector {
    /// Its name.
    pub(super) name: String,
    /// Its properties, as they were sent.
    pub(super) config: BTreeMap<String, String>,
}

/// What is kept cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{} holds the connectors that were made over REST, and cannot be {what}; {hint}", path.display())]
pub struct KeptError {
    path: PathBuf,
    what: &'static str,
    hint: &'static str,
    #[source]
    source: io::Error,
}

/// All that are kept, in the order in which they were made.
pub(super) struct Kept {
    state: PathBuf,
    all: Vec<KeptConnector>,
}

impl Kept {
    /// Nothing, whatever lies in the state directory `state`.
    pub(super) fn none(state: &Path) -> Self {
        Self { state: state.to_owned(), all: Vec::new() }
    }

    /// What is kept in the state directory `state`.
    pub(super) fn open(state: &Path) -> Result<Self, KeptError> {
        let path = state.join(FILE);
        let hint = "put it right, or move it away: the process then starts without them";
        let failed = |source| KeptError { path: path.clone(), what: "read", hint, source };
        let all = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| failed(error.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        Ok(Self { state: state.to_owned(), all })
    }

    /// All of them.
    pub(super) fn all(&self) -> &[KeptConnector] {
        &self.all
    }

    /// The one of this name.
    pub(super) fn named(&self, name: &str) -> Option<&KeptConnector> {
        self.all.iter().find(|known| known.name == name)
    }

    /// All with `connector` among them, in place of the one of its name.
    pub(super) fn with(&self, connector: KeptConnector) -> Vec<KeptConnector> {
        let mut all = self.all.clone();
        match all.iter_mut().find(|known| known.name == connector.name) {
            Some(known) => *known = connector,
            None => all.push(connector),
        }
        all
    }

    /// All but the one of this name.
    pub(super) fn without(&self, name: &str) -> Vec<KeptConnector> {
        self.all.iter().filter(|known| known.name != name).cloned().collect()
    }

    /// Keeps these from now on. Durable when this returns; where it fails everything is as before.
    pub(super) fn keep(&mut self, all: Vec<KeptConnector>) -> Result<(), KeptError> {
        let hint =
            "nothing has changed: see that the directory can be written and has room, and send it again";
        let failed = |source| KeptError { path: self.state.join(FILE), what: "written", hint, source };
        self.write(&all).map_err(failed)?;
        self.all = all;
        Ok(())
    }

    /// Written aside first, so that a crash leaves what was, or what is wanted.
    fn write(&self, all: &[KeptConnector]) -> io::Result<()> {
        let aside = self.state.join(ASIDE);
        match std::fs::remove_file(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
        file.write_all(&serde_json::to_vec_pretty(all)?)?;
        file.sync_all()?;
        std::fs::rename(&aside, self.state.join(FILE))?;
        File::open(&self.state)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn connector(name: &str, password: &str) -> KeptConnector {
        let config = [("name", name), ("salesforce.password", password)];
        let config = config.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        KeptConnector { name: name.to_owned(), config }
    }

    #[test]
    fn what_is_kept_comes_back_in_its_order_and_nobody_else_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut kept = Kept::open(dir.path()).unwrap();
        for (name, password) in [("b", "1"), ("a", "2"), ("b", "3")] {
            let all = kept.with(connector(name, password));
            kept.keep(all).unwrap();
        }
        let again = Kept::open(dir.path()).unwrap();
        assert!(again.all() == [connector("b", "3"), connector("a", "2")]);
        let mode = std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let all = kept.without("b");
        kept.keep(all).unwrap();
        assert!(Kept::open(dir.path()).unwrap().all() == [connector("a", "2")]);
    }

    #[test]
    fn what_cannot_be_written_does_not_count_and_what_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let mut kept = Kept::open(dir.path()).unwrap();
        std::fs::create_dir(dir.path().join(ASIDE)).unwrap();
        let all = kept.with(connector("a", "s3cr3t"));
        let refused = kept.keep(all).unwrap_err();
        assert!(refused.to_string().contains("nothing has changed"), "{refused}");
        assert!(kept.all().is_empty() && Kept::open(dir.path()).unwrap().all().is_empty());
        std::fs::write(dir.path().join(FILE), "[{").unwrap();
        let refused = Kept::open(dir.path()).err().unwrap().to_string();
        assert!(refused.contains(FILE) && refused.contains("move it away"), "{refused}");
    }
}
