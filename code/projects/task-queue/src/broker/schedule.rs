//! Jobs by the calendar.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use croner::Cron;
use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;
use crate::job::{JobId, NewJob, Start, Timestamp};
use crate::name::ScheduleName;

/// A job to enqueue again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSchedule {
    /// Its name; putting another of the same name replaces it.
    pub name: ScheduleName,
    /// When, as five fields of cron (or six, with seconds first), in UTC: `30 4 * * 1-5`.
    pub cron: String,
    /// What to enqueue. Its id is made anew for each tick, from the name and the tick's time, so
    /// that many servers together enqueue one; it starts at once and waits for no other job.
    pub job: NewJob,
}

/// A schedule and when it is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleView {
    /// The schedule.
    #[serde(flatten)]
    pub schedule: NewSchedule,
    /// Its next tick. Ticks that passed while no server ran are made up for by a single job.
    pub next: Timestamp,
}

impl NewSchedule {
    /// Checks the job and the cron expression.
    pub(crate) fn check(&self, payload_limit: usize) -> Result<(), Invalid> {
        self.job.check(payload_limit)?;
        if self.job.start != Start::Now || !self.job.after.is_empty() {
            let reason = "a scheduled job starts at its tick and waits for no other job";
            return Err(Invalid::new("schedule.job", reason));
        }
        self.parse().map(|_| ())
    }

    /// The first tick after `now`.
    pub(crate) fn next_after(&self, now: Timestamp) -> Result<Timestamp, Invalid> {
        let never = || {
            Invalid::new(
                "schedule.cron",
                format!("{:?} never comes again", self.cron),
            )
        };
        let now = DateTime::<Utc>::from_timestamp_millis(now.0).ok_or_else(never)?;
        let next = self
            .parse()?
            .find_next_occurrence(&now, false)
            .map_err(|_| never())?;
        Ok(Timestamp(next.timestamp_millis()))
    }

    /// The job of the tick at `tick`.
    pub(crate) fn job_at(&self, tick: Timestamp) -> NewJob {
        let id = JobId::derived(self.name.as_str(), &tick.0.to_string());
        NewJob {
            id,
            ..self.job.clone()
        }
    }

    fn parse(&self) -> Result<Cron, Invalid> {
        Cron::from_str(&self.cron)
            .map_err(|error| Invalid::new("schedule.cron", format!("{:?}: {error}", self.cron)))
    }
}
