//! `sobjects/X__e/eventSchema` and `event/eventSchema/ID`: what events look like.

use super::resource::Resource;
use crate::data::Refusal;
use crate::events::EventSchema;
use crate::server::Answer;

/// The first API version that has schemas of events.
const OLDEST: u32 = 400;

/// The first API version that can choose the form; older ones answer the compact one.
const CHOOSES: u32 = 430;

/// By the name of the event.
pub(crate) fn by_name(resource: &Resource<'_>, event: &str) -> Result<Answer, Refusal> {
    answer(resource, EventSchema::of(&resource.schema, event))
}

/// By the id that events carry.
pub(crate) fn by_id(resource: &Resource<'_>, id: &str) -> Result<Answer, Refusal> {
    answer(resource, EventSchema::with_id(&resource.schema, id))
}

fn answer(resource: &Resource<'_>, schema: Option<EventSchema>) -> Result<Answer, Refusal> {
    let schema = schema.filter(|_| resource.version >= OLDEST).ok_or_else(Refusal::not_found)?;
    let chooses = resource.version >= CHOOSES;
    match resource.call.param("payloadFormat") {
        None if chooses => Ok(Answer::json(200, &schema.expanded())),
        Some("EXPANDED") if chooses => Ok(Answer::json(200, &schema.expanded())),
        None => Ok(Answer::json(200, &schema.compact())),
        Some("COMPACT") if chooses => Ok(Answer::json(200, &schema.compact())),
        Some(other) => {
            Err(Refusal::new(400, "BAD_REQUEST", format!("Invalid value for payloadFormat: {other}")))
        }
    }
}
