//! Property sets in, a file of orgstream's out, with what became of each property. No network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::clients::{overrides, reports};
use super::document::{Map, Origin};
use super::finding::{Finding, Verdict};
use super::given::{CLASS, Given, NAME};
use super::join::join;
use super::kind::Kind;
use super::login::{self, Known, Login};
use super::org::org;
use super::part::{Making, Part};
use super::registry::registry;
use super::secrets::Secrets;
use super::settings::Settings;
use super::sink::sink;
use super::source::source;
use super::wire::wires;
use super::worker::{brokers, without_worker, worker as of_worker};
use crate::config::{Config, Faults, load_text};

/// Whether a source and a sink that meet at a topic become one pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipelines {
    /// They do.
    Joined,
    /// Each connector is a pipeline under its own name, whichever others run beside it: positions and offsets go by that name.
    OfConnectors,
}

/// A file of orgstream's, made of property sets.
pub struct Translation {
    /// The file. Secrets are environment variables in it.
    pub text: String,
    /// The values of these variables.
    pub variables: BTreeMap<String, String>,
    /// What became of each property.
    pub findings: Vec<Finding>,
    /// The consumer groups that the sinks had in Kafka Connect, by pipeline.
    pub groups: BTreeMap<String, String>,
    /// The connector that each pipeline is of, by its place among those that were given.
    pub owners: BTreeMap<String, usize>,
    origins: BTreeMap<String, Origin>,
    /// The sets, without their values.
    sets: Vec<Given>,
}

