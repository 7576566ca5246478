//! `orgstream schema-store`: the embedded schema store by itself, with its address as the first line.

use std::path::Path;

use serde_json::json;

use super::args;
use super::exit::{Exit, Failure};
use super::{output, signals};
use crate::schema_store::{Given, Options, SchemaStore};
use crate::store::Database;

pub(super) async fn schema_store(arguments: args::SchemaStore) -> Result<Exit, Failure> {
    let stop = signals::stop_on_signals()?;
    let path = arguments.data.as_deref().unwrap_or(Path::new(Database::IN_MEMORY));
    let database = Database::open(path).map_err(Failure::failed)?;
    let options = Options { port: arguments.port, database, given: Given::default() };
    let store = SchemaStore::start(options).await.map_err(Failure::failed)?;
    output::line(&json!({ "url": store.url().as_str().trim_end_matches('/') }).to_string())?;
    stop.cancelled().await;
    store.stop().await;
    Ok(Exit::Done)
}
