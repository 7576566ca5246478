//! `orgstream schema`: the JSON Schema of the file, or all its keys as a document.

use super::exit::{Exit, Failure};
use super::{args, output};
use crate::config::json_schema;
use crate::config::reference::markdown;

pub(super) fn schema(arguments: &args::Schema) -> Result<Exit, Failure> {
    if arguments.markdown {
        output::line(markdown().trim_end())?;
    } else {
        output::json(&json_schema())?;
    }
    Ok(Exit::Done)
}
