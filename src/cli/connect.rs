//! `orgstream import confluent` and `orgstream connect-standalone`: property files of Kafka Connect.

use std::collections::BTreeMap;
use std::path::Path;

use super::args::{ConnectStandalone, Import, ImportFrom};
use super::exit::{Exit, Failure};
use super::{output, run};
use crate::confluent::{Finding, Given, Pipelines, Translation, Verdict, translate};
use crate::runtime::RunOptions;

/// Stands before every imported file.
const HEAD: &str = "\
# yaml-language-server: $schema=orgstream.schema.json
#
# Made of property files of Kafka Connect: behind each value the property that says it. Check it with `orgstream check`,
# run it with `orgstream run`.
";

/// Prints a file of orgstream's that does what the connectors do.
pub(super) fn import(arguments: &Import) -> Result<Exit, Failure> {
    let ImportFrom::Confluent(arguments) = &arguments.from;
    let given: Vec<Given> = arguments.files.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    let (connectors, mut workers): (Vec<_>, Vec<_>) = given.into_iter().partition(Given::is_connector);
    let worker = workers.pop();
    if let (Some(second), Some(first)) = (&worker, workers.first()) {
        return Err(Failure::usage(format!(
            "{} and {} are both no connector's file (they have no `connector.class`); there is one worker's file at most",
            first.of, second.of
        )));
    }
    if connectors.is_empty() {
        return Err(Failure::usage(
            "none of the files is a connector's: none has a `connector.class`".to_owned(),
        ));
    }
    let mut translation = translate(worker.as_ref(), &connectors, Pipelines::Joined);
    let checked = translation.check_for_later(Path::new("imported"));
    tell(&translation.findings);
    output::line(with_head(&translation).trim_end())?;
    Ok(if checked.is_some() { Exit::Done } else { Exit::Config })
}

/// The file with what a reader of it has to know.
fn with_head(translation: &Translation) -> String {
    let mut text = HEAD.to_owned();
    if !translation.variables.is_empty() {
        text.push_str("#\n# Environment variables, each with the secret of a property:\n");
        for name in translation.variables.keys() {
            text.extend(["#   ", name, "\n"]);
        }
    }
    let told = translation.findings.iter().filter(|finding| is_told(finding));
    let told: Vec<String> = told.map(|finding| format!("#   {finding}\n")).collect();
    if !told.is_empty() {
        text.push_str("#\n# What is other than there:\n");
        text.extend(told);
    }
    text.push('\n');
    text.push_str(&translation.text);
    text
}

/// Runs connectors by their property files, as the program of that name of Kafka Connect does.
pub(super) async fn standalone(arguments: ConnectStandalone) -> Result<Exit, Failure> {
    let worker = read(&arguments.worker)?;
    if worker.is_connector() {
        return Err(Failure::usage(format!(
            "{} is a connector's file (it has a `connector.class`); the first file is the worker's",
            worker.of
        )));
    }
    let connectors: Vec<Given> =
        arguments.connectors.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    let mut translation = translate(Some(&worker), &connectors, Pipelines::OfConnectors);
    let config = translation.check(&arguments.worker);
    tell(&translation.findings);
    let Some(config) = config else {
        let refused =
            translation.findings.iter().filter(|finding| finding.verdict == Verdict::Refused).count();
        return Err(Failure::config(anyhow::anyhow!(
            "nothing is run: {refused} of what the properties say cannot be done, each named above as refused"
        )));
    };
    if arguments.check {
        for finding in &translation.findings {
            if !is_told(finding) {
                output::line(&finding.to_string())?;
            }
        }
        return Ok(Exit::Done);
    }
    let options = RunOptions {
        state: arguments.state,
        until_synced: arguments.until_synced.then_some(arguments.quiet),
        offsets_of: if arguments.offsets { translation.groups } else { BTreeMap::new() },
        ..RunOptions::default()
    };
    run::run_config(config, options, None).await
}

fn read(file: &Path) -> Result<Given, Failure> {
    let failure = |wrong: String| Failure::config(anyhow::anyhow!(wrong));
    let bytes = bytes_of(file).map_err(failure)?;
    let mut given = Given::read(file, &bytes).map_err(failure)?;
    given.resolve(bytes_of);
    Ok(given)
}

fn bytes_of(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("{}: cannot be read: {error}", file.display()))
}

/// Whether somebody who knows the property has to know this.
fn is_told(finding: &Finding) -> bool {
    matches!(finding.verdict, Verdict::Refused | Verdict::Differs | Verdict::Unknown)
}

fn tell(findings: &[Finding]) {
    for finding in findings.iter().filter(|finding| is_told(finding)) {
        output::note(&finding.to_string());
    }
}
