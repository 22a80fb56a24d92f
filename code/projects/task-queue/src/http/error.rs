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
            BrokerError::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", None),
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
