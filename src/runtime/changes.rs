//! What another file would change in a process that runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use orgstream_salesforce::OrgConfig;

use crate::config::{Config, Org, Pipeline};

/// Sections of the file that a process takes once, when it starts.
const OF_THE_PROCESS: [&str; 4] = ["kafka", "schema_registry", "log", "http"];

/// The orgs by name: where they are, and how to log in.
pub(super) type OrgConfigs = BTreeMap<String, OrgConfig>;

/// Pipelines by what is to become of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// New ones.
    pub(super) started: Vec<String>,
    /// Those that say something else, or whose orgs are called otherwise.
    pub(super) restarted: Vec<String>,
    /// Those that are gone.
    pub(super) stopped: Vec<String>,
    /// The others.
    pub(super) unchanged: Vec<String>,
}

/// One side of a comparison.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    /// The file.
    pub(super) config: &'a Config,
    /// Its orgs, the simulated ones included.
    pub(super) orgs: &'a OrgConfigs,
}

impl Changes {
    /// What changes from `before` to `after`. A pipeline of which `runs` says that a part has ended is started again.
    pub(super) fn between(before: Side<'_>, after: Side<'_>, runs: impl Fn(&str) -> bool) -> Self {
        let known: BTreeMap<&str, &Pipeline> =
            before.config.pipelines.iter().map(|pipeline| (pipeline.name.as_str(), pipeline)).collect();
        let mut changes = Self::default();
        for pipeline in &after.config.pipelines {
            let name = &pipeline.name;
            let section = format!("pipelines.{name}");
            let is_same = |before_it: &&Pipeline| {
                before.config.settled.differing(&after.config.settled, &section).is_empty()
                    && orgs_of(before_it)
                        .union(&orgs_of(pipeline))
                        .all(|org| before.orgs.get(*org) == after.orgs.get(*org))
                    && runs(name)
            };
            let into = match known.get(name.as_str()) {
                None => &mut changes.started,
                Some(before_it) if is_same(before_it) => &mut changes.unchanged,
                Some(_) => &mut changes.restarted,
            };
            into.push(name.clone());
        }
        let is_gone = |name: &&&str| after.config.pipelines.iter().all(|pipeline| pipeline.name != **name);
        changes.stopped = known.keys().filter(is_gone).map(|name| (*name).to_owned()).collect();
        changes
    }
}

fn orgs_of(pipeline: &Pipeline) -> BTreeSet<&str> {
    let source = pipeline.source.as_ref().map(|source| source.org.as_str());
    source.into_iter().chain(pipeline.sink.as_ref().map(|sink| sink.org.as_str())).collect()
}

/// The keys that no process takes while it runs, and whose values are other ones in `wanted` than in `started`, the file that
/// it was started with. `state` is the directory that it holds.
pub(super) fn of_the_process(started: &Config, wanted: &Config, state: Option<&Path>) -> Vec<String> {
    let mut keys = Vec::new();
    if state.is_some_and(|state| wanted.state.canonicalize().ok().as_deref() != Some(state)) {
        keys.push("state".to_owned());
    }
    for section in OF_THE_PROCESS {
        keys.extend(started.settled.differing(&wanted.settled, section));
    }
    let is_simulated = |org: Option<&Org>| matches!(org, Some(Org::Sandbox(_)));
    for (name, org) in &wanted.orgs {
        let before = started.orgs.get(name);
        let is_other = match (before, org) {
            (Some(Org::Sandbox(before)), Org::Sandbox(wanted)) => before != wanted,
            _ => is_simulated(before) || is_simulated(Some(org)),
        };
        if is_other {
            keys.push(format!("orgs.{name}.sandbox"));
        }
    }
    // Where the brokers are is said in the words of the file; what a certificate's file holds is not.
    if keys.is_empty() && started.kafka != wanted.kafka {
        keys.push("kafka".to_owned());
    }
    if keys.is_empty() && started.schema_registry != wanted.schema_registry {
        keys.push("schema_registry".to_owned());
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_text;
    use crate::embedded::org_configs;

    const FILE: &str = "\
orgs:
  a: { url: 'https://a.example', auth: { flow: client_credentials, client_id: x, client_secret: one } }
  b: { url: 'https://b.example', auth: { flow: client_credentials, client_id: x, client_secret: two } }
  c: { sandbox: {} }
kafka: { bootstrap_servers: 'k:9092' }
pipelines:
  from_a:
    source: { org: a, topic: 'a.${object}' }
    objects: { Account: {} }
  from_b:
    source: { org: b, topic: 'b.${object}' }
    objects: { Account: {} }
";

    fn config(text: &str) -> Config {
        load_text(text, Path::new("f.yaml"), Path::new("."), &|_| None)
            .unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn between(before: &str, after: &str) -> Changes {
        let (before, after) = (config(before), config(after));
        let orgs = |config: &Config| org_configs(config, &BTreeMap::new());
        let (one, other) = (orgs(&before), orgs(&after));
        let sides = (Side { config: &before, orgs: &one }, Side { config: &after, orgs: &other });
        Changes::between(sides.0, sides.1, |name| name != "dead")
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_what_says_something_else_is_started_again() {
        let all = names(&["from_a", "from_b"]);
        assert_eq!(between(FILE, FILE), Changes { unchanged: all, ..Changes::default() });
        let other = FILE.replace("topic: 'b.${object}'", "topic: 'c.${object}'").replace("from_a", "new");
        let changes = Changes {
            started: names(&["new"]),
            restarted: names(&["from_b"]),
            stopped: names(&["from_a"]),
            ..Changes::default()
        };
        assert_eq!(between(FILE, &other), changes);
    }

    #[test]
    fn another_login_starts_the_pipelines_of_its_org_again() {
        let changes = between(FILE, &FILE.replace("two", "three"));
        assert_eq!((changes.restarted, changes.unchanged), (names(&["from_b"]), names(&["from_a"])));
    }

    #[test]
    fn what_has_ended_is_started_again() {
        let file = FILE.replace("from_a", "dead");
        assert_eq!(between(&file, &file).restarted, names(&["dead"]));
    }

    #[test]
    fn what_a_process_takes_once_is_named_by_its_key() {
        let keys =
            |from: &str, to: &str| of_the_process(&config(FILE), &config(&FILE.replace(from, to)), None);
        assert_eq!(keys("'k:9092'", "'other:9092'"), ["kafka.bootstrap_servers"]);
        assert_eq!(
            keys("pipelines:", "http: { listen: '127.0.0.1:0' }\npipelines:").first().unwrap(),
            "http.listen"
        );
        assert_eq!(keys("sandbox: {}", "sandbox: { records: 5 }"), ["orgs.c.sandbox"]);
        assert_eq!(keys("  c: {", "  d: { sandbox: {} }\n  c: {"), ["orgs.d.sandbox"]);
        assert!(keys("two", "three").is_empty() && keys("from_a", "new").is_empty());
        let state = std::env::temp_dir();
        assert_eq!(of_the_process(&config(FILE), &config(FILE), Some(&state)), ["state"]);
    }
}
