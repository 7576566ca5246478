//! Nobody is a member of the same campaign twice.

use crate::data::{Refusal, Row, Store};
use crate::schema::ObjectIndex;

/// Refuses a second member for the same campaign and person.
pub(crate) fn check(store: &Store, object: ObjectIndex, row: &Row) -> Result<(), Refusal> {
    let definition = store.schema.object(object);
    if definition.name != "CampaignMember" {
        return Ok(());
    }
    let Some(campaign) = definition.field("CampaignId") else { return Ok(()) };
    for at in ["LeadId", "ContactId"].into_iter().filter_map(|name| definition.field(name)) {
        let Some(person) = row.value(at).as_text() else { continue };
        let mut others = store.with_value(object, at, person).filter(|other| other.id() != row.id());
        if others.any(|other| other.value(campaign) == row.value(campaign)) {
            return Err(Refusal::record("DUPLICATE_VALUE", "Already a campaign member.", &[]));
        }
    }
    Ok(())
}
