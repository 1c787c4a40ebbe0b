//! What went wrong at AWS, as the ports say it.

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use syncline_ports::{ErrorKind, PortError};

/// How long to stay away when AWS throttles without saying for how long.
pub(crate) const THROTTLED_FOR: Duration = Duration::from_secs(2);

/// Any SDK error. All our writes can be done twice, so one without an answer is `Transient`.
pub(crate) fn fault<E>(op: &'static str, error: &SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            let kind = kind_of(code, service.raw().status().as_u16());
            let fault = PortError::new(kind, op).code(code);
            match service.err().message() {
                Some(message) => fault.because(message),
                None => fault,
            }
        }
        SdkError::ConstructionFailure(_) => PortError::new(ErrorKind::Rejected, op).because(chain(error)),
        _ => PortError::new(ErrorKind::Transient, op).because(chain(error)),
    }
}

/// A request that could not even be put together.
pub(crate) fn unbuilt(op: &'static str, error: impl Error) -> PortError {
    PortError::new(ErrorKind::Rejected, op).because(chain(&error))
}

/// The table of error codes; the status decides about those it does not name.
pub(crate) fn kind_of(code: &str, status: u16) -> ErrorKind {
    match code {
        "ConditionalCheckFailed" | "ConditionalCheckFailedException" => ErrorKind::Conflict,
        "ProvisionedThroughputExceeded"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "Throttling"
        | "ThrottlingError"
        | "ThrottlingException" => ErrorKind::Throttled { after: THROTTLED_FOR },
        "TransactionConflict"
        | "TransactionConflictException"
        | "TransactionInProgressException"
        | "LimitExceededException"
        | "KeyUnavailableException"
        | "DependencyTimeoutException" => ErrorKind::Transient,
        "AccessDenied"
        | "AccessDeniedException"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "UnrecognizedClientException" => ErrorKind::Forbidden,
        _ if status >= 500 => ErrorKind::Transient,
        // Also a table or queue that is not there: that is a fault of the deployment, and must not be
        // taken for a row that is gone.
        _ => ErrorKind::Rejected,
    }
}

/// The causes as one line. `Debug` of an SDK error would show the answer's body.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_kind() {
        let throttled = ErrorKind::Throttled { after: THROTTLED_FOR };
        for (code, status, kind) in [
            ("ConditionalCheckFailedException", 400, ErrorKind::Conflict),
            ("ThrottlingException", 400, throttled),
            ("TransactionConflictException", 400, ErrorKind::Transient),
            ("InternalServerError", 500, ErrorKind::Transient),
            ("AccessDeniedException", 400, ErrorKind::Forbidden),
            ("ValidationException", 400, ErrorKind::Rejected),
            ("ResourceNotFoundException", 400, ErrorKind::Rejected),
            ("", 503, ErrorKind::Transient),
        ] {
            assert_eq!(kind_of(code, status), kind, "{code} {status}");
        }
    }
}
