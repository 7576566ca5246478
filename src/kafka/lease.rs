//! Permission to start a call to an org while the group membership is proved.
use std::time::Duration;
use orgstream_api::Lease;

/// A [`Lease`] that acknowledged offset commits renew.
#[derive(Debug)]
pub struct CommitLease {}
#[async_trait::async_trait]
impl Lease for CommitLease {
    async fn held(&self) -> Duration { todo!() }
}
