//! One SQLite connection on its own thread, driven through a channel.

use std::path::{Path, PathBuf};
use std::thread;

use orgstream_api::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{mpsc, oneshot};

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The schema. `user_version` counts the steps that a file has taken.
const STEPS: &[&str] = &["
    CREATE TABLE orgs (name TEXT PRIMARY KEY, org_id TEXT NOT NULL) STRICT;
    CREATE TABLE links (
        source_org TEXT NOT NULL, object TEXT NOT NULL, source_id TEXT NOT NULL, target_org TEXT NOT NULL,
        topic_offset INTEGER NOT NULL, link TEXT NOT NULL,
        PRIMARY KEY (source_org, object, source_id, target_org)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE followed (topic TEXT PRIMARY KEY, next_offset INTEGER NOT NULL) STRICT;
", "
    CREATE TABLE schemas (
        id INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT NOT NULL UNIQUE, type TEXT NOT NULL, text TEXT NOT NULL,
        canonical TEXT NOT NULL, refs TEXT NOT NULL, UNIQUE (type, canonical, refs)
    ) STRICT;
    CREATE TABLE schema_versions (
        subject TEXT NOT NULL, version INTEGER NOT NULL, schema_id INTEGER NOT NULL, deleted INTEGER NOT NULL,
        PRIMARY KEY (subject, version)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX schema_versions_by_id ON schema_versions (schema_id);
    CREATE TABLE schema_references (
        subject TEXT NOT NULL, version INTEGER NOT NULL, schema_id INTEGER NOT NULL,
        PRIMARY KEY (subject, version, schema_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE schema_settings (subject TEXT PRIMARY KEY, compatibility TEXT, mode TEXT) STRICT;
    CREATE TABLE schema_revision (revision INTEGER NOT NULL) STRICT;
    INSERT INTO schema_revision VALUES (0);
", "
    -- From here on a link's text leaves out what its key says.
"];

/// What is said of a file that is damaged. Nothing in it is the only copy of a link or a position.
const DAMAGED: &str = "it is damaged; put a whole copy back, or use a new `state` directory: links are then read from Kafka \
                       again, or found again in the target org";

/// A handle to the database. Clones share the connection; it closes with the last of them.
#[derive(Debug, Clone)]
pub struct Database {
    jobs: mpsc::UnboundedSender<Job>,
    path: PathBuf,
}

impl Database {
    /// The path of a database that is gone with its last handle.
    pub const IN_MEMORY: &str = ":memory:";

    /// Opens or makes the file and brings its schema up to date. Blocks.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |what: &str, source: rusqlite::Error| StoreError {
            what: format!("{what} {} ({})", path.display(), remedy(&source)),
            source: Some(Box::new(SqliteError(source))),
        };
        let mut connection = Connection::open(path).map_err(|error| failed("cannot open", error))?;
        refuse_newer(path, newer(&connection).map_err(|error| failed("cannot prepare", error))?)?;
        refuse_damage(path, damage(&connection).map_err(|error| failed("cannot read", error))?)?;
        prepare(&mut connection).map_err(|error| failed("cannot prepare", error))?;
        Self::serve(connection, path)
    }

    /// Opens a file to look at it: nothing in it is changed, nor brought up to date. Blocks.
    pub fn look(path: &Path) -> Result<Self, StoreError> {
        let failed = |source: rusqlite::Error| StoreError {
            what: format!("cannot read {} ({})", path.display(), remedy(&source)),
            source: Some(Box::new(SqliteError(source))),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        refuse_newer(path, newer(&connection).map_err(failed)?)?;
        refuse_damage(path, damage(&connection).map_err(failed)?)?;
        Self::serve(connection, path)
    }

    /// Makes a file anew, with these tables, for what need not outlive the process. Blocks.
    pub fn scratch(path: &Path, tables: &str) -> Result<Self, StoreError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| StoreError {
            what: format!("cannot make {}", path.display()),
            source: Some(source),
        };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error.into())),
            _ => {}
        }
        let make = || {
            let connection = Connection::open(path)?;
            connection.pragma_update(None, "journal_mode", "OFF")?;
            connection.pragma_update(None, "synchronous", "OFF")?;
            connection.execute_batch(tables)?;
            Ok(connection)
        };
        let connection = make().map_err(|error| failed(Box::new(SqliteError(error))))?;
        Self::serve(connection, path)
    }

    fn serve(mut connection: Connection, path: &Path) -> Result<Self, StoreError> {
        let (jobs, mut queue) = mpsc::unbounded_channel::<Job>();
        thread::Builder::new()
            .name("orgstream-store".into())
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    job(&mut connection);
                }
            })
            .map_err(|error| StoreError {
                what: "cannot start the store's thread".into(),
                source: Some(Box::new(error)),
            })?;
        Ok(Self { jobs, path: path.to_owned() })
    }

    /// Runs `work` on the store's thread. `what` completes the sentence "cannot …" of an error.
    pub async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // A caller that went away needs no answer; the work itself is done either way.
            answer.send(work(connection)).ok();
        });
        let what = || format!("cannot {what} in {}", self.path.display());
        self.jobs.send(job).map_err(|_| StoreError { what: what(), source: None })?;
        match result.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(StoreError { what: what(), source: Some(Box::new(SqliteError(error))) }),
            Err(_) => Err(StoreError { what: what(), source: None }),
        }
    }
}

/// SQLite's own words. The sentence that goes with the code behind them says the same once more.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct SqliteError(rusqlite::Error);

/// What to do about a database that cannot be opened.
fn remedy(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => DAMAGED,
        Some(ErrorCode::DiskFull) => "make room on its disk",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "close the other program that has it open"
        }
        _ => "it has to be a file that this user can read and write, in a directory that this user can write",
    }
}

fn refuse_newer(path: &Path, newer: Option<u32>) -> Result<(), StoreError> {
    let Some(taken) = newer else { return Ok(()) };
    let what = format!(
        "{} was made by a newer orgstream (step {taken}, this one knows {}); run that one, or use another `state` directory",
        path.display(),
        STEPS.len()
    );
    Err(StoreError { what, source: None })
}

fn refuse_damage(path: &Path, damage: Option<String>) -> Result<(), StoreError> {
    let Some(damage) = damage else { return Ok(()) };
    let what = format!("cannot read {} ({DAMAGED}): {damage}", path.display());
    Err(StoreError { what, source: None })
}

/// The schema's step, when this program does not know it: what it means cannot be guessed.
fn newer(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    let taken: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok((taken as usize > STEPS.len()).then_some(taken))
}

/// The first thing that is wrong with the file. Reads all of it, which takes a sixth of a second for 200,000 links; found
/// later, damage would show as anything.
fn damage(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((found != "ok").then_some(found))
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // D7: a link that is reported as bound survives a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // In KiB, below zero. With SQLite's own 2 MB the links of a running import are read from the file over and over.
    connection.pragma_update(None, "cache_size", -8_192)?;
    let taken: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (number, step) in (1_u32..).zip(STEPS).skip(taken as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}
