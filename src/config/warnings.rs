//! What is right in a file and yet seldom meant.

use super::validated::{Brokers, Config, Pipeline, SchemaRegistry};
use crate::codec::{Format, Input};

/// What somebody who reads the file again would want to know, one sentence each.
pub fn warnings(config: &Config) -> Vec<String> {
    let is_lonely = matches!(config.kafka.brokers, Brokers::At(_))
        && config.schema_registry == SchemaRegistry::Embedded
        && config.pipelines.iter().any(asks_registry);
    let lonely = "`kafka.bootstrap_servers` names brokers, and the schemas of their records lie in the state directory of this process, since \
                  there is no `schema_registry`: nobody else can read these records. Write `schema_registry.url`, or \
                  `output: { value: json }` (and `input` where a sink reads)";
    is_lonely.then(|| lonely.to_owned()).into_iter().collect()
}

/// Whether records of the pipeline are read or written by schemas of a registry.
fn asks_registry(pipeline: &Pipeline) -> bool {
    let is_registered = |input: &Input| [&input.key, &input.value].contains(&&Format::Registry);
    pipeline.source.iter().any(|source| is_registered(&source.output.read_as()))
        || pipeline.sink.iter().any(|sink| is_registered(&sink.input))
}
