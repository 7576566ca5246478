//! `orgstream gaps`: what a file's sources miss or missed of their orgs, also while nothing runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use orgstream_api::SourcePosition;
use serde::{Deserialize, Serialize};

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use super::table::table;
use crate::config::{self, Config};
use crate::control::{Answer, Answered, Confirmation, Kind, ask, order};
use crate::runtime::{RunError, stored_positions};

/// One gap as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Shown {
    pipeline: String,
    /// Counts the gaps of the object.
    number: u64,
    #[serde(flatten)]
    gap: Stored,
}

/// What is on record of a gap, as far as people want to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    object: String,
    #[serde(default)]
    channel: Option<String>,
    cause: String,
    state: String,
    from: String,
    to: String,
    #[serde(default)]
    rows: u64,
    /// When it was found.
    #[serde(default)]
    found: Option<String>,
    #[serde(default)]
    closed: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

pub(super) async fn gaps(arguments: args::Gaps) -> Result<Exit, Failure> {
    let config = config::load(&arguments.file)?;
    let place = arguments.state.clone().unwrap_or_else(|| config.state.clone());
    let wanted = |shown: &Shown| {
        let is = |wanted: &Option<String>, name: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
        };
        is(&arguments.pipeline, &shown.pipeline) && is(&arguments.object, &shown.gap.object)
    };
    let mut all = read(&config, &place).await?;
    must_be_known(&config, &all, &arguments)?;
    all.retain(wanted);
    if let Some(number) = arguments.confirm {
        return confirm(&place, number, &all).await;
    }
    if arguments.json {
        output::json(&all)?;
    } else {
        output::line(&text(&all))?;
    }
    Ok(Exit::Done)
}

/// A name that neither the file nor any gap has is a mistake, and would read like good news.
fn must_be_known(config: &Config, all: &[Shown], arguments: &args::Gaps) -> Result<(), Failure> {
    let pipelines = config.pipelines.iter().map(|pipeline| pipeline.name.as_str());
    let pipelines = pipelines.chain(all.iter().map(|shown| shown.pipeline.as_str()));
    let sources = config.pipelines.iter().filter_map(|pipeline| pipeline.source.as_ref());
    let objects = sources.flat_map(|source| &source.config.objects).map(|object| object.name.as_str());
    let objects = objects.chain(all.iter().map(|shown| shown.gap.object.as_str()));
    has("pipeline", arguments.pipeline.as_deref(), pipelines.collect())?;
    has("object of a source", arguments.object.as_deref(), objects.collect())
}

fn has(what: &str, wanted: Option<&str>, known: BTreeSet<&str>) -> Result<(), Failure> {
    match wanted {
        Some(wanted) if !known.iter().any(|known| known.eq_ignore_ascii_case(wanted)) => {
            let known: Vec<&str> = known.into_iter().collect();
            Err(Failure::usage(format!("there is no {what} `{wanted}`; there are {}", known.join(", "))))
        }
        _ => Ok(()),
    }
}

/// All gaps on record, by pipeline, object and number.
async fn read(config: &Config, place: &Path) -> Result<Vec<Shown>, Failure> {
    let positions = match ask(place).await.map_err(Failure::failed)? {
        Answer::Running(status) => {
            let of = |pipeline: crate::control::PipelineStatus| {
                let sources = pipeline.tasks.into_iter().filter(|task| task.kind == Kind::Source);
                (pipeline.name, sources.flat_map(|task| task.positions).collect())
            };
            status.pipelines.into_iter().map(of).collect()
        }
        Answer::NotRunning(_) => stored_positions(config, place).await.map_err(failure)?,
    };
    shown(positions)
}

