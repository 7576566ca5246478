//! The whole file, top to bottom.

use std::path::Path;

use url::Url;

use super::{Report, cycles, org, pipeline, report_topics, topics};
use crate::config::raw;
use crate::config::substitute::Surroundings;
use crate::config::validated::{Brokers, Config, Kafka, SchemaRegistry};

const DEFAULT_STATE: &str = "./state";
const DEFAULT_PARTITIONS: i32 = 6;
const DEFAULT_REPLICATION_FACTOR: i32 = -1;

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
    let kafka = kafka(file.kafka.unwrap_or_default(), report);
    let schema_registry = match file.schema_registry {
        None => Some(SchemaRegistry::Embedded),
        Some(raw) => raw
            .url
            .and_then(|url| web_address(&url, &["schema_registry", "url"], report))
            .map(SchemaRegistry::At),
    };
    let pipelines = file
        .pipelines
        .unwrap_or_default()
        .into_iter()
        .map(|(name, raw)| pipeline(name, raw, from, report))
        .collect::<Vec<_>>();
    if report.is_empty(&["pipelines"]) {
        report.fault(&["pipelines"], "there is no pipeline, so there is nothing to do");
    }
    let state = file.state.as_deref().unwrap_or(DEFAULT_STATE);
    if state.contains('\0') {
        report.fault(&["state"], "is not a path: no path has a zero character in it");
    }
    let whole: Vec<_> = pipelines.iter().flatten().collect();
    topics(&whole, report);
    report_topics(&whole, report);
    cycles(&whole, report);
    Some(Config {
        file: path.to_owned(),
        orgs: orgs.into_iter().collect::<Option<_>>()?,
        kafka,
        schema_registry: schema_registry?,
        state: from.resolve(state),
        pipelines: pipelines.into_iter().collect::<Option<_>>()?,
    })
}

fn kafka(raw: raw::Kafka, report: &mut Report<'_>) -> Kafka {
    let topics = raw.topics.unwrap_or_default();
    let path = ["kafka", "topics", "replication_factor"];
    if topics.replication_factor == Some(0) {
        report.fault(&path, "0 copies keep nothing; write -1 for the cluster's default");
    }
    if topics.partitions == Some(0) {
        let message = "0 partitions keep nothing; write -1 for the cluster's default";
        report.fault(&["kafka", "topics", "partitions"], message);
    }
    for server in raw.bootstrap_servers.iter().flat_map(|servers| servers.split(',')) {
        if let Some(reason) = refused_server(server.trim()) {
            report.fault(&["kafka", "bootstrap_servers"], reason);
        }
    }
    Kafka {
        brokers: raw.bootstrap_servers.map_or(Brokers::Embedded, Brokers::At),
        partitions: topics.partitions.unwrap_or(DEFAULT_PARTITIONS),
        replication_factor: topics.replication_factor.unwrap_or(DEFAULT_REPLICATION_FACTOR),
    }
}

fn refused_server(server: &str) -> Option<String> {
    let port = server.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let port = port.and_then(|(_, port)| port.parse::<u16>().ok());
    let whole = !server.contains("://") && port.is_some_and(|port| port > 0);
    (!whole).then(|| format!("`{server}` is not of the form host:port"))
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
