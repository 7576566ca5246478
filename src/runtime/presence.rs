//! Whether the orgs have what a pipeline speaks of, looked at before its topics are made: a misspelt name leaves nothing
//! behind in Kafka. What is said of it is the task's own word, which looks again when it starts.

use orgstream_api::TaskError;
use orgstream_salesforce::{Disposition, Org};

use super::options::RunOptions;
use super::orgs::Orgs;
use crate::config::Pipeline;

/// Whether the pipeline's source has anything that its org knows; true where it has no source here.
///
/// # Errors
/// When its sink's org lacks what the file speaks of.
pub(super) async fn can_begin(
    pipeline: &Pipeline,
    options: &RunOptions,
    orgs: &Orgs,
) -> Result<bool, TaskError> {
    let sink = pipeline.sink.as_ref().filter(|_| options.sinks()).and_then(|sink| orgs.get(&sink.org));
    if let (Some(org), Some(config)) = (sink, pipeline.sink_config(None)) {
        // Other trouble passes, and the sink waits for that.
        if let Err(error @ TaskError::Config(_)) = orgstream_salesforce_sink::check(&config, org).await {
            return Err(error);
        }
    }
    let source = pipeline.source.as_ref().filter(|_| options.sources());
    let Some((source, org)) = source.and_then(|source| Some((source, orgs.get(&source.org)?))) else {
        return Ok(true);
    };
    if !source.config.events.is_empty() {
        return Ok(true);
    }
    for object in &source.config.objects {
        if may_be(org, &object.name).await {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the org has the object, or does not say that it lacks it.
async fn may_be(org: &Org, object: &str) -> bool {
    let described = org.describe(object).await;
    !described.is_err_and(|error| matches!(error.disposition(), Disposition::Reject | Disposition::Gone))
}
