//! What the data file keeps of an org, put back line by line; the last state of a row wins.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::bulk::Jobs;
use crate::data::{DataFile, Entry, Restored, Store};
use crate::error::SimulatorError;
use crate::events::EventLog;
use crate::setup::Setup;
use crate::tooling::{Definition, Definitions};

/// The parts of an org that come back.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Its schema was changed when the org started.
    pub(crate) store: Store,
    pub(crate) definitions: Definitions,
    pub(crate) log: EventLog,
    pub(crate) refresh_tokens: BTreeSet<String>,
    pub(crate) jobs: Jobs,
    pub(crate) setup: Setup,
}

impl Kept {
    /// Reads a file to its end. Moves the clock.
    pub(crate) fn restore(&mut self, file: &mut DataFile) -> Result<(), SimulatorError> {
        let Self { store, definitions, log, refresh_tokens, jobs, setup } = self;
        let mut restored = Restored::default();
        while let Some(entry) = file.next()? {
            match entry {
                Entry::Org(_) | Entry::Rewritten(_) => {}
                Entry::Clock(offset) => store.clock.set_ahead_by(offset),
                Entry::Definition(definition) => {
                    let now = store.schema.changed();
                    if let Definition::Deleted { name } = &definition {
                        setup.forget_field(name);
                    }
                    definitions.restore(store, definition, now);
                }
                Entry::Counted(counted) => {
                    counted.ids.iter().for_each(|(prefix, next)| store.ids.go_on(prefix, *next));
                    store.auto_numbers.go_on(&store.schema, &counted.auto_numbers);
                }
                Entry::RefreshTokens(tokens) => *refresh_tokens = tokens,
                Entry::Granted(token) => {
                    refresh_tokens.insert(token);
                }
                Entry::Revoked(token) => {
                    refresh_tokens.remove(&token);
                }
                Entry::Forgotten(replay_id) => {
                    log.forget_until(replay_id);
                }
                Entry::Jobs(entries) => {
                    for entry in entries {
                        jobs.restore(entry, &mut store.ids);
                    }
                }
                Entry::Setting(setting) => setup.note(setting),
                Entry::Commit { rows, events, last_replay_id, job } => {
                    for row in &rows {
                        restored.put(store, row).map_err(|reason| file.misfit(reason))?;
                    }
                    log.restore(&events, last_replay_id);
                    if let Some(job) = job {
                        jobs.restore(*job, &mut store.ids);
                    }
                }
            }
        }
        let schema = Arc::unwrap_or_clone(Arc::clone(&store.schema));
        store.schema = Arc::new(schema.changed_at(store.clock.now()));
        Ok(())
    }
}
