//! How the service misbehaves.

use serde::{Deserialize, Serialize};

/// What a test may switch. The default is a service on a good day, with the service's real limits.
///
/// Fields that count (`u32` of "the next ...") go down as they strike; 0 is off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Switches {
    /// After a client's write to an event, Exchange touches it once more by itself: the answer already
    /// holds an outdated change key, and a second `updated` notification follows.
    pub bump_change_key: bool,
    /// The next so many changes and deletions of items are refused as if another write had come between,
    /// with or without `If-Match`.
    pub stale_writes: u32,
    /// The status of a stale `If-Match` and of [`stale_writes`](Self::stale_writes): 412 or 409.
    pub stale_status: u16,
    /// The next so many POSTs are carried out and then answered with 504, those inside a `$batch` too
    /// (the `$batch` itself is none of them).
    pub lost_posts: u32,
    /// So many good access tokens are refused with 401 once each.
    pub spurious_unauthorized: u32,
    /// Seconds that access tokens issued from now on live.
    pub access_token_seconds: u32,
    /// Whether the person at the consent page says no.
    pub deny_consent: bool,
    /// Pages of lists and of delta rounds hold no more items than this, whatever was asked for.
    pub page_limit: Option<usize>,
    /// Each delta round begins with so many pages without rows.
    pub empty_pages: u32,
    /// Seconds until a change shows up in a delta query.
    pub delta_lag_seconds: u32,
    /// Each delta round also tells again what the round before it told.
    pub delta_replay: bool,
    /// A deleted occurrence has no row of its own in a delta round; only its series has one.
    pub hide_deleted_occurrences: bool,
    /// Rows of message deltas that tell an update hold only the properties that changed.
    pub partial_message_rows: bool,
    /// So many `updated` notifications follow each `created` one, as Exchange goes on working on a new item.
    pub create_echoes: u32,
    /// How often each notification is sent: 0 drops it, 1 is usual, more duplicates it.
    pub notification_copies: u32,
    /// The next so many notifications (requests to an endpoint) are lost on their way.
    pub notification_drops: u32,
    /// Seconds of simulated time that notifications are late.
    pub notification_delay_seconds: u32,
    /// Notifications are held back until so many wait, and then leave last first: 0 and 1 keep the order.
    pub notification_disorder: u32,
    /// The next so many handshakes with an endpoint fail, whatever it answers.
    pub handshake_failures: u32,
    /// Whether notification addresses may be `http://`.
    pub allow_http: bool,
    /// Faults of single parts of a `$batch`; used up from the front.
    pub part_faults: Vec<PartFault>,
    /// Whether the answers of a `$batch` come in the order of its requests; the service keeps none.
    pub batch_in_order: bool,
    /// Of the parts of one `$batch` that concern one mailbox, those beyond this number are throttled, as
    /// those of big batches sometimes are; 0 throttles none.
    pub batch_part_limit: u32,
    /// How much one mailbox may be used.
    pub limits: Limits,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            bump_change_key: false,
            stale_writes: 0,
            stale_status: 412,
            lost_posts: 0,
            spurious_unauthorized: 0,
            access_token_seconds: 3599,
            deny_consent: false,
            page_limit: None,
            empty_pages: 0,
            delta_lag_seconds: 0,
            delta_replay: false,
            hide_deleted_occurrences: false,
            partial_message_rows: false,
            create_echoes: 0,
            notification_copies: 1,
            notification_drops: 0,
            notification_delay_seconds: 0,
            notification_disorder: 0,
            handshake_failures: 0,
            allow_http: true,
            part_faults: Vec::new(),
            batch_in_order: false,
            batch_part_limit: 0,
            limits: Limits::default(),
        }
    }
}

/// How much one mailbox may be used by the application before it is throttled. 0 is no limit. The default
/// is what the service allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Requests in a window, the throttled ones included.
    pub requests: u32,
    /// The length of that window.
    pub request_window_seconds: u32,
    /// Bytes of request bodies in a window.
    pub upload_bytes: u64,
    /// The length of that window.
    pub upload_window_seconds: u32,
    /// Requests at the same time. Only those overlap that take time: see the latency of the kit.
    pub concurrent: u32,
}

impl Limits {
    /// No limit at all.
    pub const NONE: Self =
        Self { requests: 0, request_window_seconds: 600, upload_bytes: 0, upload_window_seconds: 300, concurrent: 0 };
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests: 10_000, upload_bytes: 150 * 1024 * 1024, concurrent: 4, ..Self::NONE }
    }
}

/// A fault of single parts inside a `$batch` that itself is answered with 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartFault {
    /// Only parts whose method and URL (`GET /me/events`) contain this; empty for all.
    pub target_contains: String,
    /// How many matching parts it still befalls.
    pub times: u32,
    /// The part's status; 429 gets the throttling body.
    pub status: u16,
    /// Seconds in the part's own `Retry-After`, if it has one.
    pub retry_after: Option<u32>,
}