/// Makes a file of `connectors` and the `worker` that they run in.
pub fn translate(worker: Option<&Given>, connectors: &[Given], pipelines: Pipelines) -> Translation {
    let mut file = Map::default();
    let mut found = Vec::new();
    let mut secrets = Secrets::default();
    let mut orgs: Vec<Known> = Vec::new();
    let mut parts: Vec<(usize, Part)> = Vec::new();
    let mut names = BTreeSet::new();
    // Of pipelines, with the connector that each is of.
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups = BTreeMap::new();
    let servers = brokers(worker, connectors);
    for (number, given) in connectors.iter().enumerate() {
        let kind = match given.get(CLASS).map(Kind::of_class) {
            Some(Ok(kind)) => kind,
            Some(Err(wrong)) => {
                found.push(given.finding(CLASS, Verdict::Refused, wrong));
                continue;
            }
            None => {
                let message =
                    "Missing required configuration \"connector.class\" which has no default value.";
                found.push(given.finding(CLASS, Verdict::Refused, message));
                continue;
            }
        };
        let mut settings = Settings::of_connector(kind, given);
        let name = name(&mut settings, &mut names);
        let mut of_converters = Vec::new();
        let wires = wires(kind, &mut settings, worker, &mut of_converters);
        found.extend(of_converters);
        let client = if kind.is_source() { "producer.override." } else { "consumer.override." };
        overrides(&mut settings, client, worker, &servers);
        reports(&mut settings, &servers);
        let login = Login::of(kind, &settings);
        let known = login::known(&orgs, &login, &mut settings);
        let mut making =
            Making { settings: &mut settings, number, name: name.clone(), secrets: &mut secrets };
        let org_name = match known {
            Some(known) => orgs[known].name.clone(),
            None => {
                let taken = |name: &str| orgs.iter().any(|known| known.name == name);
                let name = org_name(&making, taken);
                let keys = org(&mut making);
                orgs.push(Known { name: name.clone(), keys, login, of: given.of.clone() });
                name
            }
        };
        let (pipelines, topics) = if kind.is_source() {
            let (pipeline, topics) = source(&mut making, kind, &org_name, &wires);
            (vec![pipeline], topics)
        } else {
            (sink(&mut making, &org_name, &wires), Map::default())
        };
        for pipeline in &pipelines {
            if let Some(owner) = owners.insert(pipeline.name.clone(), number).filter(|owner| *owner != number)
            {
                let message = format!(
                    "it would be a pipeline `{}`, as one of {} is; rename one of the connectors",
                    pipeline.name, connectors[owner].of
                );
                settings.refuse(NAME, message);
            }
        }
        if kind == Kind::Sink {
            let group = group(given, worker);
            groups.extend(pipelines.iter().map(|pipeline| (pipeline.name.clone(), group.clone())));
        }
        found.extend(settings.into_findings());
        parts.push((number, Part { kind, org: org_name, pipelines, topics, wires }));
    }

    file.map("orgs");
    for org in orgs {
        file.map("orgs").put(org.name, org.keys, None);
    }
    let number = connectors.len();
    let mut of_worker_file = worker.map(Settings::of_worker);
    let kinds: Vec<Kind> = parts.iter().map(|(_, part)| part.kind).collect();
    if let Some(settings) = &mut of_worker_file {
        let name = "worker".to_owned();
        let mut making = Making { settings, number, name, secrets: &mut secrets };
        of_worker(&mut making, &kinds, &mut file);
    }
    found.extend(of_worker_file.into_iter().flat_map(Settings::into_findings));
    // Before the first connector comes over REST the registry is the one that it will be asked to use.
    let of_worker = worker.filter(|_| connectors.is_empty()).map(|worker| {
        let none = Given::default();
        let wires =
            wires(Kind::Sink, &mut Settings::of_connector(Kind::Sink, &none), Some(worker), &mut found);
        (number, worker, wires)
    });
    let of_connectors = parts.iter().map(|(number, part)| (*number, &connectors[*number], &part.wires));
    let of_worker = of_worker.iter().map(|(number, worker, wires)| (*number, *worker, wires));
    let converters: Vec<_> = of_connectors.chain(of_worker).collect();
    registry(&converters, worker.map(|worker| (number, worker)), &mut secrets, &mut file, &mut found);
    if worker.is_none() {
        without_worker(connectors, &mut file, &mut found);
    }
    // Topics that are there already have the width that somebody gave them.
    file.map("kafka").map("topics").put("partitions", -1_i64, None);
    for (number, part) in &parts {
        for key in part.topics.keys() {
            let topics = file.map("kafka").map("topics");
            match (topics.from(key), part.topics.get(key)) {
                (Some((other, property)), value) if topics.get(key) != value => {
                    let message = format!(
                        "{} says another number; topics of one process are made in one way: write the same in both, or make the topics by \
                         hand and leave this out",
                        connectors[other].of
                    );
                    found.push(connectors[*number].finding(&property, Verdict::Refused, message));
                }
                _ => topics.merge_one(key, &part.topics),
            }
        }
    }
    let all = parts.into_iter().map(|(_, part)| part).collect();
    join(all, pipelines, &mut file);

    let without_values = |given: &Given| Given { properties: BTreeMap::new(), ..given.clone() };
    found
        .sort_by_key(|finding| (finding.of.clone(), finding.line, finding.property.clone(), finding.verdict));
    found.dedup();
    Translation {
        text: file.to_yaml(),
        variables: secrets.into_variables(),
        findings: found,
        groups,
        owners,
        origins: file.origins(),
        sets: connectors.iter().chain(worker).map(without_values).collect(),
    }
}

/// The connector's name as a pipeline's, which is part of topic names.
fn name(settings: &mut Settings<'_>, names: &mut BTreeSet<String>) -> String {
    let Some(name) = settings.filled(NAME) else {
        return settings
            .given
            .of
            .chars()
            .map(legal)
            .collect::<String>()
            .trim_start_matches(['_', '.'])
            .to_owned();
    };
    let legal: String = name.chars().map(legal).collect();
    let legal = legal.trim_start_matches('_').to_owned();
    if legal != name {
        settings.differs(NAME, format!("the pipeline is `{legal}`: its name is part of topic names"));
    }
    if !names.insert(legal.clone()) {
        settings.refuse(NAME, format!("another connector is `{legal}` as well; give each a name of its own"));
    }
    legal
}

/// The consumer group that a sink has in Kafka Connect.
fn group(given: &Given, worker: Option<&Given>) -> String {
    let own = given.get("consumer.override.group.id");
    let named = own.or_else(|| worker?.get("consumer.group.id"));
    named.map_or_else(|| format!("connect-{}", given.get(NAME).unwrap_or_default()), str::to_owned)
}

fn legal(c: char) -> char {
    if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' }
}

