//! `orgstream config effective`: every setting, its value and where it comes from.

use super::args::{Config, ConfigCommand};
use super::exit::{Exit, Failure};
use super::output;
use super::table::table;
use crate::config::effective::effective;

pub(super) fn config(arguments: &Config) -> Result<Exit, Failure> {
    let ConfigCommand::Effective(arguments) = &arguments.command;
    let settings = effective(&arguments.file)?;
    if arguments.json {
        output::json(&settings)?;
        return Ok(Exit::Done);
    }
    let mut lines = vec![["KEY", "VALUE", "FROM"].map(str::to_owned).to_vec()];
    lines.extend(settings.into_iter().map(|setting| vec![setting.key, setting.value, setting.layer]));
    output::line(&table(&lines))?;
    Ok(Exit::Done)
}
