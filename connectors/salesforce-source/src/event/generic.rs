//! A text that was pushed through a generic channel.

use serde_json::Value;

use super::{Missing, What, moment};
use crate::moment::Moment;

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GenericEvent {
    pub(crate) payload: String,
}

pub(super) fn read(data: &Value) -> Result<(Moment, What), Missing> {
    let created = moment(data, "/event/createdDate", "data.event.createdDate")?;
    let payload = data.get("payload").and_then(Value::as_str).ok_or(Missing("data.payload"))?;
    Ok((created, What::Generic(GenericEvent { payload: payload.to_owned() })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::fixture;
    use crate::replay_id::ReplayId;

    #[test]
    fn a_text_is_read_with_its_place() {
        let event = fixture("generic");
        assert_eq!(event.what, What::Generic(GenericEvent { payload: "free text".to_owned() }));
        assert_eq!((event.replay_id, event.created), (Some(ReplayId(3)), Moment(1_767_262_830_456)));
    }
}
