//! A host that asks to be left alone is left alone, for as long as it asks (RFC 9110, 10.2.3). What
//! is longer than a crawl waits is the end of this crawl for the host.

use std::time::Duration;

use super::{Visitor, end};
use crate::fetch::Answer;
use crate::frontier::{Ended, Outcome, Taken};
use crate::hosts::Host;

impl Visitor {
    /// "Slow down" is said to the crawl and not to the page, so the first one in a row is no
    /// failure of the page. From the second on it is: a page that's refused each time must not
    /// make the host seem so.
    pub(super) fn refused(&self, page: &Taken, host: &Host, answer: &Answer) -> Ended {
        let (backoff, courtesy) = (&self.settings.backoff, &self.settings.courtesy);
        let asked = answer.retry_after().unwrap_or(backoff.first);
        let in_a_row = host.refused(Some(answer.latency), asked.min(courtesy.rest));
        let reason = format!("status {}", answer.status);
        if asked > courtesy.rest {
            return self.again(page, host, too_long(&reason, asked), Some(asked), true);
        }
        if in_a_row > 1 {
            let down = in_a_row >= courtesy.failures;
            return self.again(page, host, reason, Some(asked), down);
        }
        Ended {
            rest: asked + backoff.full_jitter(1, fastrand::f64()),
            ..end(page, host, Outcome::Again { failed: false })
        }
    }
}

/// For people, who'll find it in `status` and `explain`.
pub(super) fn too_long(reason: &str, asked: Duration) -> String {
    format!("{reason}, not to be asked for {} s", asked.as_secs())
}
