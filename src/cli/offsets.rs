//! `orgstream offsets`: how far pipelines are, shown; and where their sinks go on, set while nothing is at work.
//!
//! - [`show`]: what is on record
//! - [`change`]: what setting does, and whether it is meant
//! - [`target`]: what `--to` and `--only` say

use std::collections::BTreeMap;
use std::path::Path;

use super::args::{self, OffsetsCommand};
use super::exit::{Exit, Failure};
use crate::control::{Answer, ask};

mod show;

mod change;

mod target;

pub(super) async fn offsets(arguments: args::Offsets) -> Result<Exit, Failure> {
    match arguments.command {
        OffsetsCommand::Show(arguments) => show::show(arguments).await,
        OffsetsCommand::Set(arguments) => change::set(arguments).await,
        OffsetsCommand::Reset(arguments) => change::reset(arguments).await,
    }
}

/// The addresses of what runs inside the process on the state directory `place`, if one does.
async fn running(place: &Path) -> Result<Option<BTreeMap<String, String>>, Failure> {
    match ask(place).await.map_err(Failure::failed)? {
        Answer::Running(status) => Ok(Some(status.embedded)),
        Answer::NotRunning(_) => Ok(None),
    }
}
