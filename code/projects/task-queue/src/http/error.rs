//! How errors of the store are answered.

use axum::http::StatusCode;
use service::problem::Problem;

use crate::error::BrokerError;

/// When to come again, in seconds: jobs move all the time, and a store comes back by itself.
const SOON: Option<u32> = Some(1);
/// Room has to be made first.
const LATER: Option<u32> = Some(10);

impl From<BrokerError> for Problem {
    fn from(error: BrokerError) -> Self {
        let (status, code, retry_after) = match &error {
            BrokerError::Invalid(_) => (422, "invalid", None),
            BrokerError::UnknownDependency { .. } => (409, "unknown_dependency", None),
            BrokerError::QueueFull { .. } => (429, "queue_full", SOON),
            BrokerError::Unavailable(_) => (503, "unavailable", SOON),
            BrokerError::Closed => (503, "closed", SOON),
            BrokerError::NoRoom(_) => (507, "no_room", LATER),
            BrokerError::Damaged(_) => (500, "damaged", None),
            BrokerError::Refused(_) => (500, "refused", None),
        };
        let status = StatusCode::from_u16(status).expect("each of them is one");
        Self {
            retry_after,
            ..Self::new(status, code, error.to_string())
        }
    }
}
