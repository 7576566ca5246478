//! Makes the topics a run needs, before its first record.

use super::options::RunOptions;
use crate::config::{Config, Pipeline};
use crate::kafka::{Admin, Cleanup, Error, TopicSpec, topics};

/// Creates what is missing and refuses what does not fit the file.
pub(super) async fn topics(config: &Config, options: &RunOptions, admin: &Admin) -> Result<(), Error> {
    admin.ensure_topics(&[compacted(topics::POSITIONS, 1), compacted(topics::IDS, 1)]).await?;
    for pipeline in &config.pipelines {
        if options.sources() {
            // A source owns its topics: another width than the file's would move records to other partitions.
            admin
                .ensure_topics(&source_topics(pipeline).map(|name| records(config, name)).collect::<Vec<_>>())
                .await?;
        }
        if options.sinks() && pipeline.sink.is_some() {
            sink_topics(config, pipeline, admin).await?;
        }
    }
    Ok(())
}

/// A sink reads what others made, of any width; it makes only what is not there yet.
async fn sink_topics(config: &Config, pipeline: &Pipeline, admin: &Admin) -> Result<(), Error> {
    let mut widest = 1;
    for name in input_topics(pipeline) {
        let width = match admin.partitions(&name).await? {
            Some(width) => width,
            None => {
                admin.ensure_topics(&[records(config, name.clone())]).await?;
                admin.partitions(&name).await?.unwrap_or(1)
            }
        };
        widest = widest.max(width);
    }
    let dead_letters = TopicSpec {
        name: topics::dead_letters(&pipeline.name),
        partitions: Some(1),
        cleanup: Cleanup::Delete,
    };
    // An entry lies in the partition number of its record, so the topic is as wide as the widest input.
    admin.ensure_topics(&[dead_letters, compacted(&topics::parked(&pipeline.name), widest)]).await
}

/// The topics a pipeline's source writes.
pub(super) fn source_topics(pipeline: &Pipeline) -> impl Iterator<Item = String> + '_ {
    let template = pipeline.source.as_ref().map(|source| &source.topic);
    pipeline.objects.iter().filter_map(move |object| Some(template?.topic(&object.name)))
}

/// The topics a pipeline's sink reads.
pub(super) fn input_topics(pipeline: &Pipeline) -> Vec<String> {
    let Some(sink) = &pipeline.sink else { return Vec::new() };
    pipeline.objects.iter().map(|object| sink.topic.topic(&object.name)).collect()
}

fn records(config: &Config, name: String) -> TopicSpec {
    TopicSpec { name, partitions: Some(config.kafka.partitions), cleanup: Cleanup::Delete }
}

fn compacted(name: &str, partitions: i32) -> TopicSpec {
    TopicSpec { name: name.to_owned(), partitions: Some(partitions), cleanup: Cleanup::Compact }
}
