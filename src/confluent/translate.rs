//! Property sets in, a file of orgstream's out, with what became of each property. No network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::catalog;
use super::document::{Map, Origin, Value};
use super::finding::{Finding, Verdict};
use super::given::{CLASS, Given, NAME};
use super::join::join;
use super::kind::Kind;
use super::org::{is_login, org};
use super::part::{Making, Part};
use super::secrets::Secrets;
use super::settings::Settings;
use super::sink::sink;
use super::source::source;
use super::wire::wires;
use super::worker::{registry, worker as of_worker};
use crate::config::{Config, load_text};

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
    origins: BTreeMap<String, Origin>,
    /// The sets, without their values.
    sets: Vec<Given>,
}

/// Makes a file of `connectors` and the `worker` that they run in.
pub fn translate(worker: Option<&Given>, connectors: &[Given], pipelines: Pipelines) -> Translation {
    let mut file = Map::default();
    let mut found = Vec::new();
    let mut secrets = Secrets::default();
    let mut orgs: Vec<(String, String, Map)> = Vec::new();
    let mut parts: Vec<(usize, Part)> = Vec::new();
    let mut names = BTreeSet::new();
    let mut groups = BTreeMap::new();
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
        let wires = wires(&mut settings, worker, &mut of_converters);
        found.extend(of_converters);
        let identity = identity(kind, &settings);
        if orgs.iter().all(|(known, ..)| *known != identity) {
            other_login(&mut settings, &orgs);
        }
        let mut making =
            Making { settings: &mut settings, number, name: name.clone(), secrets: &mut secrets };
        let known = orgs.iter().position(|(known, ..)| *known == identity);
        let org_name = match known {
            Some(known) => orgs[known].1.clone(),
            None => {
                let taken = |name: &str| orgs.iter().any(|(_, known, _)| known == name);
                let org_name = org_name(&making, taken);
                let org = org(&mut making);
                orgs.push((identity, org_name.clone(), org));
                org_name
            }
        };
        let (pipelines, topics) = if kind.is_source() {
            let (pipeline, topics) = source(&mut making, kind, &org_name, &wires);
            (vec![pipeline], topics)
        } else {
            (sink(&mut making, &org_name, &wires), Map::default())
        };
        if kind == Kind::Sink {
            let group = group(given);
            groups.extend(pipelines.iter().map(|pipeline| (pipeline.name.clone(), group.clone())));
        }
        found.extend(settings.into_findings());
        parts.push((number, Part { kind, org: org_name, pipelines, topics, wires }));
    }

    for (_, org_name, org) in orgs {
        file.map("orgs").put(org_name, org, None);
    }
    let number = connectors.len();
    let mut of_worker_file = worker.map(Settings::of_worker);
    of_worker(of_worker_file.as_mut().map(|settings| (number, settings)), connectors, &mut file, &mut found);
    found.extend(of_worker_file.into_iter().flat_map(Settings::into_findings));
    let converters: Vec<_> =
        parts.iter().map(|(number, part)| (*number, &connectors[*number], &part.wires)).collect();
    registry(&converters, worker.map(|worker| (number, worker)), &mut file, &mut found);
    // Topics that are there already have the width that somebody gave them.
    file.map("kafka").map("topics").put("partitions", -1_i64, None);
    for (_, part) in &parts {
        if !part.topics.is_empty() {
            file.map("kafka").map("topics").merge(part.topics.clone());
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
    let legal: String = name.trim().chars().map(legal).collect();
    let legal = legal.trim_start_matches('_').to_owned();
    if legal != name.trim() {
        settings.differs(NAME, format!("the pipeline is `{legal}`: its name is part of topic names"));
    }
    if !names.insert(legal.clone()) {
        settings.refuse(NAME, format!("another connector is `{legal}` as well; give each a name of its own"));
    }
    legal
}

/// The consumer group that a sink has in Kafka Connect.
fn group(given: &Given) -> String {
    let own = given.get("consumer.override.group.id").map(str::to_owned);
    own.unwrap_or_else(|| format!("connect-{}", given.get(NAME).unwrap_or_default().trim()))
}

fn legal(c: char) -> char {
    if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' }
}

/// What makes two connectors log in to the same org in the same way: what they say of it, whichever kinds they are.
fn identity(kind: Kind, settings: &Settings<'_>) -> String {
    let of_org = catalog::connectors()
        .filter(|known| known.of.contains(&kind))
        .filter(|known| matches!(known.fate, catalog::Fate::Same(key) if key.starts_with("orgs.")));
    let said = of_org.filter_map(|known| {
        let is_default = |text: &String| {
            text.is_empty() || matches!(known.default, catalog::Default::Is(default) if default == text)
        };
        let text = settings.text(known.name).filter(|text| !is_default(text))?;
        Some((known.name, text))
    });
    format!("{:?}", said.collect::<BTreeMap<_, _>>())
}

/// Refuses a login to an org that another connector logs in to otherwise: a process knows each org once, so that no change is
/// written back to where it came from.
fn other_login(settings: &mut Settings<'_>, orgs: &[(String, String, Map)]) {
    let property = "salesforce.instance";
    let Some(url) = settings.filled(property).filter(|url| !is_login(url)) else { return };
    let is_same = |org: &Map| org.get("url") == Some(&Value::Text(url.clone()));
    if let Some((_, name, _)) = orgs.iter().find(|(_, _, org)| is_same(org)) {
        let message = format!(
            "another connector logs in to the same org (`{name}`) with other properties; one process logs in to an org in one way: write \
             the same, or run two processes"
        );
        settings.refuse(property, message);
    }
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
                let faults =
                    faults.faults.into_iter().map(|fault| self.said_of_property(&fault.key, &fault.message));
                let faults: Vec<_> = faults.collect();
                self.findings.extend(faults);
                None
            }
        }
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
