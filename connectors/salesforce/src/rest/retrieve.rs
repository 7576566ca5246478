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
        let rows: Vec<Option<Row>> = reply.json()?;
        // One entry for each id. A row that is left out would be taken for one that is gone.
        if rows.len() != ids.len() {
            return Err(reply.unreadable("another number of rows than was asked for"));
        }
        // Rows are matched by their own id: a row in the wrong place would overwrite another record downstream.
        let mut by_id = HashMap::with_capacity(rows.len());
        for row in rows.into_iter().flatten() {
            let id = row
                .get("Id")
                .and_then(serde_json::Value::as_str)
                .and_then(|id| id.parse::<SalesforceId>().ok());
            match id {
                Some(id) => by_id.insert(id, row),
                None => return Err(reply.unreadable("a row without an id")),
            };
        }
        Ok(ids.iter().map(|id| by_id.get(id).cloned()).collect())
    }
}
