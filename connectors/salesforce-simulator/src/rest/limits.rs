//! `/limits`: allocations and what is left of them.

use serde_json::{Map, Value as Json, json};

use super::resource::Resource;
use crate::bulk::{DAILY_BATCHES, DAILY_QUERIES};
use crate::server::Answer;

/// Allocations that nothing uses up here.
const UNUSED: [(&str, u64); 8] = [
    ("DataStorageMB", 1_024),
    ("FileStorageMB", 1_024),
    ("DailyStreamingApiEvents", 200_000),
    ("DailyDurableStreamingApiEvents", 200_000),
    ("StreamingApiConcurrentClients", 1_000),
    ("DurableStreamingApiConcurrentClients", 1_000),
    ("HourlyPublishedPlatformEvents", 250_000),
    ("DailyDeliveredPlatformEvents", 25_000),
];

/// All limits; API requests and what bulk jobs use are counted.
pub(crate) fn limits(resource: &Resource<'_>) -> Answer {
    let max = resource.tenant.settings.daily_api_requests;
    let left = max.saturating_sub(resource.tenant.calls.api_requests());
    let mut limits = Map::new();
    limits.insert("DailyApiRequests".to_owned(), json!({"Max": max, "Remaining": left}));
    let (state, now) = (resource.tenant.state(), resource.tenant.clock.now());
    let bulk = [
        ("DailyBulkApiBatches", DAILY_BATCHES, state.jobs.batches_used(now)),
        ("DailyBulkV2QueryJobs", DAILY_QUERIES, state.jobs.queries_used(now)),
    ];
    limits.extend(bulk.map(|(name, max, used)| {
        (name.to_owned(), json!({"Max": max, "Remaining": max.saturating_sub(used)}))
    }));
    limits.extend(UNUSED.map(|(name, max)| (name.to_owned(), json!({"Max": max, "Remaining": max}))));
    Answer::json(200, &Json::Object(limits))
}
