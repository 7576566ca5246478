//! Which halves of pipelines somebody told to rest. It is kept in the state directory, so that a process that is started
//! again does not begin what it was told to leave.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::half::HalfName;
use crate::connectors::NotDone;
use crate::control::{Kind, Rest};

const FILE: &str = "resting.json";
const ASIDE: &str = "resting.json.new";

/// What is kept cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} says which connectors rest, and cannot be {what}; put it right, or remove it: all of them then run",
    path.display()
)]
pub(super) struct RestingError {
    path: PathBuf,
    what: &'static str,
    #[source]
    source: io::Error,
}

/// The halves that rest, by their names.
#[derive(Debug)]
pub(super) struct Resting {
    state: PathBuf,
    halves: Mutex<BTreeMap<String, Rest>>,
}

impl Resting {
    /// What is kept in the state directory `state`.
    pub(super) fn open(state: &Path) -> Result<Self, RestingError> {
        let path = state.join(FILE);
        let failed = |source| RestingError { path: path.clone(), what: "read", source };
        let halves = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| failed(error.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(failed(error)),
        };
        Ok(Self { state: state.to_owned(), halves: Mutex::new(halves) })
    }

    /// How `half` rests; `None` while it is to run.
    pub(super) fn of(&self, half: &HalfName) -> Option<Rest> {
        self.lock().get(&half.to_string()).copied()
    }

    /// Makes sure that the sinks of these pipelines, which are the connector `name`, are stopped.
    pub(super) fn must_be_stopped(&self, name: &str, pipelines: &[String]) -> Result<(), NotDone> {
        let is_stopped = |pipeline: &String| {
            self.of(&HalfName { pipeline: pipeline.clone(), kind: Kind::Sink }) == Some(Rest::Stopped)
        };
        if !pipelines.is_empty() && pipelines.iter().all(is_stopped) {
            return Ok(());
        }
        Err(NotDone::Wrong(format!(
            "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by \
             issuing a 'PUT' request to the '/connectors/{name}/stop' endpoint"
        )))
    }

    /// Has `half` rest so from now on, or run. Durable when this returns.
    pub(super) fn set(&self, half: &HalfName, rest: Option<Rest>) -> Result<(), RestingError> {
        let mut halves = self.lock();
        let mut wanted = halves.clone();
        match rest {
            Some(rest) => wanted.insert(half.to_string(), rest),
            None => wanted.remove(&half.to_string()),
        };
        if wanted == *halves {
            return Ok(());
        }
        let failed = |source| RestingError { path: self.state.join(FILE), what: "written", source };
        self.keep(&wanted).map_err(failed)?;
        *halves = wanted;
        Ok(())
    }

    /// Written aside first, so that a crash leaves what was, or what is wanted.
    fn keep(&self, halves: &BTreeMap<String, Rest>) -> io::Result<()> {
        let aside = self.state.join(ASIDE);
        let mut file = File::create(&aside)?;
        file.write_all(&serde_json::to_vec(halves)?)?;
        file.sync_all()?;
        std::fs::rename(&aside, self.state.join(FILE))?;
        File::open(&self.state)?.sync_all()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Rest>> {
        self.halves.lock().expect("no holder of this lock panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_rests_is_known_after_a_restart_and_a_file_that_says_nothing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let half = |kind| HalfName { pipeline: "crm".to_owned(), kind };
        let resting = Resting::open(dir.path()).unwrap();
        resting.set(&half(Kind::Sink), Some(Rest::Paused)).unwrap();
        resting.set(&half(Kind::Source), Some(Rest::Stopped)).unwrap();
        resting.set(&half(Kind::Source), None).unwrap();
        let again = Resting::open(dir.path()).unwrap();
        assert_eq!(again.of(&half(Kind::Sink)), Some(Rest::Paused));
        assert_eq!(again.of(&half(Kind::Source)), None);
        std::fs::write(dir.path().join(FILE), "{").unwrap();
        let refused = Resting::open(dir.path()).unwrap_err().to_string();
        assert!(refused.contains(FILE) && refused.contains("remove it"), "{refused}");
    }

    #[test]
    fn what_cannot_be_kept_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let resting = Resting::open(dir.path()).unwrap();
        std::fs::create_dir(dir.path().join(ASIDE)).unwrap();
        let half = HalfName { pipeline: "crm".to_owned(), kind: Kind::Sink };
        assert!(resting.set(&half, Some(Rest::Paused)).is_err());
        assert_eq!(resting.of(&half), None);
    }
}
