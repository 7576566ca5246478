//! What became of one record of a write, as its result tells.

use serde_json::Value as Json;

use super::envelope::escape;
use super::sobject::Shape;
use crate::data::Refusal;

/// The result of one record.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// `None` for a record that was not created.
    pub(crate) id: Option<String>,
    /// In the result of an upsert.
    pub(crate) created: Option<bool>,
    /// Why it was not written.
    pub(crate) refusal: Option<Refusal>,
    /// The record was there before, so its id outlives a roll-back.
    pub(crate) known: bool,
    /// The result of a platform event as REST tells it: its success stands among the errors.
    pub(crate) published: Option<Json>,
}

impl Outcome {
    /// Another record was refused, and all or none was asked for.
    pub(crate) fn roll_back(&mut self) {
        if self.refusal.is_none() {
            let message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
            self.refusal = Some(Refusal::record("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, &[]));
            self.published = None;
            self.created = self.created.and(Some(false));
            if !self.known {
                self.id = None;
            }
        }
    }

    /// The result; its elements stand in the order of the WSDL.
    pub(crate) fn element(&self, shape: &Shape<'_>) -> String {
        if let Some(published) = &self.published {
            return shape.plain("result", &in_order(published));
        }
        let created = self.created.map(|created| format!("<created>{created}</created>")).unwrap_or_default();
        let statuses = self.refusal.as_ref().map(Refusal::to_statuses).unwrap_or_default();
        let errors: String = statuses.iter().map(|status| error(shape, status)).collect();
        let id = match &self.id {
            Some(id) => format!("<id>{}</id>", escape(id)),
            None => "<id xsi:nil=\"true\"/>".to_owned(),
        };
        let success = self.refusal.is_none();
        format!("<result>{created}{errors}{id}<success>{success}</success></result>")
    }
}

/// One error. What a duplicate rule found makes it an error of another type.
fn error(shape: &Shape<'_>, status: &Json) -> String {
    let found = status.as_object().and_then(|status| status.iter().find(|(key, _)| key.starts_with("dup")));
    let kind = if found.is_some() { " xsi:type=\"DuplicateError\"" } else { "" };
    let parts: String =
        ["fields", "message", "statusCode"].iter().map(|name| shape.plain(name, &status[name])).collect();
    let found = found.map(|(_, result)| shape.plain("duplicateResult", result)).unwrap_or_default();
    format!("<errors{kind}>{parts}{found}</errors>")
}

/// REST has the keys of a result in another order.
fn in_order(published: &Json) -> Json {
    let mut result = published.clone();
    result.sort_all_objects();
    result
}
