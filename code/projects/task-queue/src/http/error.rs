//! How errors of the store are answered.

use axum::http::StatusCode;
use service::problem::Problem;

use crate::error::BrokerError;

/// When to come again, in seconds: jobs move all the time, and a store comes back by itself.
const SOON: u32 = 1;
/// Room has to be made first.
const LATER: u32 = 10;

impl From<BrokerError> for Problem {
    fn from(error: BrokerError) -> Self {
        let (status, code, after) = match &error {
            BrokerError::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", None),
            BrokerError::UnknownDependency { .. } => {
                (StatusCode::CONFLICT, "unknown_dependency", None)
            }
            BrokerError::QueueFull { .. } => {
                (StatusCode::TOO_MANY_REQUESTS, "queue_full", Some(SOON))
            }
            BrokerError::Unavailable { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", Some(SOON))
            }
            BrokerError::Closed => (StatusCode::SERVICE_UNAVAILABLE, "closed", Some(SOON)),
            BrokerError::NoRoom { .. } => {
                (StatusCode::INSUFFICIENT_STORAGE, "no_room", Some(LATER))
            }
            BrokerError::Damaged { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "damaged", None),
            BrokerError::Refused { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "refused", None),
        };
        Self {
            retry_after: after,
            ..Self::new(status, code, error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;
    use axum::response::IntoResponse;

    use crate::name::QueueName;

    #[test]
    fn what_may_succeed_later_says_when_to_come_again() {
        let reason = || "away".to_owned();
        let full = BrokerError::QueueFull {
            queue: QueueName::new("q").unwrap(),
            depth: 10,
            sent: 1,
            limit: 10,
        };
        for (error, status, after) in [
            (full, 429, Some("1")),
            (BrokerError::unavailable("away"), 503, Some("1")),
            (BrokerError::Closed, 503, Some("1")),
            (BrokerError::NoRoom { reason: reason() }, 507, Some("10")),
            (BrokerError::Refused { reason: reason() }, 500, None),
            (BrokerError::invalid("jobs", "too many"), 422, None),
        ] {
            let response = Problem::from(error).into_response();
            let said = response.headers().get(header::RETRY_AFTER);
            let said = said.map(|after| after.to_str().unwrap());
            assert_eq!((response.status().as_u16(), said), (status, after));
        }
    }
}
