//! What becomes of whole property sets.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Finding, Given, Kind, Pipelines, Providers, Translation, Verdict, translate};

mod every;
mod files;
mod together;
mod transforms;
mod values;
mod workers;

/// The properties in `text`.
fn given(of: &str, text: &str) -> Given {
    Given::read(Path::new(of), text.as_bytes()).expect("it can be read")
}

/// What every connector needs.
const LOGIN: &str = "
salesforce.instance=https://acme.my.salesforce.com
salesforce.grant.type=CLIENT_CREDENTIALS
salesforce.consumer.key=key
salesforce.consumer.secret=hush
";

const WORKER: &str = "
bootstrap.servers=broker:9092
key.converter=io.confluent.connect.avro.AvroConverter
key.converter.schema.registry.url=http://registry:8081
value.converter=io.confluent.connect.avro.AvroConverter
value.converter.schema.registry.url=http://registry:8081
offset.storage.file.filename=/var/lib/connect/offsets
";

fn worker() -> Given {
    given("worker.properties", WORKER)
}

/// A connector of this kind with all that it needs.
fn connector(kind: Kind, more: &str) -> Given {
    let own = match kind {
        Kind::PushTopic => "kafka.topic=leads\nsalesforce.object=Lead\nsalesforce.push.topic.name=Leads\n",
        Kind::Cdc => "kafka.topic=leads\nsalesforce.cdc.channel=LeadChangeEvent\n",
        Kind::PlatformEvent => "kafka.topic=orders\nsalesforce.platform.event.name=Order__e\n",
        Kind::Sink => "topics=leads\nsalesforce.object=Lead\n",
    };
    let class = kind.class();
    given("c.properties", &format!("name=c\nconnector.class={class}\n{LOGIN}{own}{more}"))
}

/// What becomes of a connector of this kind beside [`WORKER`], its file checked.
fn translated(kind: Kind, more: &str) -> (Translation, Option<crate::config::Config>) {
    let mut translation = translate(Some(&worker()), &[connector(kind, more)], Pipelines::OfConnectors);
    let config = translation.check(Path::new("test.properties"));
    (translation, config)
}

/// What is said of `property`.
fn said<'a>(findings: &'a [Finding], property: &str) -> Vec<&'a Finding> {
    findings.iter().filter(|finding| finding.property == property).collect()
}

/// Panics unless the file of `more` beside what is needed is right and has `keys`, lines without what stands behind `#`.
#[track_caller]
fn assert_keys(kind: Kind, more: &str, keys: &[&str]) {
    let (translation, config) = translated(kind, more);
    assert!(config.is_some(), "{more}: {:#?}\n{}", refused(&translation), translation.text);
    let lines: Vec<&str> =
        translation.text.lines().filter_map(|line| line.split("  # ").next()).map(str::trim).collect();
    for key in keys {
        assert!(lines.contains(key), "{more}: no `{key}` in\n{}", translation.text);
    }
}

/// Panics unless `property` is refused with these words.
#[track_caller]
fn assert_refused(kind: Kind, more: &str, property: &str, words: &str) {
    let (translation, config) = translated(kind, more);
    assert!(config.is_none(), "{more}");
    let found = said(&translation.findings, property);
    let is_said =
        found.iter().any(|finding| finding.verdict == Verdict::Refused && finding.message.contains(words));
    assert!(is_said, "{more}: no `{words}` in {:#?}", translation.findings);
}

fn refused(translation: &Translation) -> Vec<&Finding> {
    translation.findings.iter().filter(|finding| finding.verdict == Verdict::Refused).collect()
}

/// The values of secrets by their variables.
fn variables(translation: &Translation) -> BTreeMap<&str, &str> {
    translation.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
