//! `orgstream import confluent` and `orgstream connect-standalone`: property files of Kafka Connect.

use std::path::Path;
use std::sync::Arc;

use super::args::{ConnectStandalone, Import, ImportFrom};
use super::exit::{Exit, Failure};
use super::{output, run};
use crate::confluent::{Finding, Given, Pipelines, Providers, Translation, Verdict, translate};
use crate::connectors::{Origin, PropertyFiles};
use crate::runtime::{Former, RunOptions};
use orgstream_api::with_causes;

/// Stands before every imported file.
const HEAD: &str = "\
# yaml-language-server: $schema=orgstream.schema.json
#
# Made of property files of Kafka Connect: behind each value the property that says it. Check it with `orgstream check`,
# run it with `orgstream run`.
";

/// Stands before the groups of sinks.
const GROUPS: &str = "\
#
# Each sink has a consumer group of its own, `orgstream.PIPELINE`. Unless `orgstream connect-standalone` ran with these files before, the
# group is new and reads from the beginning. To go on from where Kafka Connect is, stop its worker, and run once with its offsets:
";

/// Prints a file of orgstream's that does what the connectors do.
pub(super) fn import(arguments: &Import) -> Result<Exit, Failure> {
    let ImportFrom::Confluent(arguments) = &arguments.from;
    let given: Vec<Given> = arguments.files.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    let (mut connectors, mut workers): (Vec<_>, Vec<_>) = given.into_iter().partition(Given::is_connector);
    let mut worker = workers.pop();
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
    resolve(worker.as_mut(), &mut connectors);
    let pipelines = if arguments.joined { Pipelines::Joined } else { Pipelines::OfConnectors };
    let mut translation = translate(worker.as_ref(), &connectors, pipelines);
    let checked = translation.check_for_later(Path::new("imported"));
    tell(&translation.findings);
    if checked.is_none() {
        return Err(refused(&translation, "no file is made"));
    }
    output::line(with_head(&translation).trim_end())?;
    Ok(Exit::Done)
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
    if !translation.groups.is_empty() {
        text.push_str(GROUPS);
        // In one command: a sink that is left out of it would begin at the beginning.
        text.push_str("#   orgstream run FILE");
        for (pipeline, former) in &translation.groups {
            text.extend([" --offsets-of ", pipeline, "=", former]);
        }
        text.push('\n');
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
    let mut worker = read(&arguments.worker)?;
    if worker.is_connector() {
        return Err(Failure::usage(format!(
            "{} is a connector's file (it has a `connector.class`); the first file is the worker's",
            worker.of
        )));
    }
    let mut connectors: Vec<Given> =
        arguments.connectors.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    resolve(Some(&mut worker), &mut connectors);
    let mut translation = translate(Some(&worker), &connectors, Pipelines::OfConnectors);
    let config = translation.check(&arguments.worker);
    tell(&translation.findings);
    let Some(config) = config else { return Err(refused(&translation, "nothing is run")) };
    if translation.groups.is_empty() && (arguments.begin.offsets || arguments.begin.from_beginning) {
        output::note(
            "None of the files is a sink's, so there is no consumer group, and `--offsets` and `--from-beginning` have no meaning: a source \
             begins as `salesforce.initial.start` says, and then where it stopped.",
        );
    }
    if arguments.check {
        for finding in &translation.findings {
            if !is_told(finding) {
                output::line(&finding.to_string())?;
            }
        }
        return Ok(Exit::Done);
    }
    tracing::info!(
        "Messages name keys of the file that these properties become; `orgstream import confluent` prints it, with the property behind each key."
    );
    let former = |group: String| match (arguments.begin.offsets, arguments.begin.from_beginning) {
        (true, _) => Some(Former::TakeOver(group)),
        (false, true) => None,
        (false, false) => Some(Former::Undecided(group)),
    };
    let groups = std::mem::take(&mut translation.groups).into_iter();
    let files = PropertyFiles { worker, connectors, file: arguments.worker };
    let options = RunOptions {
        state: arguments.state,
        until_synced: arguments.until_synced.then_some(arguments.quiet),
        origin: Origin::Properties(Arc::new(files)),
        former: groups.filter_map(|(pipeline, group)| Some((pipeline, former(group)?))).collect(),
        ..RunOptions::default()
    };
    Box::pin(run::run_config(config, options, None))
        .await
        .map_err(|failure| with_properties(failure, &translation))
}

fn refused(translation: &Translation, outcome: &str) -> Failure {
    let refused = translation.findings.iter().filter(|finding| finding.verdict == Verdict::Refused).count();
    Failure::config(anyhow::anyhow!(
        "{outcome}: {refused} of what the properties say cannot be done, each named above as refused"
    ))
}

/// The failure with the properties that the keys come from which it names: who writes property files has never seen these.
fn with_properties(failure: Failure, translation: &Translation) -> Failure {
    let said = with_causes(failure.error.as_ref());
    let properties = translation.properties_named_in(&said);
    if properties.is_empty() {
        return failure;
    }
    Failure { error: anyhow::anyhow!("{said}\n{}", properties.join("\n")), ..failure }
}

fn read(file: &Path) -> Result<Given, Failure> {
    let failure = |wrong: String| Failure::config(anyhow::anyhow!(wrong));
    Given::read(file, &bytes_of(file).map_err(failure)?).map_err(failure)
}

/// Puts in what config providers find, as the worker names them.
fn resolve(worker: Option<&mut Given>, connectors: &mut [Given]) {
    let providers = Providers::of(worker.as_deref());
    for given in worker.into_iter().chain(connectors) {
        given.resolve(&providers, bytes_of);
    }
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
