//! Opens an object: describes it and makes sure of what brings its changes. What is wrong with one is wrong with it alone.

use std::sync::Arc;

use orgstream_salesforce::{ApiError, Describe, Org};

use crate::channel::Channel;
use crate::config::CdcChannel;
use crate::error::SourceError;
use crate::patience::is_lasting;
use crate::polled::Polled;
use crate::push_topic::{Ensured, PushTopic};
use crate::record::STAMP;
use crate::rows::Rows;
use crate::way::{Way, change_event};

/// An object that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opened {
    /// The API name, in the org's own case.
    pub(crate) name: String,
    /// The channel of its changes; `None` when none brings them.
    pub(crate) channel: Option<Channel>,
    pub(crate) ensured: Ensured,
    /// What its rows tell, where nothing else brings changes.
    pub(crate) polled: Option<Polled>,
}

/// Opens the object `name`, which may be written in another case than the org's, for records as the file wants them.
pub(crate) async fn open_as_wanted(rows: &Rows, name: &str, way: &Way) -> Result<Opened, SourceError> {
    let org = rows.patience().org();
    let found = |name: &str, channel| {
        let (name, ensured) = (name.to_owned(), Ensured::Found { modified: None });
        Opened { name, channel, ensured, polled: None }
    };
    match way {
        Way::PushTopic { config, by_events } => {
            let describe = with_stamp(org, name).await?;
            // Before anything raises events: what is wrong with the file is no reason for any.
            rows.check(&describe.object).await?;
            let push_topic = PushTopic::of(&describe, config, *by_events)?;
            let ensured = push_topic.ensure(org).await?;
            let channel = Channel::of_push_topic(push_topic.name());
            Ok(Opened { ensured, ..found(&describe.object, Some(channel)) })
        }
        Way::Change(channel) => {
            let describe = with_stamp(org, name).await?;
            rows.check(&describe.object).await?;
            let channel = match channel {
                CdcChannel::Single => Some(Channel::of_changes(&change_event(&describe.object))),
                CdcChannel::All | CdcChannel::Custom(_) => way.shared_channel(),
            };
            Ok(found(&describe.object, channel))
        }
        Way::Polling => {
            let describe = describe(org, name).await?;
            let Some(polled) = Polled::of(&describe) else { return Err(without_stamp(org, &describe)) };
            rows.check(&describe.object).await?;
            Ok(Opened { polled: Some(polled), ..found(&describe.object, None) })
        }
        // A custom channel and a generic one have no description, and each event brings the name of its own.
        Way::Messages(channel) => {
            if channel.name.ends_with("__e") {
                describe(org, name).await?;
            }
            Ok(found(name, Some(Channel::of_messages(&channel.name))))
        }
    }
}

/// The description of an object whose records have an order.
pub(crate) async fn with_stamp(org: &Org, name: &str) -> Result<Arc<Describe>, SourceError> {
    let describe = describe(org, name).await?;
    if describe.field(STAMP).is_some() {
        return Ok(describe);
    }
    Err(without_stamp(org, &describe))
}

pub(crate) fn without_stamp(org: &Org, describe: &Describe) -> SourceError {
    SourceError::Config(format!(
        "{} of org `{}` has no `{STAMP}` that the user may read, without which its records have no order",
        describe.object,
        org.name()
    ))
}

pub(crate) async fn describe(org: &Org, name: &str) -> Result<Arc<Describe>, SourceError> {
    // Asked anew, since an object may be opened again because it has changed.
    org.describe_again(name).await.map_err(|error| undescribed(org, name, error))
}

fn undescribed(org: &Org, object: &str, error: ApiError) -> SourceError {
    if error.is_refused() || !is_lasting(&error) {
        return error.into();
    }
    SourceError::Config(format!(
        "org `{}` does not describe `{object}`: {}; check the object's name and that the user may read it",
        org.name(),
        error.without_advice()
    ))
}
