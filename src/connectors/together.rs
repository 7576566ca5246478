//! The pipelines of a file, or of property files, and the connectors that are kept, in one configuration. No network.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::declared::Declared;
use super::kept::KeptConnector;
use super::origin::Origin;
use crate::config::{Addition, Config, load_with};
use crate::confluent::{Finding, Given, Pipelines, Translation, translate};

/// Everything that a process is to run.
pub(super) struct Together {
    /// As one configuration.
    pub(crate) config: Config,
    /// The connectors by Kafka Connect's properties.
    pub(crate) declared: Vec<Declared>,
    /// The consumer groups that the sinks among those that are kept had in Kafka Connect, by pipeline.
    pub(crate) groups: BTreeMap<String, String>,
}

/// What `base`, which comes from `origin`, and the connectors `kept` come to.
///
/// # Errors
/// What nothing can run with, each said of the property it is about.
pub(super) fn together(
    origin: &Origin,
    base: &Config,
    kept: &[KeptConnector],
) -> Result<Together, Vec<Finding>> {
    match origin {
        Origin::Fixed => Ok(alone(base)),
        Origin::File if kept.is_empty() => Ok(alone(base)),
        Origin::File => {
            let sent: Vec<Given> = kept.iter().map(|kept| sent(origin, kept)).collect();
            let mut translation = translate(None, &sent, Pipelines::OfConnectors);
            refuse_topics(&mut translation, base);
            if translation.is_refused() {
                return Err(translation.refused());
            }
            let variable = |name: &str| known(&translation, name);
            let addition = Addition { text: &translation.text, variable: &variable };
            let loaded = load_with(base, addition);
            let config = loaded.map_err(|faults| {
                translation.add_faults(&faults);
                translation.refused()
            })?;
            Ok(made(config, &translation, &sent, 0, kept))
        }
        Origin::Properties(files) => {
            let sent = kept.iter().map(|kept| sent(origin, kept));
            let all: Vec<Given> = files.connectors.iter().cloned().chain(sent).collect();
            let mut translation = translate(Some(&files.worker), &all, Pipelines::OfConnectors);
            match translation.check(&files.file) {
                Some(config) => Ok(made(config, &translation, &all, files.connectors.len(), kept)),
                None => Err(translation.refused()),
            }
        }
    }
}

fn alone(base: &Config) -> Together {
    Together { config: base.clone(), declared: Vec::new(), groups: BTreeMap::new() }
}

fn known(translation: &Translation, name: &str) -> Option<String> {
    translation.variables.get(name).cloned().or_else(|| std::env::var(name).ok())
}

/// The properties as they came over REST: what they say stands for itself, unless the worker's file names a config provider for it.
pub(super) fn sent(origin: &Origin, kept: &KeptConnector) -> Given {
    let worker = match origin {
        Origin::Properties(files) => Some(&files.worker),
        Origin::Fixed | Origin::File => None,
    };
    Given::sent(&kept.name, kept.config.clone(), worker)
}

/// Topics that are missing are made as the file says, whatever a connector says.
fn refuse_topics(translation: &mut Translation, base: &Config) {
    let message = format!("topics are made as `kafka.topics` of {} says; leave it out", base.file.display());
    translation.refuse_under("kafka.topics.", &message);
}

fn made(
    config: Config,
    translation: &Translation,
    all: &[Given],
    of_files: usize,
    kept: &[KeptConnector],
) -> Together {
    let mut declared: Vec<Declared> = all
        .iter()
        .enumerate()
        .map(|(number, given)| match number.checked_sub(of_files) {
            Some(sent) => Declared::new(&kept[sent].name, &kept[sent].config, None),
            None => {
                let name = given.properties.get("name").unwrap_or(&given.of).trim();
                Declared::new(name, &given.written, Some(PathBuf::from(&given.of)))
            }
        })
        .collect();
    // In the order of the file, in which the pipeline under the connector's own name comes before the others of it.
    for (pipeline, owner) in &translation.owners {
        declared[*owner].pipelines.push(pipeline.clone());
    }
    let is_kept =
        |pipeline: &String| translation.owners.get(pipeline).is_some_and(|owner| *owner >= of_files);
    let mut groups = translation.groups.clone();
    groups.retain(|pipeline, _| is_kept(pipeline));
    Together { config, declared, groups }
}
