//! `orgstream ids import`, `set` and `forget`.

use std::collections::HashSet;
use std::path::Path;

use super::catalog::{Catalog, mismatch};
use super::doubles::refuse_doubles;
use super::place::{Place, all_ids};
use super::there::must_be_there;
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::control::{IdsAnswered, change_ids};
use crate::id_file::read_triples;
use crate::runtime::{IdleIds, RunOptions, Runtime};
use crate::store::{Changed, IdChanges, Kept, Pair};

/// Links of one request.
const BATCH: usize = 1_000;

/// Changes the id map of a place, wherever it is held.
pub(super) struct Editor<'a> {
    place: &'a Place,
    /// Where nothing runs on the state directory.
    idle: Option<IdleIds>,
}

impl<'a> Editor<'a> {
    pub(super) fn new(place: &'a Place) -> Self {
        Self { place, idle: None }
    }

    /// As [`Editor::new`], of a map that this process holds itself.
    pub(super) fn holding(place: &'a Place, idle: Option<IdleIds>) -> Self {
        Self { place, idle }
    }

    /// Makes changes, durable when it returns.
    pub(super) async fn change(&mut self, changes: IdChanges) -> Result<Changed, Failure> {
        if self.idle.is_none() {
            match change_ids(&self.place.state, &changes).await.map_err(Failure::failed)? {
                IdsAnswered::Changed(changed) => return Ok(changed),
                IdsAnswered::Refused(why) => return Err(Failure::failed(anyhow::anyhow!(why))),
                IdsAnswered::NotRunning => self.idle = Some(self.open().await?),
            }
        }
        let idle = self.idle.as_ref().expect("it was opened");
        Ok(idle.change(changes).await?)
    }

    /// Takes note that the file means this org by `name`. A process that runs has done so.
    pub(super) async fn know(&self, name: &str, org_id: &str) -> Result<(), Failure> {
        match &self.idle {
            Some(idle) => Ok(idle.know(name, org_id).await?),
            None => Ok(()),
        }
    }

    async fn open(&self) -> Result<IdleIds, Failure> {
        let Some(config) = self.place.config.clone() else {
            return Err(Failure::usage(format!(
                "nothing runs on the state directory {}, and a link has to be written to Kafka: name the configuration, \
                 which says where that is",
                self.place.state.display()
            )));
        };
        let options = RunOptions { state: Some(self.place.state.clone()), ..RunOptions::default() };
        Ok(Runtime::open(config, options).await?.ids().await?)
    }

    /// Gives back what was opened for the changes.
    pub(super) async fn close(self) {
        if let Some(idle) = self.idle {
            idle.close().await;
        }
    }
}

pub(super) async fn import(arguments: args::IdsImport) -> Result<Exit, Failure> {
    let (place, words) = Place::of(arguments.words, arguments.place.state, 1)?;
    let catalog = Catalog::of(&place, &arguments.sides).await?;
    let known = |object: &str| catalog.sides(object).map(|(object, _)| object);
    let all = read_triples(Path::new(&words[0]), known, mismatch)
        .map_err(|faults| Failure::usage(format!("{}\nNothing is taken in.", faults.join("\n"))))?;
    let mut set = Vec::with_capacity(all.len());
    for triple in all {
        let key = catalog.key(&triple.object, triple.source).map_err(Failure::usage)?;
        set.push(Pair { key, target_id: triple.target.to_string() });
    }
    refuse_doubles(&place, &set).await?;
    let changes = set.chunks(BATCH).map(|set| IdChanges { set: set.to_vec(), ..IdChanges::default() });
    finish(&place, changes.collect(), arguments.place.json).await
}

pub(super) async fn set(arguments: args::IdsSet) -> Result<Exit, Failure> {
    let (place, words) = Place::of(arguments.words, arguments.place.state, 3)?;
    let ids = all_ids(&words[1..])?;
    let catalog = Catalog::of(&place, &arguments.sides).await?;
    let key = catalog.key(&words[0], ids[0]).map_err(|why| said("the command", &why))?;
    if let Some(why) = mismatch(&key.object, ids[0], ids[1]) {
        return Err(said("the command", &why));
    }
    must_be_there(&place, &catalog, &key, [ids[0], ids[1]]).await?;
    let set = vec![Pair { key, target_id: ids[1].to_string() }];
    refuse_doubles(&place, &set).await?;
    finish(&place, vec![IdChanges { set, ..IdChanges::default() }], arguments.place.json).await
}

pub(super) async fn forget(arguments: args::IdsForget) -> Result<Exit, Failure> {
    let (place, words) = Place::of_many(arguments.words, arguments.place.state, 2)?;
    let mut ids = all_ids(&words[1..])?;
    let mut named = HashSet::new();
    ids.retain(|id| named.insert(*id));
    let catalog = Catalog::of(&place, &arguments.sides).await?;
    let keys: Result<Vec<_>, String> = ids.into_iter().map(|id| catalog.key(&words[0], id)).collect();
    let forget = keys.map_err(|why| said("the command", &why))?;
    let mut editor = Editor::new(&place);
    let changed = editor.change(IdChanges { forget, ..IdChanges::default() }).await;
    editor.close().await;
    let changed = changed?;
    show(&changed, arguments.place.json)?;
    Ok(if changed.unknown == 0 { Exit::Done } else { Exit::Failed })
}

fn said(who: &str, why: &str) -> Failure {
    Failure::usage(format!("{who} {why}"))
}

async fn finish(place: &Place, changes: Vec<IdChanges>, json: bool) -> Result<Exit, Failure> {
    let mut editor = Editor::new(place);
    let mut all = Changed::default();
    for changes in changes {
        match editor.change(changes).await {
            Ok(changed) => all.add(changed),
            Err(failure) => {
                editor.close().await;
                return Err(failure);
            }
        }
    }
    editor.close().await;
    show(&all, json)?;
    Ok(Exit::Done)
}

fn show(changed: &Changed, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(changed);
    }
    let counts = [
        (changed.new, "new"),
        (changed.changed, "changed"),
        (changed.same, "as they were"),
        (changed.kept, "kept as they are"),
        (changed.forgotten, "taken out"),
        (changed.unknown, "not there"),
    ];
    let said: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    output::line(&format!("Links: {}.", if said.is_empty() { "none".to_owned() } else { said.join(", ") }))
}

/// What is said of a link that stays although something else was found.
pub(super) fn conflict(kept: &Kept) -> String {
    let Pair { key, target_id } = &kept.found;
    let linked = match &kept.linked {
        Some(linked) => format!("is linked with {linked}"),
        None => "is said to be deleted".to_owned(),
    };
    format!(
        "{} {} {linked}, and the target has {target_id} with its external id; `orgstream ids set` decides",
        key.object, key.source_id
    )
}
