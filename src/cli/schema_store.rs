//! `orgstream schema-store`: the embedded schema store by itself, with its address as the first line.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use serde_json::json;

use super::args;
use super::exit::{Exit, Failure};
use super::{output, signals};
use crate::schema_store::{Given, Options, SchemaStore};
use crate::store::Database;

/// How every database of SQLite's begins.
const DATABASE: &[u8; 16] = b"SQLite format 3\0";

pub(super) async fn schema_store(arguments: args::SchemaStore) -> Result<Exit, Failure> {
    let stop = signals::stop_on_signals()?;
    let path = arguments.data.as_deref().unwrap_or(Path::new(Database::IN_MEMORY));
    if let Some(file) = &arguments.data {
        refuse_other(file)?;
    }
    let database = Database::open(path).map_err(Failure::failed)?;
    let options = Options { port: arguments.port, database, given: Given::default() };
    let store = SchemaStore::start(options).await.map_err(Failure::failed)?;
    output::line(&json!({ "url": store.url().as_str().trim_end_matches('/') }).to_string())?;
    stop.cancelled().await;
    store.stop().await;
    Ok(Exit::Done)
}

/// Refuses what is no file of a schema store.
fn refuse_other(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    if path.is_dir() {
        return Err(Failure::usage(format!(
            "{shown} is a directory, and `--data` names a file, which is made where there is none: write `--data {}`",
            path.join("schemas.db").display()
        )));
    }
    let mut begins = [0; DATABASE.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begins));
    // A file that is missing or empty becomes one.
    let is_other = match read {
        Ok(()) => begins != *DATABASE,
        Err(error) => {
            error.kind() == ErrorKind::UnexpectedEof && path.metadata().is_ok_and(|file| file.len() > 0)
        }
    };
    if is_other {
        return Err(Failure::usage(format!(
            "{shown} is no file of a schema store; name the one of an earlier schema store, or one that is not there yet"
        )));
    }
    Ok(())
}
