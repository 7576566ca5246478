//! `orgstream prepare`: makes the external-id fields that a file names and its target orgs lack.

use std::collections::BTreeMap;

use orgstream_salesforce::{ApiError, Org};
use orgstream_salesforce_sink::{Preparation, Prepared, prepare as make};
use serde::Serialize;

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use super::reached::Reached;
use super::table::table;
use crate::config::{self, Config};

/// One object of one pipeline.
#[derive(Debug, Serialize)]
struct Line {
    pipeline: String,
    org: String,
    object: String,
    /// The external-id field, where it is there or is to be made.
    field: Option<String>,
    state: State,
    /// What is wrong, and what to do.
    fault: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Unused,
    Fits,
    Missing,
    Made,
    Fault,
}

pub(super) async fn prepare(arguments: args::Prepare) -> Result<Exit, Failure> {
    let config = config::load(&arguments.file)?;
    if config.pipelines.iter().all(|pipeline| pipeline.sink.is_none()) {
        return Err(Failure::config(anyhow::anyhow!(
            "{}: no pipeline has a sink, so there is no field to make",
            arguments.file.display()
        )));
    }
    let preparation = if arguments.dry_run { Preparation::Look } else { Preparation::Make };
    let state = arguments.state.as_deref().unwrap_or(&config.state);
    let reached = Reached::of(&config, state).await?;
    let lines = lines(&config, &reached, preparation).await;
    reached.leave().await;
    let lines = lines.map_err(failure)?;
    if arguments.json {
        output::json(&lines)?;
    } else {
        output::line(&text(&lines))?;
    }
    Ok(exit(&lines))
}

async fn lines(config: &Config, reached: &Reached, preparation: Preparation) -> Result<Vec<Line>, ApiError> {
    let mut orgs: BTreeMap<&str, Org> = BTreeMap::new();
    let mut lines = Vec::new();
    for pipeline in &config.pipelines {
        let (Some(sink), Some(sink_config)) = (&pipeline.sink, pipeline.sink_config(None)) else { continue };
        if !orgs.contains_key(&*sink.org) {
            let known = reached.configs.get(&sink.org).expect("the file was checked: its orgs are there");
            orgs.insert(&sink.org, Org::connect(known.clone()).await?);
        }
        for (object, prepared) in make(&sink_config, &orgs[&*sink.org], preparation).await? {
            lines.push(Line::new(pipeline.name.clone(), sink.org.clone(), object, prepared));
        }
    }
    Ok(lines)
}

impl Line {
    fn new(pipeline: String, org: String, object: String, prepared: Prepared) -> Self {
        let (state, field, fault) = match prepared {
            Prepared::Unused => (State::Unused, None, None),
            Prepared::Fits(field) => (State::Fits, Some(field), None),
            Prepared::Missing(field) => (State::Missing, Some(field), None),
            Prepared::Made(field) => (State::Made, Some(field), None),
            Prepared::Fault(fault) => (State::Fault, None, Some(fault)),
        };
        Self { pipeline, org, object, field, state, fault }
    }

    fn words(&self) -> &'static str {
        match self.state {
            State::Unused => "no external id is needed",
            State::Fits => "is there",
            State::Missing => "is missing, and would be made",
            State::Made => "made",
            State::Fault => "needs you, see below",
        }
    }
}

fn text(lines: &[Line]) -> String {
    let head = ["pipeline", "org", "object", "field", ""].map(str::to_owned).to_vec();
    let row = |line: &Line| {
        let field = line.field.clone().unwrap_or_else(|| "–".to_owned());
        vec![line.pipeline.clone(), line.org.clone(), line.object.clone(), field, line.words().to_owned()]
    };
    let mut text = table(&std::iter::once(head).chain(lines.iter().map(row)).collect::<Vec<_>>());
    for fault in lines.iter().filter_map(|line| line.fault.as_ref()) {
        text.push_str("\n\n");
        text.push_str(fault);
    }
    text
}

fn exit(lines: &[Line]) -> Exit {
    let any = |state| lines.iter().any(|line| line.state == state);
    match () {
        () if any(State::Fault) => Exit::Config,
        () if any(State::Missing) => Exit::Failed,
        () => Exit::Done,
    }
}

fn failure(error: ApiError) -> Failure {
    if error.is_refused() { Failure::config(error) } else { Failure::failed(error) }
}
