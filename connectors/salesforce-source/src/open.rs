//! Opens an object: describes it and makes sure of its PushTopic. What is wrong with one is wrong with it alone.

use orgstream_salesforce::{ApiError, Org};

use crate::channel::Channel;
use crate::error::SourceError;
use crate::patience::is_lasting;
use crate::push_topic::{Ensured, PushTopic};
use crate::record::STAMP;

/// An object that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opened {
    /// The API name, in the org's own case.
    pub(crate) name: String,
    /// The channel of its changes.
    pub(crate) channel: Channel,
    pub(crate) ensured: Ensured,
}

/// Opens the object `name`, which may be written in another case than the org's.
pub(crate) async fn open(org: &Org, name: &str) -> Result<Opened, SourceError> {
    // Asked anew, since an object may be opened again because it has changed.
    let describe = org.describe_again(name).await.map_err(|error| undescribed(org, name, error))?;
    if describe.field(STAMP).is_none() {
        return Err(SourceError::Config(format!(
            "{} of org `{}` has no `{STAMP}` that the user may read, without which its records have no order",
            describe.object,
            org.name()
        )));
    }
    let push_topic = PushTopic::of(&describe.object);
    let ensured = push_topic.ensure(org).await?;
    let channel = Channel::of_push_topic(push_topic.name());
    Ok(Opened { name: describe.object.clone(), channel, ensured })
}

fn undescribed(org: &Org, object: &str, error: ApiError) -> SourceError {
    if error.is_refused() || !is_lasting(&error) {
        return error.into();
    }
    SourceError::Config(format!(
        "org `{}` does not describe `{object}`: {error}; check the object's name and that the user may read it",
        org.name()
    ))
}
