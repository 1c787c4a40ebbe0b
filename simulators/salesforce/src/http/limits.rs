//! The org's allowances: how much of each is left, and what may be asked at all.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sim_kit::Reply;

use crate::model::Salesforce;
use crate::model::refusal::Refusal;
use crate::model::schema::Object;

use super::Call;

/// The allowances of a developer's org that nothing here uses up.
const UNUSED: [(&str, u64); 46] = [
    ("ActiveScratchOrgs", 3),
    ("AnalyticsExternalDataSizeMB", 40_960),
    ("CdpAiInferenceApiMonthlyLimit", 500_000_000),
    ("ConcurrentAsyncGetReportInstances", 200),
    ("ConcurrentEinsteinDataInsightsStoryCreation", 5),
    ("ConcurrentEinsteinDiscoveryStoryCreation", 2),
    ("ConcurrentSyncReportRuns", 20),
    ("DailyAnalyticsDataflowJobExecutions", 60),
    ("DailyAnalyticsUploadedFilesSizeMB", 51_200),
    ("DailyAsyncApexExecutions", 250_000),
    ("DailyAsyncApexTests", 500),
    ("DailyBulkApiBatches", 15_000),
    ("DailyBulkV2QueryFileStorageMB", 976_562),
    ("DailyBulkV2QueryJobs", 10_000),
    ("DailyDeliveredPlatformEvents", 10_000),
    ("DailyDurableGenericStreamingApiEvents", 10_000),
    ("DailyDurableStreamingApiEvents", 10_000),
    ("DailyEinsteinDataInsightsStoryCreation", 1_000),
    ("DailyEinsteinDiscoveryOptimizationJobRuns", 12),
    ("DailyEinsteinDiscoveryPredictAPICalls", 50_000),
    ("DailyGenericStreamingApiEvents", 10_000),
    ("DailyScratchOrgs", 6),
    ("DailyStandardVolumePlatformEvents", 10_000),
    ("DailyStreamingApiEvents", 10_000),
    ("DailyWorkflowEmails", 100_000),
    ("DurableStreamingApiConcurrentClients", 20),
    ("HourlyAsyncReportRuns", 1_200),
    ("HourlyDashboardRefreshes", 200),
    ("HourlyDashboardResults", 5_000),
    ("HourlyDashboardStatuses", 999_999_999),
    ("HourlyLongTermIdMapping", 100_000),
    ("HourlyManagedContentPublicRequests", 50_000),
    ("HourlyODataCallout", 20_000),
    ("HourlyPublishedPlatformEvents", 50_000),
    ("HourlyPublishedStandardVolumePlatformEvents", 1_000),
    ("HourlyShortTermIdMapping", 100_000),
    ("HourlySyncReportRuns", 500),
    ("HourlyTimeBasedWorkflow", 1_000),
    ("MassEmail", 5_000),
    ("MonthlyEinsteinDiscoveryStoryCreation", 500),
    ("MonthlyPlatformEventsUsageEntitlement", 0),
    ("Package2VersionCreates", 6),
    ("Package2VersionCreatesWithoutValidation", 500),
    ("PrivateConnectOutboundCalloutHourlyLimitMB", 0),
    ("SingleEmail", 5_000),
    ("StreamingApiConcurrentClients", 20),
];

/// The same, of which some is used: storage in megabytes.
const STORAGE: [(&str, u64, u64); 2] = [("DataStorageMB", 5, 4), ("FileStorageMB", 20, 20)];

fn allowance(most: u64, left: u64) -> Value {
    json!({ "Max": most, "Remaining": left })
}

/// Every allowance.
pub(super) fn all(org: &Salesforce, now: Timestamp) -> Value {
    let most = org.knobs.daily_limit;
    let used = ("DailyApiRequests", most, most.saturating_sub(org.calls_used(now)));
    let known = UNUSED.iter().map(|(name, most)| (*name, *most, *most)).chain(STORAGE).chain([used]);
    let mut all: Map<String, Value> =
        known.map(|(name, most, left)| (name.to_owned(), allowance(most, left))).collect();
    let mut sets = allowance(1_500, 1_500);
    if let Some(sets) = sets.as_object_mut() {
        sets.insert("CreateCustom".to_owned(), allowance(1_000, 1_000));
    }
    all.insert("PermissionSets".to_owned(), sets);
    Value::Object(all)
}

/// How many rows there are of the objects that are named, or of all.
pub(super) fn record_counts(org: &Salesforce, call: &Call<'_>) -> Value {
    let wanted = call.request.param("sObjects").map(|names| names.split(',').map(str::trim).collect::<Vec<_>>());
    let named = |object: &&Object| {
        wanted.as_ref().is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(object.name)))
    };
    let counts =
        call.schema.objects().iter().filter(named).map(
            |object| json!({ "count": org.seen(call.caller, object, false, call.now).count(), "name": object.name }),
        );
    json!({ "sObjects": counts.collect::<Value>() })
}

/// Counts one call, or refuses it because the day's are used up.
pub(super) fn take_call(org: &mut Salesforce, now: Timestamp) -> Result<(), Refusal> {
    if org.calls_used(now) >= org.knobs.daily_limit {
        return Err(Refusal::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."));
    }
    org.count_calls(1, now);
    Ok(())
}

/// The reply with the header that tells how much of the day's calls is used.
pub(super) fn told(org: &Salesforce, reply: Reply, now: Timestamp) -> Reply {
    let usage = format!("api-usage={}/{}", org.calls_used(now), org.knobs.daily_limit);
    reply.header("sforce-limit-info", &usage)
}
