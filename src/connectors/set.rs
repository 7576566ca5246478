//! All connectors of a process: those that are kept, those of its files, and which of them could not be started.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use super::declared::{Declared, Lasts, Trouble};
use super::hidden::{HIDDEN, is_hidden};
use super::kept::{Kept, KeptConnector, KeptError};
use super::origin::Origin;
use super::together::{Together, sent, together};
use super::update::{NotDone, Update};
use crate::config::Config;
use crate::confluent::{self, Finding, Pipelines, Verdict, translate};

/// All of them. Whoever changes them is one at a time; others look.
pub struct ConnectorSet {
    origin: Origin,
    inner: Mutex<Inner>,
}

struct Inner {
    /// What the file says, or the property files, without what is kept.
    base: Arc<Config>,
    kept: Kept,
    declared: Vec<Declared>,
    groups: BTreeMap<String, String>,
    /// The kept ones that have faults, or could not be started.
    troubles: BTreeMap<String, Trouble>,
    /// Pipelines that a connector had, and that may run still.
    leaving: Vec<String>,
}

/// A change that is thought through and not made yet.
pub(crate) struct Thought {
    all: Vec<KeptConnector>,
    together: Together,
    /// Whether the connector is new.
    pub(crate) is_new: bool,
}

impl Thought {
    /// Everything that is to run then.
    pub(crate) fn config(&self) -> &Config {
        &self.together.config
    }

    /// The connector `name` as it is then.
    pub(crate) fn declared(&self, name: &str) -> Option<&Declared> {
        self.together.declared.iter().find(|declared| declared.name == name)
    }
}

impl ConnectorSet {
    /// Those that are kept in the state directory `state`, beside `base`.
    pub(crate) fn open(state: &Path, origin: Origin, base: &Config) -> Result<Self, KeptError> {
        let kept = if matches!(origin, Origin::Fixed) { Kept::none(state) } else { Kept::open(state)? };
        let (declared, groups, troubles, leaving) = Default::default();
        let inner = Inner { base: Arc::new(base.clone()), kept, declared, groups, troubles, leaving };
        let set = Self { origin, inner: Mutex::new(inner) };
        set.gather(Arc::new(base.clone()));
        Ok(set)
    }

