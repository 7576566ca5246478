//! Writes of a single record, for what collections are too much for, such as PushTopics.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;

use crate::call::Call;
use crate::error::ApiError;
use crate::id::SalesforceId;
use crate::org::Org;
use crate::rest::Row;

#[derive(Deserialize)]
struct Created {
    id: SalesforceId,
}

impl Org {
    /// Creates a record of `object` and returns its id.
    pub async fn create_one(
        &self,
        object: &str,
        record: &Row,
        timeout: Duration,
    ) -> Result<SalesforceId, ApiError> {
        let call = Call::new(Method::POST, &["sobjects", object], timeout)
            .headers(self.writing.of_call())
            .json(record);
        // A refusal has a status of its own here, so that an answer is a success.
        Ok(self.call(call).await?.json::<Created>()?.id)
    }

    /// Changes a record of `object`; `record` has the fields to change and no id.
    pub async fn update_one(
        &self,
        object: &str,
        id: &SalesforceId,
        record: &Row,
        timeout: Duration,
    ) -> Result<(), ApiError> {
        let call = Call::new(Method::PATCH, &["sobjects", object, id.as_str()], timeout);
        let call = call.headers(self.writing.of_call()).json(record);
        self.call(call).await.map(drop)
    }
}
