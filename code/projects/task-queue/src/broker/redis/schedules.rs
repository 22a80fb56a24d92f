//! The ticks of schedules: each is taken by one server, and computed again once the clock was set back.

use crate::broker::{Broker, NewSchedule};
use crate::error::{BrokerError, Result};
use crate::job::Timestamp;

use super::RedisBroker;

/// The tick of a schedule that never comes again: the last date that a computer of today can name.
const NEVER: i64 = 8_640_000_000_000_000;

impl RedisBroker {
    /// Enqueues the job of a schedule that is due, unless another server was first.
    pub(super) async fn tick(&self, schedule: &str, tick: i64, now: Timestamp) -> Result<u64> {
        let schedule: NewSchedule = serde_json::from_str(schedule).map_err(BrokerError::damaged)?;
        let next = schedule.next_after(now).map_or(NEVER, |next| next.0);
        let guard = format!("{} {tick} {next}", schedule.name);
        match self.send(&[schedule.job_at(Timestamp(tick))], &guard).await {
            Ok(sent) => Ok(sent.len() as u64),
            // The tick is kept: it comes when there is room.
            Err(BrokerError::QueueFull { .. } | BrokerError::NoRoom(_)) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// A tick that was computed while the clock was ahead is computed again once it was set back.
    pub(super) async fn set_ticks_right(&self, now: Timestamp) -> Result<()> {
        for view in self.schedules().await? {
            if let Ok(next) = view.schedule.next_after(now)
                && next < view.next
            {
                let name = view.schedule.name.as_str();
                self.note("tick", name, &[next.0.to_string()]).await?;
            }
        }
        Ok(())
    }
}
