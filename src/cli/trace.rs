//! `orgstream trace`: where the changes of one record went, and what became of them.

use orgstream_salesforce::SalesforceId;

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use super::table::table;
use crate::config::{self, Config};
use crate::control::{Answer, ask};
use crate::runtime::{Asked, Became, Traced};

pub(super) async fn trace(arguments: args::Trace) -> Result<Exit, Failure> {
    let config = config::load(&arguments.file)?;
    let place = arguments.state.clone().unwrap_or_else(|| config.state.clone());
    let id = SalesforceId::parse(&arguments.id).map_err(|error| Failure::usage(error.to_string()))?;
    must_be_known(&config, &arguments)?;
    let asked = Asked { object: arguments.object, id: id.as_str().to_owned(), pipeline: arguments.pipeline };
    let running = match ask(&place).await.map_err(Failure::failed)? {
        Answer::Running(status) => Some(status.embedded),
        Answer::NotRunning(_) => None,
    };
    let traced = crate::runtime::trace(&config, &place, running.as_ref(), &asked).await?;
    if arguments.json {
        output::json(&traced)?;
    } else if !traced.is_empty() {
        output::line(&text(&traced))?;
    }
    if traced.is_empty() {
        return Err(Failure::failed(anyhow::anyhow!(
            "no topic of this file has a change of {} {}: none was produced, or Kafka keeps it no more",
            asked.object,
            asked.id
        )));
    }
    Ok(Exit::Done)
}

/// A name that the file does not have is a mistake, and would read like a record without changes.
fn must_be_known(config: &Config, arguments: &args::Trace) -> Result<(), Failure> {
    let pipelines: Vec<_> = config
        .pipelines
        .iter()
        .filter(|pipeline| arguments.pipeline.as_ref().is_none_or(|name| *name == pipeline.name))
        .collect();
    if pipelines.is_empty() {
        let known: Vec<_> = config.pipelines.iter().map(|pipeline| pipeline.name.as_str()).collect();
        let name = arguments.pipeline.as_deref().unwrap_or_default();
        return Err(Failure::usage(format!("there is no pipeline `{name}`; there are {}", known.join(", "))));
    }
    let mut objects =
        pipelines.iter().flat_map(|pipeline| &pipeline.objects).map(|object| object.name.as_str());
    if objects.any(|known| known.eq_ignore_ascii_case(&arguments.object)) {
        return Ok(());
    }
    Err(Failure::usage(format!("no pipeline that is asked has an object `{}`", arguments.object)))
}

fn text(traced: &[Traced]) -> String {
    let head = ["TOPIC", "PARTITION", "OFFSET", "TIME", "EVENT", "ORIGIN", "REPLAY ID", "BECAME"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    lines.extend(traced.iter().map(|traced| {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        vec![
            traced.topic.clone(),
            traced.partition.to_string(),
            traced.offset.to_string(),
            traced.timestamp.clone(),
            or_none(&traced.event),
            or_none(&traced.origin),
            or_none(&traced.replay_id),
            said(&traced.became),
        ]
    }));
    table(&lines)
}

fn said(became: &Became) -> String {
    match became {
        Became::Produced => "produced".to_owned(),
        Became::Pending => "not settled yet".to_owned(),
        Became::Parked { reason } => format!("parked: {reason}"),
        Became::Rejected { code, message } => format!("rejected: {code}: {message}"),
        Became::Written { target_id: Some(id) } => format!("written last, to {id}"),
        Became::Written { target_id: None } => "written last".to_owned(),
        Became::Settled { without_links: false } => {
            "settled: followed by a later one, merged or skipped".to_owned()
        }
        Became::Settled { without_links: true } => "settled; the id links are not here".to_owned(),
    }
}
