//! How far each pipeline is.

use super::running;
use crate::cli::args::OffsetsShow;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::cli::table::table;
use crate::config;
use crate::runtime::{Next, PartitionPlace, PipelinePlaces, SinkPlaces, places};

pub(super) async fn show(arguments: OffsetsShow) -> Result<Exit, Failure> {
    let config = config::load(&arguments.file)?;
    let place = arguments.state.unwrap_or_else(|| config.state.clone());
    if let Some(name) = &arguments.pipeline
        && !config.pipelines.iter().any(|pipeline| pipeline.name == *name)
    {
        let known: Vec<&str> = config.pipelines.iter().map(|pipeline| pipeline.name.as_str()).collect();
        return Err(Failure::usage(format!("there is no pipeline `{name}`; there are {}", known.join(", "))));
    }
    let running = running(&place).await?;
    let all = places(&config, &place, running.as_ref(), arguments.pipeline.as_deref()).await?;
    if arguments.json {
        output::json(&all)?;
    } else if all.is_empty() {
        output::line(&format!("Nothing has run on {} yet.", place.display()))?;
    } else {
        output::line(&text(&all))?;
    }
    Ok(Exit::Done)
}

fn text(all: &[PipelinePlaces]) -> String {
    let mut parts = Vec::new();
    for PipelinePlaces { pipeline, sink, source } in all {
        if let Some(source) = source {
            let mut lines = vec![["PIPELINE", "PART OF THE SOURCE", "PLACE"].map(str::to_owned).to_vec()];
            lines.extend(source.iter().map(|position| {
                vec![pipeline.clone(), position.partition.to_string(), position.offset.to_string()]
            }));
            parts.push(if source.is_empty() {
                format!("The source of pipeline {pipeline} has no place on record.")
            } else {
                table(&lines)
            });
        }
        if let Some(sink) = sink {
            parts.push(of_sink(pipeline, sink));
        }
    }
    parts.join("\n\n")
}

fn of_sink(pipeline: &str, sink: &SinkPlaces) -> String {
    let head = ["PIPELINE", "GROUP", "TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "AT A START"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    lines.extend(sink.partitions.iter().map(|place| {
        let PartitionPlace { topic, partition, committed, end, lag, next, .. } = place;
        vec![
            pipeline.to_owned(),
            sink.group.clone(),
            topic.clone(),
            partition.to_string(),
            committed.map_or_else(|| "-".to_owned(), |committed| committed.to_string()),
            end.to_string(),
            lag.to_string(),
            said(next, &sink.start),
        ]
    }));
    let mut text = table(&lines);
    let missing = sink.missing.iter().map(|topic| format!("\nTopic {topic} is not there yet."));
    let members =
        sink.members.iter().map(|member| format!("\nIn the group: {} at {}.", member.id, member.host));
    text.extend(missing.chain(members));
    text
}

fn said(next: &Next, start: &str) -> String {
    match next {
        Next::GoesOn { offset } => format!("goes on at {offset}"),
        Next::Begins { offset } => format!("begins at {offset} (start: {start})"),
        Next::Refused { why } => format!("does not start: {why}"),
    }
}