    /// Whether connectors can be made here.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.origin, Origin::Fixed)
    }

    /// Everything that is to run from now on: `base`, and what is kept and has no faults. Those that have some say so.
    pub(crate) fn gather(&self, base: Arc<Config>) -> Config {
        let mut inner = self.lock();
        let mut taken = inner.kept.all().to_vec();
        let mut faulty = BTreeMap::new();
        let all = match together(&self.origin, &base, &taken) {
            Ok(all) => all,
            Err(_) => {
                taken.clear();
                for kept in inner.kept.all() {
                    taken.push(kept.clone());
                    if let Err(found) = together(&self.origin, &base, &taken) {
                        taken.pop();
                        faulty.insert(kept.name.clone(), messages(&found).join("\n"));
                    }
                }
                together(&self.origin, &base, &taken).unwrap_or_else(|_| Together {
                    config: (*base).clone(),
                    declared: Vec::new(),
                    groups: BTreeMap::new(),
                })
            }
        };
        for (name, trouble) in &mut inner.troubles {
            if trouble.lasts == Lasts::Faulty && !faulty.contains_key(name) {
                trouble.lasts = Lasts::Passing;
            }
        }
        for (name, reason) in faulty {
            inner.show_trouble(&name, Trouble::faulty(reason));
        }
        inner.base = base;
        inner.put(all)
    }

    /// As [`Self::gather`], with the file that is in force.
    pub(crate) fn gather_again(&self) -> Config {
        let base = Arc::clone(&self.lock().base);
        self.gather(base)
    }

    /// Those that are shown.
    pub(crate) fn declared(&self) -> Vec<Declared> {
        let inner = self.lock();
        let mut all = inner.declared.clone();
        for kept in inner.kept.all() {
            if all.iter().all(|known| known.name != kept.name) {
                all.push(Declared::new(&kept.name, &kept.config, None));
            }
        }
        for declared in all.iter_mut().filter(|declared| declared.file.is_none()) {
            declared.trouble = inner.troubles.get(&declared.name).cloned();
        }
        all
    }

    /// The one of this name.
    pub(crate) fn named(&self, name: &str) -> Option<Declared> {
        self.declared().into_iter().find(|declared| declared.name == name)
    }

    /// The names of those that are kept, in the order in which they were made.
    pub(crate) fn kept(&self) -> Vec<String> {
        self.lock().kept.all().iter().map(|kept| kept.name.clone()).collect()
    }

    /// Whether the pipeline is of a connector that is kept.
    pub(crate) fn owns(&self, pipeline: &str) -> bool {
        let inner = self.lock();
        let mut kept = inner.declared.iter().filter(|declared| declared.file.is_none());
        kept.any(|declared| declared.pipelines.iter().any(|own| own == pipeline))
            || inner.leaving.iter().any(|own| own == pipeline)
    }

    /// What connectors had before has ended.
    pub(crate) fn left(&self) {
        self.lock().leaving.clear();
    }

    /// The pipelines of the kept ones that could not be started.
    pub(crate) fn aside(&self) -> BTreeSet<String> {
        self.lock().aside()
    }

    /// The consumer group that a sink had in Kafka Connect.
    pub(crate) fn group(&self, pipeline: &str) -> Option<String> {
        self.lock().groups.get(pipeline).cloned()
    }

    /// Says why a kept connector is not at work.
    pub(crate) fn show_trouble(&self, name: &str, trouble: Trouble) {
        self.lock().show_trouble(name, trouble);
    }

    /// These wait until they are started, each by itself.
    pub(crate) fn set_aside(&self, names: &[String]) {
        let mut inner = self.lock();
        for name in names {
            let waits = || Trouble::passing("it is about to be started".to_owned());
            inner.troubles.entry(name.clone()).or_insert_with(waits);
        }
    }

    /// Those of these pipelines are at work.
    pub(crate) fn run(&self, pipelines: &BTreeSet<String>) {
        let mut inner = self.lock();
        let Inner { declared, troubles, .. } = &mut *inner;
        for declared in declared.iter() {
            if declared.pipelines.iter().any(|own| pipelines.contains(own)) {
                troubles.remove(&declared.name);
            }
        }
    }

    /// What `base` and the connectors that are sound come to.
    ///
    /// # Errors
    /// Why they cannot run beside it.
    pub(crate) fn beside(&self, base: &Config) -> Result<Config, String> {
        let inner = self.lock();
        let sound = inner.sound(inner.kept.all(), "");
        let all = together(&self.origin, base, &sound);
        let aside = inner.aside();
        let mut config = all.map_err(|found| messages(&found).join("; "))?.config;
        config.pipelines.retain(|pipeline| !aside.contains(&pipeline.name));
        Ok(config)
    }

    /// The kept ones that are tried again by themselves.
    pub(crate) fn tried_again(&self) -> Vec<String> {
        let inner = self.lock();
        let again = inner.troubles.iter().filter(|(_, trouble)| trouble.is_passing());
        again.map(|(name, _)| name.clone()).collect()
    }

    /// Thinks through what an update comes to. Nothing changes.
    pub(crate) fn think(&self, name: &str, update: Update) -> Result<Thought, NotDone> {
        let inner = self.lock();
        let config = inner.updated(name, update)?;
        let is_new = inner.kept.named(name).is_none();
        let kept = KeptConnector { name: name.to_owned(), config };
        let all = inner.kept.with(kept);
        let sound = inner.sound(&all, name);
        let together = together(&self.origin, &inner.base, &sound);
        let together = together.map_err(|found| NotDone::Invalid(messages(&found)))?;
        Ok(Thought { all, together, is_new })
    }

    /// Makes a change that was thought through. Durable when this returns.
    pub(crate) fn make(&self, name: &str, thought: Thought) -> Result<(), NotDone> {
        let mut inner = self.lock();
        inner.kept.keep(thought.all)?;
        inner.leave(name);
        inner.put(thought.together);
        Ok(())
    }

    /// Forgets a connector. Durable when this returns; answers with what it was.
    pub(crate) fn forget(&self, name: &str) -> Result<Declared, NotDone> {
        let known = self.named(name);
        let mut inner = self.lock();
        inner.must_be_kept(name)?;
        let all = inner.kept.without(name);
        inner.kept.keep(all)?;
        inner.leave(name);
        inner.declared.retain(|declared| declared.name != name);
        known.ok_or_else(|| NotDone::Unknown(name.to_owned()))
    }

    /// What is found in properties, were they a connector's.
    pub(crate) fn examine(&self, properties: &BTreeMap<String, String>) -> Vec<Finding> {
        let inner = self.lock();
        let name = properties.get("name").cloned().unwrap_or_default();
        let kept = KeptConnector { name: name.clone(), config: inner.revealed(&name, properties.clone()) };
        let mut found = match &self.origin {
            Origin::Properties(files) => {
                translate(Some(&files.worker), &[sent(&self.origin, &kept)], Pipelines::OfConnectors).findings
            }
            Origin::File | Origin::Fixed => {
                translate(None, &[sent(&self.origin, &kept)], Pipelines::OfConnectors).findings
            }
        };
        if found.iter().all(|finding| finding.verdict != Verdict::Refused) {
            let all = inner.kept.with(kept.clone());
            let sound = inner.sound(&all, &name);
            found.extend(together(&self.origin, &inner.base, &sound).err().unwrap_or_default());
        }
        found.retain(|finding| finding.of == name);
        found
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder of this lock panics")
    }
}

impl Inner {
    /// Those of `all` that have no faults, and the one called `name`: faults of others are no reason to refuse it.
    fn sound(&self, all: &[KeptConnector], name: &str) -> Vec<KeptConnector> {
        let runs = |kept: &&KeptConnector| {
            kept.name == name || self.declared.iter().any(|known| known.name == kept.name)
        };
        all.iter().filter(runs).cloned().collect()
    }

    fn aside(&self) -> BTreeSet<String> {
        let aside = self.declared.iter().filter(|declared| self.troubles.contains_key(&declared.name));
        aside.flat_map(|declared| declared.pipelines.clone()).collect()
    }