/// The first part of a My Domain, else the connector's name.
fn org_name(making: &Making<'_, '_>, taken: impl Fn(&str) -> bool) -> String {
    let url = making.settings.text("salesforce.instance").unwrap_or_default();
    let host = url.split("://").nth(1).unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
    let own = host.strip_suffix(".my.salesforce.com").map(|own| own.replace('.', "-"));
    let name = own.filter(|own| !own.is_empty()).unwrap_or_else(|| making.name.clone());
    if taken(&name) { format!("{name}-{}", making.name) } else { name }
}

impl Translation {
    /// Whether nothing can run with the properties as they are.
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(|finding| finding.verdict == Verdict::Refused)
    }

    /// Checks the file as any other, under the name `file`; what is wrong is said of the properties that it comes from.
    /// Relative paths start from the working directory, as a worker's do.
    pub fn check(&mut self, file: &Path) -> Option<Config> {
        self.check_with(file, |name| std::env::var(name).ok())
    }

    /// As [`Self::check`], for a file that is to run elsewhere: environment variables that it names are taken for set.
    pub fn check_for_later(&mut self, file: &Path) -> Option<Config> {
        self.check_with(file, |name| Some(name.to_owned()))
    }

    fn check_with(&mut self, file: &Path, environment: impl Fn(&str) -> Option<String>) -> Option<Config> {
        if self.is_refused() {
            return None;
        }
        let variable = |name: &str| self.variables.get(name).cloned().or_else(|| environment(name));
        match load_text(&self.text, file, Path::new(""), &variable) {
            Ok(config) => Some(config),
            Err(faults) => {
                self.add_faults(&faults);
                None
            }
        }
    }

    /// Adds what is wrong with the file, each fault said of the property that its key comes from.
    pub fn add_faults(&mut self, faults: &Faults) {
        let said = faults.faults.iter().map(|fault| self.said_of_property(&fault.key, &fault.message));
        let said: Vec<_> = said.collect();
        self.findings.extend(said);
    }

    /// Refuses every property that says something of a key that begins with `start`.
    pub fn refuse_under(&mut self, start: &str, message: &str) {
        let named = self.origins.iter().filter(|(path, _)| path.starts_with(start));
        let refused = named.map(|(_, (number, property))| {
            self.sets[*number].finding(property, Verdict::Refused, message.to_owned())
        });
        let refused: Vec<_> = refused.collect();
        self.findings.extend(refused);
    }

    /// What nothing can run with.
    pub fn refused(&self) -> Vec<Finding> {
        self.findings.iter().filter(|finding| finding.verdict == Verdict::Refused).cloned().collect()
    }

    /// For each key that `text` names between backquotes the property that it comes from, with its file and line.
    pub fn properties_named_in(&self, text: &str) -> Vec<String> {
        let named: BTreeSet<&str> = text.split('`').skip(1).step_by(2).collect();
        let is_named = |path: &str| {
            named.iter().any(|key| path == *key || (key.contains('.') && path.ends_with(&format!(".{key}"))))
        };
        let from = self.origins.iter().filter(|(path, _)| is_named(path));
        from.map(|(path, (number, property))| {
            let set = &self.sets[*number];
            let line = set.lines.get(property).map(|line| format!(":{line}")).unwrap_or_default();
            format!("`{path}` comes from `{property}` ({}{line})", set.of)
        })
        .collect()
    }

    /// A fault of the file as one of the property that the key comes from.
    fn said_of_property(&self, key: &str, message: &str) -> Finding {
        let is_above = |above: &str| {
            key.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let above = self.origins.iter().filter(|(path, _)| is_above(path)).max_by_key(|(path, _)| path.len());
        let below = || self.origins.iter().find(|(path, _)| path.starts_with(key));
        match above.or_else(below).map(|(_, origin)| origin) {
            Some((number, property)) => {
                self.sets[*number].finding(property, Verdict::Refused, format!("{message} (`{key}`)"))
            }
            None => Finding {
                of: self.sets.first().map(|set| set.of.clone()).unwrap_or_default(),
                line: None,
                property: key.to_owned(),
                verdict: Verdict::Refused,
                message: message.to_owned(),
            },
        }
    }
}
