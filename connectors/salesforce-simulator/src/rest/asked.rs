//! What another API of the org asks of this one. A call means the same whatever shape its answer has, so there is one
//! place that knows what it means.

use serde_json::Value as Json;

use super::resource::Resource;
use super::route::route;
use crate::data::Refusal;
use crate::server::Call;
use crate::tenant::Tenant;

/// The JSON that answers a call to a path below `/services/data/vNN.0`. The caller has authenticated and metered it, and
/// serves versions of its own: 59.0 is 59.
pub(crate) fn ask(tenant: &Tenant, call: &Call, version: u32) -> Result<Json, Refusal> {
    let segments = call.segments();
    let resource = Resource::asked(tenant, call, version);
    let answer = route(&resource, segments.get(3..).unwrap_or_default())?;
    serde_json::from_slice(answer.body())
        .map_err(|error| Refusal::new(500, "UNKNOWN_EXCEPTION", error.to_string()))
}
