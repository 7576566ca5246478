//! `/limits`: allocations and what is left of them; and how many records the objects have.

use serde_json::{Map, Value as Json, json};

use super::resource::Resource;
use crate::server::Answer;
use crate::usage::Allocation;

/// Allocations that nothing uses up here, and since which version they are reported.
const UNUSED: [(&str, u64, u32); 45] = [
    ("ActiveScratchOrgs", 3, 370),
    ("AnalyticsExternalDataSizeMB", 40_960, 370),
    ("ConcurrentAsyncGetReportInstances", 200, 370),
    ("ConcurrentEinsteinDataInsightsStoryCreation", 5, 370),
    ("ConcurrentEinsteinDiscoveryStoryCreation", 2, 370),
    ("ConcurrentSyncReportRuns", 20, 370),
    ("DailyAnalyticsDataflowJobExecutions", 60, 370),
    ("DailyAnalyticsUploadedFilesSizeMB", 51_200, 370),
    ("DailyAsyncApexExecutions", 250_000, 370),
    ("DailyAsyncApexTests", 500, 560),
    ("DailyBulkV2QueryFileStorageMB", 976_562, 470),
    ("DailyEinsteinDataInsightsStoryCreation", 1_000, 370),
    ("DailyEinsteinDiscoveryOptimizationJobRuns", 10, 370),
    ("DailyEinsteinDiscoveryPredictAPICalls", 50_000, 370),
    ("DailyEinsteinDiscoveryPredictionsByCDC", 500_000, 370),
    ("DailyEinsteinDiscoveryStoryCreation", 100, 370),
    ("DailyFunctionsApiCallLimit", 235_000, 370),
    ("DailyGenericStreamingApiEvents", 10_000, 370),
    ("DailyScratchOrgs", 6, 370),
    ("DailyStandardVolumePlatformEvents", 25_000, 370),
    ("DailyStreamingApiEvents", 200_000, 370),
    ("DailyWorkflowEmails", 1_000, 370),
    ("DataStorageMB", 1_024, 370),
    ("DurableStreamingApiConcurrentClients", 1_000, 370),
    ("FileStorageMB", 1_024, 370),
    ("HourlyAsyncReportRuns", 1_200, 370),
    ("HourlyDashboardRefreshes", 200, 370),
    ("HourlyDashboardResults", 5_000, 370),
    ("HourlyDashboardStatuses", 999_999_999, 370),
    ("HourlyLongTermIdMapping", 100_000, 370),
    ("HourlyManagedContentPublicRequests", 50_000, 370),
    ("HourlyODataCallout", 20_000, 370),
    ("HourlyPublishedStandardVolumePlatformEvents", 1_000, 370),
    ("HourlyShortTermIdMapping", 100_000, 370),
    ("HourlySyncReportRuns", 500, 370),
    ("HourlyTimeBasedWorkflow", 1_000, 370),
    ("MassEmail", 5_000, 370),
    ("MonthlyEinsteinDiscoveryStoryCreation", 500, 370),
    ("MonthlyPlatformEventsUsageEntitlement", 0, 480),
    ("Package2VersionCreates", 6, 370),
    ("Package2VersionCreatesWithoutValidation", 500, 370),
    ("PlatformEventTriggersWithParallelProcessing", 5, 370),
    ("PrivateConnectOutboundCalloutHourlyLimitMB", 0, 370),
    ("SingleEmail", 5_000, 370),
    ("StreamingApiConcurrentClients", 1_000, 370),
];
/// The last version that calls the monthly entitlement by its old name, and bulk batches too.
const OLD_NAMES: u32 = 480;

/// All limits, in the order of their names.
pub(crate) fn limits(resource: &Resource<'_>) -> Answer {
    let (usage, now) = (&resource.tenant.usage, resource.tenant.clock.now());
    let counted = Allocation::ALL.into_iter().map(|allocation| {
        let name = match allocation {
            Allocation::BulkBatches if resource.version <= OLD_NAMES => "DailyBulkApiRequests",
            _ => allocation.name(),
        };
        (name, json!({"Max": usage.max(allocation), "Remaining": usage.left(allocation, now)}))
    });
    let mut limits: Vec<(&str, Json)> = counted.collect();
    let unused = UNUSED.iter().filter(|(_, _, since)| *since <= resource.version);
    limits.extend(unused.map(|(name, max, _)| (*name, json!({"Max": max, "Remaining": max}))));
    if resource.version < OLD_NAMES {
        limits.push(("MonthlyPlatformEvents", json!({"Max": 0, "Remaining": 0})));
    }
    if resource.version >= 410 {
        let custom = json!({"Max": 1_000, "Remaining": 1_000});
        limits.push(("PermissionSets", json!({"Max": 1_500, "Remaining": 1_500, "CreateCustom": custom})));
    }
    limits.sort_by_key(|(name, _)| *name);
    let limits: Map<String, Json> =
        limits.into_iter().map(|(name, limit)| (name.to_owned(), limit)).collect();
    Answer::json(200, &Json::Object(limits))
}

/// `GET limits/recordCount`: live records of the named objects, or of all; names that are none are left out.
pub(crate) fn record_count(resource: &Resource<'_>) -> Answer {
    let schema = &resource.schema;
    let named = resource.call.param("sObjects");
    let objects: Vec<usize> = match named {
        Some(names) => names.split(',').filter_map(|name| schema.find(name.trim())).collect(),
        None => (0..schema.objects().len()).collect(),
    };
    let state = resource.tenant.state();
    let counts: Vec<Json> = objects
        .into_iter()
        .map(|at| json!({"count": state.store.table(at).live(), "name": schema.object(at).name}))
        .collect();
    Answer::json(200, &json!({"sObjects": counts}))
}
