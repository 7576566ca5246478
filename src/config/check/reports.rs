//! Where it is told what became of records.

use orgstream_api::refused_name;

use super::Report;
use super::topics::{SHARED_PREFIX, own_names};
use crate::config::raw;
use crate::config::validated::{Pipeline, Reports};
use crate::expression::ReportBody;

/// The reports of the sink of `pipeline`.
pub(super) fn reports(pipeline: &str, raw: raw::Reports, report: &mut Report<'_>) -> Reports {
    let path = ["pipelines", pipeline, "sink", "reports"];
    let at = |key| [path[0], path[1], path[2], path[3], key];
    if !report.has(&path, "success") && !report.has(&path, "error") {
        report.fault(&path, "names no topic; write `success`, `error` or both");
    }
    let mut topic = |key, text: Option<String>| {
        let name = text.map(|text| named(&text, pipeline))?;
        match name {
            Ok(name) => Some(name),
            Err(wrong) => {
                report.fault(&at(key), wrong);
                None
            }
        }
    };
    let (success, error) = (topic("success", raw.success), topic("error", raw.error));
    let body = raw.body.and_then(|text| match ReportBody::read(&text) {
        Ok(body) => Some(body),
        Err(wrong) => {
            report.fault(&at("body"), wrong);
            None
        }
    });
    Reports { success, error, body }
}

/// The topic that is meant by `text`.
fn named(text: &str, pipeline: &str) -> Result<String, String> {
    let name = text.replace("${pipeline}", pipeline).replace("${connector}", pipeline);
    if let Some((_, behind)) = name.split_once("${") {
        let variable = behind.split_inclusive('}').next().unwrap_or_default();
        return Err(format!("`${{{variable}` is not known here; there is `${{pipeline}}`"));
    }
    match refused_name(&name) {
        Some(reason) => Err(reason),
        None => Ok(name),
    }
}

/// Faults of reports that would lie among records, or among what orgstream keeps for itself.
pub(super) fn report_topics(pipelines: &[&Pipeline], report: &mut Report<'_>) {
    let own: Vec<String> = own_names(pipelines);
    for pipeline in pipelines {
        let Some(reports) = pipeline.sink.as_ref().and_then(|sink| sink.reports.as_ref()) else { continue };
        for (key, name) in [("success", &reports.success), ("error", &reports.error)] {
            let Some(name) = name else { continue };
            let wrong = if own.contains(name) || name.starts_with(SHARED_PREFIX) {
                Some("is a topic that orgstream keeps for itself")
            } else if pipelines.iter().any(|pipeline| carries_records(pipeline, name)) {
                Some("is a topic of records; reports need one of their own")
            } else {
                None
            };
            if let Some(wrong) = wrong {
                report.fault(
                    &["pipelines", &pipeline.name, "sink", "reports", key],
                    format!("`{name}` {wrong}"),
                );
            }
        }
    }
}

fn carries_records(pipeline: &Pipeline, name: &str) -> bool {
    let source = pipeline.source.iter().flat_map(|source| {
        let events = source.config.events.iter().map(|events| &events.topic);
        source.config.objects.iter().map(|object| &object.topic).chain(events)
    });
    let mut inputs =
        pipeline.sink.iter().flat_map(|sink| pipeline.objects.iter().map(|of| sink.topic(&of.name)));
    source.into_iter().any(|topic| topic.may_be(name)) || inputs.any(|topic| topic == name)
}
