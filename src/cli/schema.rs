//! `orgstream schema`: the JSON Schema of the file.

use super::exit::{Exit, Failure};
use super::output;
use crate::config::json_schema;

pub(super) fn schema() -> Result<Exit, Failure> {
    output::json(&json_schema())?;
    Ok(Exit::Done)
}
