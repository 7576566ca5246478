//! The whole org in as few lines as possible: what its data file is rewritten with, at a start and when it has grown to
//! twice what it should hold. Lines are made one by one, so rewriting takes no room.

use crate::auth::Logins;
use crate::bulk::Jobs;
use crate::clock::Clock;
use crate::data::{Contents, Counted, Entry, Store};
use crate::events::EventLog;
use crate::setup::Setup;
use crate::tenant::{Identity, State, Tenant};
use crate::tooling::Definitions;

/// Rows or events of one line.
const CHUNK: usize = 500;

/// Everything that a data file keeps.
struct Whole<'a> {
    identity: &'a Identity,
    clock: &'a Clock,
    store: &'a Store,
    definitions: &'a Definitions,
    log: &'a EventLog,
    logins: &'a Logins,
    jobs: &'a Jobs,
    setup: &'a Setup,
}

impl Tenant {
    /// What the data file of an org is rewritten with.
    pub(crate) fn contents<'a>(
        &'a self,
        state: &'a State,
    ) -> Contents<impl Iterator<Item = Entry> + use<'a>> {
        let Self { identity, clock, .. } = self;
        let State { store, definitions, log, logins, jobs, setup, .. } = state;
        Whole { identity, clock, store, definitions, log, logins, jobs, setup }.contents()
    }

    /// Rewrites the data file if most of it was overwritten since. What a transaction may take back is not written.
    pub(crate) fn compact(&self, state: &mut State) {
        let Self { identity, clock, .. } = self;
        let State {
            store,
            definitions,
            log,
            logins,
            jobs,
            setup,
            journal: Some(journal),
            spanning: None,
            ..
        } = state
        else {
            return;
        };
        if !journal.is_overgrown(items(store, log)) {
            return;
        }
        let contents = Whole { identity, clock, store, definitions, log, logins, jobs, setup }.contents();
        if let Err(error) = journal.rewrite(contents) {
            tracing::warn!(%error, "the sandbox org's data file stays as long as it is");
        }
    }
}

impl<'a> Whole<'a> {
    fn contents(self) -> Contents<impl Iterator<Item = Entry> + use<'a>> {
        let Self { identity, clock, store, definitions, log, logins, jobs, setup } = self;
        let mut head = vec![
            Entry::Org(Box::new(identity.clone())),
            Entry::Clock(clock.offset_millis()),
            Entry::RefreshTokens(logins.refresh_tokens().clone()),
        ];
        // Fields come before the numbers and rows that have to do with them.
        head.extend(definitions.entries(&store.schema).into_iter().map(Entry::Definition));
        head.push(Entry::Counted(Counted {
            ids: store.ids.counted().map(|(prefix, next)| (prefix.to_owned(), next)).collect(),
            auto_numbers: store.auto_numbers.counted(&store.schema),
        }));
        let last_replay_id = log.last();
        let events = log.retained(clock.now());
        let of_rows = store.len().div_ceil(CHUNK);
        let of_events = events.len().div_ceil(CHUNK);
        let set_up = setup.all().iter().cloned().map(Entry::Setting);
        let jobs = jobs.entries().into_iter().map(|entry| Entry::Jobs(vec![entry]));
        let tail: Vec<Entry> = set_up.chain(jobs).collect();
        let lines = head.len() + of_rows + of_events + tail.len();
        let (mut rows, mut events) = (store.rows(), events.into_iter());
        let rows = (0..of_rows).map(move |_| {
            let rows = rows.by_ref().take(CHUNK).map(|(object, row)| store.stored(object, row)).collect();
            Entry::Commit { rows, events: Vec::new(), last_replay_id, job: None }
        });
        let events = (0..of_events).map(move |_| {
            let events = events.by_ref().take(CHUNK).collect();
            Entry::Commit { rows: Vec::new(), events, last_replay_id, job: None }
        });
        Contents {
            lines,
            entries: head.into_iter().chain(rows).chain(events).chain(tail),
            items: items(store, log),
        }
    }
}

/// Rows and events of an org.
fn items(store: &Store, log: &EventLog) -> usize {
    store.len() + log.len()
}
