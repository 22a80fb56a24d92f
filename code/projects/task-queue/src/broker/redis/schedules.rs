//! Schedules in Redis: their definitions, and when each is due.

use std::collections::HashMap;

use crate::broker::{NewSchedule, ScheduleView};
use crate::error::BrokerError;
use crate::job::Timestamp;

use super::RedisBroker;
use super::connection::typed;

/// The tick of a schedule that never comes again: the last date that a computer of today can name.
const NEVER: i64 = 8_640_000_000_000_000;

impl RedisBroker {
    /// Enqueues the job of a schedule that is due, unless another server was first.
    pub(super) async fn tick(
        &self,
        schedule: &str,
        tick: i64,
        now: Timestamp,
    ) -> Result<u64, BrokerError> {
        let schedule: NewSchedule = serde_json::from_str(schedule).map_err(BrokerError::damaged)?;
        let next = schedule.next_after(now).map_or(NEVER, |next| next.0);
        let guard = format!("{} {tick} {next}", schedule.name);
        match self.send(&[schedule.job_at(Timestamp(tick))], &guard).await {
            Ok(sent) => Ok(sent.len() as u64),
            // The tick is kept: it comes when there is room.
            Err(BrokerError::QueueFull { .. } | BrokerError::NoRoom { .. }) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// A tick that was computed while the clock was ahead is computed again once it was set back.
    pub(super) async fn set_ticks_right(&self, now: Timestamp) -> Result<(), BrokerError> {
        for view in self.list_schedules().await? {
            let Ok(next) = view.schedule.next_after(now) else {
                continue;
            };
            if next < view.next {
                let name = view.schedule.name.as_str();
                self.note(|call| _ = call.arg("tick").arg(name).arg(next.0))
                    .await?;
            }
        }
        Ok(())
    }

    pub(super) async fn list_schedules(&self) -> Result<Vec<ScheduleView>, BrokerError> {
        let (schedules, ticks) = (self.key("schedules"), self.key("ticks"));
        let mut both = redis::pipe();
        both.atomic()
            .hgetall(schedules)
            .zrange_withscores(ticks, 0, -1);
        let (mut connection, number) = self.shared.line.connection();
        let answer = both.query_async(&mut connection).await;
        let (texts, ticks): (HashMap<String, String>, HashMap<String, f64>) =
            self.shared.line.heard(number, answer).map_err(typed)?;
        let mut all = Vec::with_capacity(texts.len());
        for (name, text) in texts {
            let schedule = serde_json::from_str(&text).map_err(BrokerError::damaged)?;
            let next = ticks.get(&name).copied().unwrap_or_default();
            all.push(ScheduleView {
                schedule,
                next: Timestamp(next as i64),
            });
        }
        all.sort_by(|a, b| a.schedule.name.cmp(&b.schedule.name));
        Ok(all)
    }
}
