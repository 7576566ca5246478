//! Rows by id.

use std::collections::HashMap;

use reqwest::Method;
use serde::Serialize;

use crate::call::Call;
use crate::error::ApiError;
use crate::id::SalesforceId;
use crate::org::Org;
use crate::rest::Row;

#[derive(Serialize)]
struct Wanted<'a> {
    ids: &'a [SalesforceId],
    fields: Vec<&'a str>,
}

impl Org {
    /// The rows of `ids`, at most 2,000, in their order; `None` for what is deleted or cannot be seen.
    pub async fn retrieve(
        &self,
        object: &str,
        ids: &[SalesforceId],
        fields: &[String],
    ) -> Result<Vec<Option<Row>>, ApiError> {
        let mut names: Vec<&str> = fields.iter().map(String::as_str).collect();
        if !names.iter().any(|name| name.eq_ignore_ascii_case("Id")) {
            names.push("Id");
        }
        // A read in the shape of a POST, because ids do not fit into a URL.
        let call = Call::as_read(Method::POST, &["composite", "sobjects", object])
            .json(&Wanted { ids, fields: names });
        let reply = self.call(call).await?;
        in_order(ids, reply.json()?).map_err(|why| reply.unreadable(why))
    }
}

/// The rows of an answer in the order of the `ids` that were asked for, or why they cannot be.
fn in_order(ids: &[SalesforceId], rows: Vec<Option<Row>>) -> Result<Vec<Option<Row>>, &'static str> {
    // One entry for each id. A row that is left out would be taken for one that is gone.
    if rows.len() != ids.len() {
        return Err("another number of rows than was asked for");
    }
    // Rows are matched by their own id: a row in the wrong place would overwrite another record downstream.
    let mut by_id = HashMap::with_capacity(rows.len());
    for row in rows.into_iter().flatten() {
        let id =
            row.get("Id").and_then(serde_json::Value::as_str).and_then(|id| id.parse::<SalesforceId>().ok());
        by_id.insert(id.ok_or("a row without an id")?, row);
    }
    Ok(ids.iter().map(|id| by_id.get(id).cloned()).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_told_apart_by_their_ids_and_none_is_left_out_without_a_word() {
        let ids = ["0015g00000QwErTAAV", "0015g00000QwErUAAV"].map(|id| id.parse::<SalesforceId>().unwrap());
        let row = |id: &str| json!({"Id": id}).as_object().cloned();
        let [first, second] = ["0015g00000QwErTAAV", "0015g00000QwErUAAV"].map(row);
        assert_eq!(
            in_order(&ids, vec![second.clone(), first.clone()]),
            Ok(vec![first.clone(), second.clone()])
        );
        assert_eq!(in_order(&ids, vec![None, second.clone()]), Ok(vec![None, second]));
        assert!(in_order(&ids, vec![first.clone()]).is_err() && in_order(&ids, Vec::new()).is_err());
        assert!(in_order(&ids, vec![first, json!({}).as_object().cloned()]).is_err());
    }
}
