//! `/limits`: allocations and what is left of them.

use serde_json::{Map, Value as Json, json};

use super::resource::Resource;
use crate::server::Answer;

/// Allocations that nothing uses up here.
const UNUSED: [(&str, u64); 10] = [
    ("DailyBulkApiBatches", 15_000),
    ("DailyBulkV2QueryJobs", 10_000),
    ("DataStorageMB", 1_024),
    ("FileStorageMB", 1_024),
    ("DailyStreamingApiEvents", 200_000),
    ("DailyDurableStreamingApiEvents", 200_000),
    ("StreamingApiConcurrentClients", 1_000),
    ("DurableStreamingApiConcurrentClients", 1_000),
    ("HourlyPublishedPlatformEvents", 250_000),
    ("DailyDeliveredPlatformEvents", 25_000),
];

/// All limits; only API requests are counted.
pub(crate) fn limits(resource: &Resource<'_>) -> Answer {
    let max = resource.tenant.settings.daily_api_requests;
    let left = max.saturating_sub(resource.tenant.calls.api_requests());
    let mut limits = Map::new();
    limits.insert("DailyApiRequests".to_owned(), json!({"Max": max, "Remaining": left}));
    limits.extend(UNUSED.map(|(name, max)| (name.to_owned(), json!({"Max": max, "Remaining": max}))));
    Answer::json(200, &Json::Object(limits))
}