    /// What the connector was may run still.
    fn leave(&mut self, name: &str) {
        self.troubles.remove(name);
        let known = self.declared.iter().filter(|declared| declared.name == name);
        let pipelines: Vec<String> = known.flat_map(|declared| declared.pipelines.clone()).collect();
        self.leaving.extend(pipelines);
    }

    fn show_trouble(&mut self, name: &str, trouble: Trouble) {
        let known = self.troubles.get(name);
        if known.is_some_and(|known| known.reason == trouble.reason && known.lasts == trouble.lasts) {
            return;
        }
        tracing::error!(
            connector = name,
            reason = trouble.reason,
            "A connector that was made over REST cannot run; everything else goes on."
        );
        self.troubles.insert(name.to_owned(), trouble);
    }

    fn put(&mut self, together: Together) -> Config {
        (self.declared, self.groups) = (together.declared, together.groups);
        together.config
    }

    /// The properties that a connector has after an update.
    fn updated(&self, name: &str, update: Update) -> Result<BTreeMap<String, String>, NotDone> {
        let is_there = self.kept.named(name).is_some();
        let mut config = match update {
            Update::Create(..) if is_there => return Err(NotDone::Exists(name.to_owned())),
            Update::Create(config, _) => {
                self.must_be_free(name).map_err(|_| NotDone::Exists(name.to_owned()))?;
                config
            }
            Update::Replace(config) => {
                if !is_there {
                    self.must_be_free(name)?;
                }
                config
            }
            Update::Patch(changes) => {
                self.must_be_kept(name)?;
                let kept = self.kept.named(name).map(|kept| kept.config.clone());
                let mut config = kept.unwrap_or_default();
                for (property, value) in changes {
                    match value {
                        Some(value) => config.insert(property, value),
                        None => config.remove(&property),
                    };
                }
                config
            }
        };
        config.insert("name".to_owned(), name.to_owned());
        let config = self.revealed(name, config);
        let kind = kind(&config);
        let masked =
            config.iter().filter(|(property, value)| *value == HIDDEN && is_hidden(kind, property, value));
        let masked: Vec<String> = masked
            .map(|(property, _)| {
                format!("Invalid value {HIDDEN} for configuration {property}: it stands for a value that is kept, and none is")
            })
            .collect();
        if masked.is_empty() { Ok(config) } else { Err(NotDone::Invalid(masked)) }
    }

    /// `config` with the values that are kept where it has what is shown in their place.
    fn revealed(&self, name: &str, mut config: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let Some(kept) = self.kept.named(name) else { return config };
        let kind = kind(&kept.config);
        for (property, value) in &mut config {
            if value == HIDDEN
                && let Some(known) =
                    kept.config.get(property).filter(|known| is_hidden(kind, property, known))
            {
                value.clone_from(known);
            }
        }
        config
    }

    fn must_be_kept(&self, name: &str) -> Result<(), NotDone> {
        if self.kept.named(name).is_some() {
            return Ok(());
        }
        self.must_be_free(name)?;
        Err(NotDone::Unknown(name.to_owned()))
    }

    /// That nothing of a file has the name.
    fn must_be_free(&self, name: &str) -> Result<(), NotDone> {
        let is_shared =
            |name: &String| self.declared.iter().any(|declared| declared.pipelines.contains(name));
        let mut own = self.base.pipelines.iter().filter(|pipeline| !is_shared(&pipeline.name));
        if let Some(pipeline) = own.find(|pipeline| pipeline.halves().any(|half| half == name)) {
            return Err(NotDone::ReadOnly(of_file(name, &pipeline.name, &self.base.file)));
        }
        match self.declared.iter().find(|declared| declared.name == name && declared.file.is_some()) {
            Some(_) => Err(self.read_only(name)),
            None => Ok(()),
        }
    }

    fn read_only(&self, name: &str) -> NotDone {
        let of = self.declared.iter().find(|declared| declared.name == name);
        let file = of.and_then(|declared| declared.file.as_ref()).map(|file| file.display().to_string());
        NotDone::ReadOnly(format!(
            "Connector {name} stands in {}, and is not changed over REST: change the file, and start the process again",
            file.unwrap_or_default()
        ))
    }
}

/// What is said of a half of one of the file's pipelines.
pub(crate) fn of_file(name: &str, pipeline: &str, file: &Path) -> String {
    format!(
        "Connector {name} is a part of the pipeline `{pipeline}` of {}, and is not changed over REST: change the file and apply it \
         (`orgstream apply`)",
        file.display()
    )
}

fn kind(config: &BTreeMap<String, String>) -> Option<confluent::Kind> {
    config.get("connector.class").and_then(|class| confluent::Kind::of_class(class).ok())
}

/// What nothing can run with, in sentences.
fn messages(found: &[Finding]) -> Vec<String> {
    let said = |finding: &Finding| {
        if finding.message.contains(&finding.property) {
            finding.message.clone()
        } else {
            format!("{}: {}", finding.property, finding.message)
        }
    };
    found.iter().map(said).collect()
}
