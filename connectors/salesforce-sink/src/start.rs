//! Starts a sink: checks that org B has what the configuration speaks of.
//!
//! All faults are reported at once, each with what to create and where.

use std::sync::Arc;

use orgstream_api::TaskError;
use orgstream_salesforce::{ApiError, Describe, Disposition, Org};

use crate::config::{SinkConfig, SinkContext, SinkObject};
use crate::counters::SinkCounters;
use crate::deliver::Delivery;
use crate::external_id::ExternalId;
use crate::links::Links;
use crate::matching::Matcher;
use crate::owner;
use crate::pace::Pace;
use crate::rules_check;
use crate::sink::SalesforceSink;
use crate::target::Targets;
use crate::write::Wire;

mod object_rules;

/// Why a sink cannot start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    /// Org B lacks what the configuration speaks of.
    #[error("pipeline `{pipeline}` cannot write to org `{org}`:\n- {}", .faults.join("\n- "))]
    Faults { pipeline: String, org: String, faults: Vec<String> },
    /// Org B did not answer.
    #[error("pipeline `{pipeline}` cannot describe object {object}")]
    Org {
        pipeline: String,
        object: String,
        #[source]
        source: ApiError,
    },
}

/// Checks the objects in org B and starts a sink for them.
pub async fn start(config: SinkConfig, org: Org, context: SinkContext) -> Result<SalesforceSink, TaskError> {
    let describes = check(&config, &org).await?;
    let org = org.writing(config.writing.clone());
    let delivery = Delivery {
        links: Links::new(context.ids, org.id().as_str().to_owned()),
        targets: Targets::new(&config.objects, &describes),
        matcher: Matcher::new(context.source, org.clone()),
        counters: Arc::new(SinkCounters::default()),
        fallback_owner: config.failures.fallback_owner,
        deleted_target: config.on_deleted_target,
        parking: config.parking,
        intents: context.intents,
        wire: Wire {
            org: org.under(Arc::clone(&context.lease)),
            lease: context.lease,
            pace: Pace::default(),
        },
    };
    context.tally.begin_anew();
    Ok(SalesforceSink::new(config, context.health, delivery, context.spool, context.tally))
}

/// The objects as org B describes them, which keeps what it was asked.
///
/// # Errors
/// [`TaskError::Config`] when org B lacks what the configuration speaks of.
pub async fn check(config: &SinkConfig, org: &Org) -> Result<Vec<Arc<Describe>>, TaskError> {
    let mut faults = Vec::new();
    let mut describes = Vec::with_capacity(config.objects.len());
    for object in &config.objects {
        let (describe, found) = look_at(config, object, org).await?;
        faults.extend(found);
        describes.extend(describe);
    }
    faults.extend(owner_fault(config, org).await?);
    if !faults.is_empty() {
        let (pipeline, org) = (config.pipeline.clone(), org.name().to_owned());
        return Err(TaskError::config(StartError::Faults { pipeline, org, faults }));
    }
    Ok(describes)
}

/// One object as org B describes it, if it does, and what is wrong with it.
pub(crate) async fn look_at(
    config: &SinkConfig,
    object: &SinkObject,
    org: &Org,
) -> Result<(Option<Arc<Describe>>, Vec<String>), TaskError> {
    match org.describe(&object.name).await {
        Ok(describe) => {
            let field = ExternalId::of(object, &describe, config.operation);
            let mut faults: Vec<String> =
                field.fault(&object.name, config.operation, org.name()).into_iter().collect();
            let checked = rules_check::faults(object, &describe, org).await;
            faults.extend(checked.map_err(|error| unanswered(config, &object.name, error))?);
            faults.extend(object_rules::faults(object, &describe, org.name()));
            Ok((Some(describe), faults))
        }
        Err(error) => match error.disposition() {
            Disposition::Reject | Disposition::Gone => Ok((None, vec![no_object(object, &error)])),
            _ => Err(unanswered(config, &object.name, error)),
        },
    }
}

/// What is wrong with the owner that records get whose own is inactive.
pub(crate) async fn owner_fault(config: &SinkConfig, org: &Org) -> Result<Option<String>, TaskError> {
    let Some(owner) = config.failures.fallback_owner else { return Ok(None) };
    owner::fault(org, owner).await.map_err(|error| unanswered(config, "User", error))
}

fn unanswered(config: &SinkConfig, object: &str, source: ApiError) -> TaskError {
    let refused = source.is_refused();
    let error = StartError::Org { pipeline: config.pipeline.clone(), object: object.to_owned(), source };
    if refused { TaskError::config(error) } else { TaskError::restart(error) }
}

pub(crate) fn no_object(object: &SinkObject, error: &ApiError) -> String {
    format!(
        "object {name} is not there, or its user may not see it ({error}): create it under Setup → Object Manager, give \
         the user access to it, or take {name} out of `objects`",
        name = object.name
    )
}
