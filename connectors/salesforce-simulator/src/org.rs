//! The handle on one simulated org: its addresses and credentials, its clock, its faults, its counters, its rows.
//!
//! The org serves until the handle is dropped or stopped. [`Org::stop`] also waits until the port is free and the
//! data file closed, which a restart on either needs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::auth::LoginPolicy;
use crate::builder::OrgBuilder;
use crate::calls::{CallKind, WriteCall};
use crate::credentials::Credentials;
use crate::events::GapKind;
use crate::exchanges::Exchange;
use crate::fault::Faults;
use crate::tenant::Tenant;
use crate::usage::Allocation;

/// A simulated org that is being served on the loopback interface.
#[derive(Debug)]
pub struct Org {
    pub(crate) tenant: Arc<Tenant>,
    ca_certificate: Option<String>,
    server: JoinHandle<()>,
    _stop_on_drop: DropGuard,
}

impl Org {
    /// Starts the description of an org.
    pub fn builder() -> OrgBuilder {
        OrgBuilder::default()
    }

    pub(crate) fn new(
        tenant: Arc<Tenant>,
        ca_certificate: Option<String>,
        server: JoinHandle<()>,
        stop: CancellationToken,
    ) -> Self {
        Self { tenant, ca_certificate, server, _stop_on_drop: stop.drop_guard() }
    }

    /// The certificate that clients must trust, in PEM. `None` without TLS.
    pub fn ca_certificate(&self) -> Option<&str> {
        self.ca_certificate.as_deref()
    }

    /// `http://127.0.0.1:PORT` (`https` under TLS), without a trailing slash: login URL and instance URL at once.
    pub fn url(&self) -> &str {
        &self.credentials().login_url
    }

    /// Lets every write to the data file fail, or none again.
    #[cfg(test)]
    pub(crate) fn fill_disk(&self, full: bool) {
        if let Some(journal) = &mut self.tenant.state().journal {
            journal.fill_disk(full);
        }
    }

    /// The 18-character org id.
    pub fn id(&self) -> &str {
        &self.tenant.identity.org_id
    }

    /// The 18-character id of the integration user, the only one who is active.
    pub fn user_id(&self) -> &str {
        &self.tenant.identity.user_id
    }

    /// What a client needs to log in.
    pub fn credentials(&self) -> &Credentials {
        &self.tenant.identity.credentials
    }

    /// Faults to be played from now on.
    pub fn faults(&self) -> &Faults {
        &self.tenant.faults
    }

    /// Calls received of this kind since the start or the last [`Org::reset_calls`].
    pub fn calls(&self, kind: CallKind) -> u64 {
        self.all_calls().get(&kind).copied().unwrap_or(0)
    }

    /// All counters that are not zero.
    pub fn all_calls(&self) -> BTreeMap<CallKind, u64> {
        self.tenant.calls.counts()
    }

    /// The executed write calls, oldest first; the last 100,000 of them.
    pub fn writes(&self) -> Vec<WriteCall> {
        self.tenant.calls.writes()
    }

    /// From now on it is kept when each call that may change something was under way.
    pub fn keep_exchanges(&self) {
        self.tenant.exchanges.keep();
    }

    /// The calls that may have changed something since [`Org::keep_exchanges`], by when they ended.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.tenant.exchanges.kept()
    }

    /// Sets the counters and the list of write calls back to nothing.
    pub fn reset_calls(&self) {
        self.tenant.calls.reset();
    }

    /// Moves the org's clock forward: stamps, `Date` headers, retention of events, expiry of sessions.
    pub fn advance(&self, by: Duration) {
        self.tenant.advance(by);
    }

    /// What is allowed at a login from now on.
    pub fn set_login_policy(&self, policy: LoginPolicy) {
        self.tenant.state().logins.policy = policy;
    }

    /// Every access token is void from now on; held long polls end at once.
    pub fn expire_tokens(&self) {
        self.tenant.expire_tokens();
    }

    /// Forgets all CometD sessions: the next message of each is answered `403::Unknown client`.
    pub fn drop_streaming_sessions(&self) {
        self.tenant.drop_streaming_sessions();
    }

    /// Events up to this replay id cannot be replayed any more, as if their retention were over. Answers how many
    /// deliveries there were to forget.
    pub fn forget_events(&self, replay_id: u64) -> usize {
        self.tenant.forget_events(replay_id)
    }

    /// Forgets all events and streaming sessions, and numbers events from the beginning, as after a move to another
    /// instance. An org on disk goes on with the old numbers after a restart.
    pub fn number_events_anew(&self) {
        self.tenant.number_events_anew();
    }

    /// Sessions subscribed to this channel now get nothing from it any more, though they stay alive. A new
    /// subscription works again.
    pub fn silence(&self, channel: &str) {
        self.tenant.silence(channel);
    }

    /// Calls that the org allows within 24 hours from now on, as it tells them; nobody is refused for them.
    pub fn limit_daily_api_requests(&self, max: u64) {
        self.tenant.usage.set_max(Allocation::ApiRequests, max);
    }

    /// Events of each kind that may be delivered within 24 hours from now on; what was delivered so far counts. `None`:
    /// no limit. Beyond it connects and subscriptions are refused, and events wait in the log.
    pub fn limit_daily_events(&self, max: Option<u64>) {
        self.tenant.limit_daily_events(max);
    }

    /// Rows of an object that are not deleted. 0 for an unknown object.
    pub fn count(&self, object: &str) -> usize {
        self.tenant.count(object)
    }

    /// All rows of an object that are not deleted, as REST shows them, without `attributes`, in id order.
    pub fn rows(&self, object: &str) -> Vec<Json> {
        self.tenant.rows(object)
    }

    /// Publishes the changes of one more object as change events from now on; says why it cannot be.
    pub fn capture(&self, object: &str) -> Result<(), String> {
        self.tenant.capture(object)
    }

    /// Raises a gap event for these records, as a clean-up in the database does; an overflow names no record.
    pub fn raise_gap(&self, object: &str, kind: GapKind, ids: &[String]) -> Result<(), String> {
        self.tenant.raise_gap(object, kind, ids)
    }

    /// Raises an event of any shape, as a later release of Salesforce may. Its `event` gets the replay id, where there is
    /// one.
    pub fn raise(&self, channel: &str, data: Json) {
        self.tenant.raise_data(channel, data);
    }

    /// The next change events of an object are gap events, as after an error inside Salesforce.
    pub fn order_gaps(&self, object: &str, times: usize) -> Result<(), String> {
        self.tenant.order_gaps(object, times)
    }

    /// The id of the last event raised; before the first, the one that ids start after.
    pub fn last_replay_id(&self) -> u64 {
        self.tenant.last_replay_id()
    }

    /// Stops serving and waits until the port is free and the data file closed. Connections whose clients do not take
    /// their answers, or do not end their calls, are cut after three seconds.
    pub async fn stop(self) {
        let Self { server, _stop_on_drop: stop, .. } = self;
        drop(stop);
        if let Err(error) = server.await {
            tracing::error!(%error, "the sandbox org's server ended badly");
        }
    }
}
