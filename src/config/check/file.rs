//! The whole file, top to bottom.

use std::path::Path;

use url::Url;

use super::{
    Report, cycles, http, kafka, log, org, pipeline, readers_elsewhere, registry, report_topics,
    start_topics, topics,
};
use crate::config::raw;
use crate::config::settled::Settled;
use crate::config::substitute::Surroundings;
use crate::config::validated::{Config, FileText, SchemaRegistry};
use crate::config::written::Written;

const DEFAULT_STATE: &str = "./state";

/// Checks everything, and answers with the configuration when all its parts could be made.
pub(in crate::config) fn check(
    file: raw::File,
    path: &Path,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<Config> {
    let orgs = file
        .orgs
        .unwrap_or_default()
        .into_iter()
        .map(|(name, raw)| org(&name, raw, from, report).map(|org| (name, org)))
        // Not `collect` straight into an option: that would stop at the first fault.
        .collect::<Vec<_>>();
    let kafka = kafka(file.kafka.unwrap_or_default(), from, report);
    let schema_registry = match file.schema_registry {
        None => Some(SchemaRegistry::Embedded),
        Some(raw) => registry(raw, from, report).map(SchemaRegistry::At),
    };
    let has_http = file.http.is_some();
    let http = file.http.and_then(|raw| http(raw, from, report));
    let pipelines = file
        .pipelines
        .unwrap_or_default()
        .into_iter()
        .map(|(name, raw)| pipeline(name, raw, from, report))
        .collect::<Vec<_>>();
    // Over HTTP connectors can be made while the process runs.
    if report.is_empty(&["pipelines"]) && !has_http {
        report.fault(
            &["pipelines"],
            "there is no pipeline, so there is nothing to do; only a process with an HTTP server (`http`) has some made over it later",
        );
    }
    let state = file.state.as_deref().unwrap_or(DEFAULT_STATE);
    if state.contains('\0') {
        report.fault(&["state"], "is not a path: no path has a zero character in it");
    }
    let whole: Vec<_> = pipelines.iter().flatten().collect();
    topics(&whole, report);
    report_topics(&whole, report);
    start_topics(&whole, report);
    cycles(&whole, report);
    readers_elsewhere(&whole, report);
    Some(Config {
        file: path.to_owned(),
        orgs: orgs.into_iter().collect::<Option<_>>()?,
        kafka,
        schema_registry: schema_registry?,
        state: from.resolve(state),
        log: log(&file.log.unwrap_or_default()),
        written: Written::new(),
        settled: Settled::default(),
        text: FileText::default(),
        http: if has_http { Some(http?) } else { None },
        pipelines: pipelines.into_iter().collect::<Option<_>>()?,
    })
}

/// An http or https URL; anything else is reported.
pub(super) fn web_address(text: &str, path: &[&str], report: &mut Report<'_>) -> Option<Url> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            if url.username().is_empty() && url.password().is_none() {
                return Some(url);
            }
            report.fault(
                path,
                "a URL with a user or a password in it would show them in messages; remove them",
            );
            None
        }
        _ => {
            report.fault(path, "is not a URL that starts with https:// or http://");
            None
        }
    }
}
