//! How Graph says no.

/// A refused request: becomes the error envelope.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// What the service behind the gateway said, where the gateway says less.
    pub(crate) inner: Option<(&'static str, String)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new(), inner: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn unknown_segment(segment: &str) -> Self {
        Self::bad_request(format!("Resource not found for the segment '{segment}'."))
    }

    pub(crate) fn malformed_id() -> Self {
        Self::new(400, "ErrorInvalidIdMalformed", "Id is malformed.")
    }

    pub(crate) fn item_not_found() -> Self {
        Self::new(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405, "BadRequest", "Specified HTTP method is not allowed for the request target.")
    }

    pub(crate) fn access_denied() -> Self {
        Self::new(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    }

    /// A property of the body that cannot be read.
    pub(crate) fn unreadable(message: impl Into<String>) -> Self {
        Self::new(400, "RequestBodyRead", message)
    }

    /// 401 with the challenge that every Graph 401 carries.
    pub(crate) fn unauthenticated(message: &str) -> Self {
        let challenge = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
                         client_id=\"00000003-0000-0000-c000-000000000000\"";
        let mut refusal = Self::new(401, "InvalidAuthenticationToken", message);
        refusal.headers.push(("www-authenticate", challenge.to_owned()));
        refusal
    }

    pub(crate) fn throttled(retry_after: u32) -> Self {
        let message = "Application is over its MailboxConcurrency limit.";
        let mut refusal = Self::new(429, "ApplicationThrottled", message);
        refusal.headers.push(("retry-after", retry_after.to_string()));
        refusal
    }

    /// The windows of requests or of upload are full.
    pub(crate) fn too_many_requests(retry_after: u32) -> Self {
        let mut refusal = Self::new(429, "TooManyRequests", "Please retry again later.");
        refusal.headers.push(("retry-after", retry_after.to_string()));
        refusal
    }

    /// What Graph says with a status that it answers without having looked at the request.
    pub(crate) fn failing(status: u16) -> Self {
        match status {
            401 => Self::unauthenticated("Lifetime validation failed, the token is expired."),
            403 => Self::access_denied(),
            404 => Self::item_not_found(),
            409 | 412 => Self::stale(status),
            410 => Self::new(410, "SyncStateNotFound", "The sync state generation is not found."),
            429 => Self::throttled(1),
            502 => Self::new(502, "badGateway", "The server received an invalid response from an upstream server."),
            503 => Self::new(503, "serviceNotAvailable", "The service is temporarily unavailable."),
            504 => Self::new(504, "gatewayTimeout", "The server did not receive a timely response."),
            400..=499 => Self::new(status, "BadRequest", "The request was refused."),
            _ => Self::new(status, "generalException", "An internal server error occurred."),
        }
    }

    /// The change key of `If-Match` is not the current one.
    pub(crate) fn stale(status: u16) -> Self {
        let message = "The send or update operation could not be performed because the change key passed in the \
                       request does not match the current change key for the item.";
        Self::new(status, "ErrorIrresolvableConflict", message)
    }
}
