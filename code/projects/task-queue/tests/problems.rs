//! How errors of the store are answered.

use axum::http::header;
use axum::response::IntoResponse;
use service::problem::Problem;
use task_queue::error::BrokerError;
use task_queue::invalid::Invalid;
use task_queue::name::QueueName;

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
        (BrokerError::Unavailable(reason()), 503, Some("1")),
        (BrokerError::Closed, 503, Some("1")),
        (BrokerError::NoRoom(reason()), 507, Some("10")),
        (BrokerError::Refused(reason()), 500, None),
        (Invalid::new("jobs", "too many").into(), 422, None),
    ] {
        let response = Problem::from(error).into_response();
        let said = response.headers().get(header::RETRY_AFTER);
        let said = said.map(|after| after.to_str().unwrap());
        assert_eq!((response.status().as_u16(), said), (status, after));
    }
}
