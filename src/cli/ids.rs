//! `orgstream ids`: which record of one org stands for which of the other, shown and corrected.
//!
//! What is shown is read from the state directory, beside a process that runs. What is changed goes through that process,
//! or, where nothing runs, into its stores under the lock of the directory.

use super::args::{self, IdsCommand};
use super::exit::{Exit, Failure};

mod place;

mod catalog;

mod show;

mod change;

mod doubles;

mod there;

mod bootstrap;

pub(super) async fn ids(arguments: args::Ids) -> Result<Exit, Failure> {
    match arguments.command {
        IdsCommand::Lookup(arguments) => show::lookup(arguments).await,
        IdsCommand::Export(arguments) => show::export(arguments).await,
        IdsCommand::Import(arguments) => change::import(arguments).await,
        IdsCommand::Set(arguments) => change::set(arguments).await,
        IdsCommand::Forget(arguments) => change::forget(arguments).await,
        IdsCommand::Bootstrap(arguments) => bootstrap::bootstrap(arguments).await,
    }
}