fn shown(positions: BTreeMap<String, Vec<SourcePosition>>) -> Result<Vec<Shown>, Failure> {
    let mut all = Vec::new();
    for (pipeline, positions) in positions {
        for position in positions.iter().filter(|position| position.partition.get("gap").is_some()) {
            let number = position.partition.get("n").and_then(serde_json::Value::as_u64).unwrap_or_default();
            let gap = Stored::deserialize(&position.offset).map_err(Failure::failed)?;
            all.push(Shown { pipeline: pipeline.clone(), number, gap });
        }
    }
    all.sort_by(|one, other| {
        (&one.pipeline, &one.gap.object, one.number).cmp(&(&other.pipeline, &other.gap.object, other.number))
    });
    Ok(all)
}

fn text(all: &[Shown]) -> String {
    if all.is_empty() {
        return "There are no gaps on record.".to_owned();
    }
    let head = ["PIPELINE", "OBJECT", "N", "CAUSE", "FROM", "TO", "STATE", "ROWS", "SINCE"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for Shown { pipeline, number, gap } in all {
        let since = gap.closed.as_ref().or(gap.found.as_ref()).map_or("-", String::as_str);
        let [number, rows] = [number.to_string(), gap.rows.to_string()];
        let cells =
            [pipeline, &gap.object, &number, &gap.cause, &gap.from, &gap.to, &gap.state, &rows, since];
        lines.push(cells.map(str::to_owned).to_vec());
    }
    let mut text = table(&lines);
    for Shown { gap, .. } in all {
        if let Some(reason) = &gap.reason {
            text.push_str("\n\n");
            text.push_str(reason);
        }
    }
    text
}

/// Gives the word that a gap waits for.
async fn confirm(place: &Path, number: u64, all: &[Shown]) -> Result<Exit, Failure> {
    let waiting: Vec<&Shown> =
        all.iter().filter(|shown| shown.number == number && shown.gap.reason.is_some()).collect();
    let [Shown { pipeline, gap, .. }] = waiting[..] else {
        let names: Vec<String> =
            waiting.iter().map(|shown| format!("{} of {}", shown.gap.object, shown.pipeline)).collect();
        return Err(Failure::usage(if names.is_empty() {
            format!("no gap {number} waits for a confirmation")
        } else {
            format!("gap {number} waits in {}; say which with `--object` and `--pipeline`", names.join(", "))
        }));
    };
    let confirmation = Confirmation { object: gap.object.clone(), gap: number };
    match order(place, pipeline, "gaps/confirm", &confirmation).await.map_err(Failure::failed)? {
        Answered::Accepted(_) => {
            output::note(&format!("gap {number} of {} is confirmed", gap.object));
            Ok(Exit::Done)
        }
        Answered::Refused(why) => Err(Failure::failed(anyhow::anyhow!(why))),
        Answered::NotRunning => Err(Failure::failed(anyhow::anyhow!(
            "nothing runs on {}; start `orgstream run`, which looks once more whether the records are missing, and \
             confirm then",
            place.display()
        ))),
    }
}

fn failure(error: RunError) -> Failure {
    match error {
        error @ RunError::Config(_) => Failure::config(error),
        error @ RunError::Failed(_) => Failure::failed(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn gaps_are_listed_by_object_with_what_waits_for_somebody() {
        let gap = |object: &str, number: u64, state: &str, reason: Option<&str>| SourcePosition {
            partition: json!({"gap": object, "n": number}),
            offset: json!({
                "object": object, "from": "2026-01-01T00:00:00.000Z", "to": "2026-01-02T00:00:00.000Z",
                "cause": "no_event", "state": state, "rows": 7, "reason": reason,
            }),
        };
        let other = SourcePosition { partition: json!({"sweep": "Lead"}), offset: json!({"through": "x"}) };
        let positions =
            vec![gap("Lead", 2, "repairing", Some("look")), other, gap("Account", 1, "closed", None)];
        let all = shown(BTreeMap::from([("crm".to_owned(), positions)])).unwrap();
        let listed: Vec<_> = all.iter().map(|shown| (shown.gap.object.as_str(), shown.number)).collect();
        assert_eq!(listed, [("Account", 1), ("Lead", 2)]);
        let text = text(&all);
        assert!(text.contains("crm") && text.ends_with("look"), "{text}");
        assert!(!text.contains("through"));
    }
}
