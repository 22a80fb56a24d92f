//! Living through times in which the store does not answer.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tokio::time;
use tracing::{debug, error, info, warn};

use crate::error::{BrokerError, Result};
use crate::metrics::Metrics;
use crate::retry::{STORE, half_jitter};
use crate::sync::watch;

/// Counts the failures in a row of one kind of call, says how long to pause, and logs the
/// beginning and the end of an outage rather than every failure of it.
pub(crate) struct Outage {
    call: &'static str,
    failures: u32,
    errors: Counter,
}

impl Outage {
    pub(crate) fn new(call: &'static str, metrics: &Metrics) -> Self {
        Self {
            call,
            failures: 0,
            errors: metrics.store_errors(call),
        }
    }

    /// Takes note of an answer. In place of an error it says how long to wait before the next call:
    /// up to a second, never nothing.
    pub(crate) fn heard<T>(&mut self, answer: Result<T>) -> Result<T, Duration> {
        let (call, failures) = (self.call, self.failures);
        let answer = answer.map_err(|error| self.pause(&error))?;
        if failures > 0 {
            info!(call, failures, "the store answers again");
        }
        self.failures = 0;
        Ok(answer)
    }

    fn pause(&mut self, error: &BrokerError) -> Duration {
        self.errors.inc();
        self.failures = self.failures.saturating_add(1);
        let (call, failures) = (self.call, self.failures);
        match (failures, error.is_transient()) {
            (1, true) => warn!(call, %error, "the store fails; trying again"),
            (1, false) => error!(call, %error, "the store fails, and may need a person"),
            _ => debug!(call, %error, failures, "the store still fails"),
        }
        half_jitter(&STORE, failures, fastrand::f64())
    }
}

/// The answer of a call that must come within `span`. The call may have been done when it does not,
/// as with every failure.
pub(crate) async fn within<T>(span: Duration, call: impl Future<Output = Result<T>>) -> Result<T> {
    match time::timeout(span, call).await {
        Ok(answer) => answer,
        Err(_) => Err(BrokerError::unavailable(format!(
            "no answer within {span:?}"
        ))),
    }
}

/// Waits for a signal. One whose sender is gone never comes, rather than always.
pub(crate) async fn changed(signal: &mut watch::Receiver<u64>) {
    if signal.changed().await.is_err() {
        std::future::pending().await
    }
}
