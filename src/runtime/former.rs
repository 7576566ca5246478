//! Where a sink begins whose records another system has read before.

use super::options::Former;
use super::prepare::input_topics;
use super::start::no_offsets_of;
use crate::config::Pipeline;
use crate::kafka::{Admin, Error};
use crate::worker::sink::SinkTask;

/// Looks whether the pipeline's sink can begin with the offsets of the former group, or asks for a decision. It takes them as `start` of
/// the file would have it. A group that has offsets goes on from them.
///
/// # Errors
/// There is nothing to take over, somebody still reads for the former group, or nobody has said where to begin.
pub(super) async fn settle(pipeline: &Pipeline, former: &Former, admin: &Admin) -> Result<(), Error> {
    let group = SinkTask { pipeline: pipeline.name.clone(), number: 0 }.group();
    let inputs = input_topics(pipeline);
    let is_told_to = matches!(former, Former::TakeOver(_));
    let (Former::TakeOver(from) | Former::Undecided(from)) = former;
    if !admin.committed(&group, &inputs).await?.is_empty() {
        if is_told_to {
            tracing::info!(
                pipeline = pipeline.name,
                "The sink goes on from its own offsets; those of {from} are not asked for."
            );
        }
        return Ok(());
    }
    let offsets = admin.committed(from, &inputs).await?;
    match former {
        Former::Undecided(_) if offsets.is_empty() => return Ok(()),
        Former::Undecided(_) => {
            return Err(admin.refused(format!(
                "consumer group {from} has committed offsets of {}, and the sink of pipeline {} none yet (group {group}): from the \
                 beginning it would write everything that lies there once more. Stop what reads for {from}, and say `--offsets` to go on \
                 from there, or `--from-beginning`",
                inputs.join(", "),
                pipeline.name
            )));
        }
        Former::TakeOver(_) if offsets.is_empty() => {
            return Err(admin.refused(no_offsets_of(from, &inputs, &pipeline.name)));
        }
        Former::TakeOver(_) => {}
    }
    let members = admin.members(from).await?.len();
    if members > 0 {
        return Err(admin.refused(format!(
            "consumer group {from} has {members} member(s), so somebody still writes its records, and its offsets move on: stop that \
             first. Members that ended without a word are gone after their session timeout"
        )));
    }
    Ok(())
}
