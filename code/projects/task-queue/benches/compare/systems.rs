//! What is compared, and how each is set.

use std::path::Path;

use anyhow::Result;

use crate::install;
use crate::store::Kind;

/// Jobs that a worker runs at once.
pub const JOBS: u32 = 32;
/// How long a job stays with a worker that was killed, where a system lets us say so.
pub const LEASE: u32 = 15;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Ours,
    Floor,
    Peer,
}

pub struct System {
    pub name: String,
    pub side: Side,
    pub store: Kind,
    /// A program and its first arguments, which the role follows; or why it could not be installed.
    pub program: Result<Vec<String>, String>,
    /// It gets one job of so many, because it would take too long for all.
    pub share: usize,
    /// The most jobs it is given to have waiting and due at once.
    pub most_due: usize,
    /// Whether a job can be sent to start later.
    pub delays: bool,
    settings: String,
}

impl System {
    /// How it is set, and what it is spared.
    pub fn settings(&self) -> String {
        let mut settings = self.settings.clone();
        if self.share > 1 {
            settings += &format!(
                "; gets one job of {}, which would otherwise take hours",
                self.share
            );
        }
        if self.most_due < usize::MAX {
            let most = self.most_due;
            settings += &format!(
                "; gets {most} jobs end to end, since it ends when it finds 8,000 that are due"
            );
        }
        settings
    }
}

/// All of them, installed where that works.
pub fn all(folder: &Path) -> Result<Vec<System>> {
    std::fs::create_dir_all(folder)?;
    let this = std::env::current_exe()?.display().to_string();
    let part = |name: &str| Ok(vec![this.clone(), name.to_owned()]);
    let system = |name: &str, side, store, program, settings: &str| System {
        name: name.to_owned(),
        side,
        store,
        program,
        share: 1,
        most_due: usize::MAX,
        delays: true,
        settings: settings.to_owned(),
    };
    let ours = "standard settings: heartbeats, retries, history, and results kept for an hour";
    let ours = |name, store, more: &str| {
        let settings = format!("{ours}; {more}");
        system(name, Side::Ours, store, part("ours"), &settings)
    };
    let peer = |name, program, settings| system(name, Side::Peer, Kind::Redis, program, settings);
    Ok(vec![
        ours(
            "task-queue on Redis",
            Kind::Redis,
            "producer and worker are two processes",
        ),
        ours(
            "task-queue on SQLite, sync=full",
            Kind::File("full"),
            "one process; a job is on the disk before `enqueue` answers",
        ),
        ours(
            "task-queue on SQLite, sync=normal",
            Kind::File("normal"),
            "one process; a power cut may take the last moments",
        ),
        System {
            delays: false,
            ..system(
                "minimal loop",
                Side::Floor,
                Kind::Redis,
                part("minimal"),
                "claims one by one with one script, and finishes with another; no heartbeat, retry, delay, \
                 history, result, count, or recovery; idle loops look every millisecond",
            )
        },
        peer(
            "BullMQ 6.7.0",
            install::bullmq(folder),
            "Node; `lockDuration` and `stalledInterval` 15 s, `maxStalledCount` 1",
        ),
        System {
            most_due: 7_500,
            ..peer(
                "apalis-redis 1.0.0",
                install::apalis(folder),
                "`batch_size` 100, `parallelize(tokio::spawn)`, `poll_with_interval` 200 ms, heartbeat 5 s, three may be missed",
            )
        },
        peer(
            &install::sidekiq_name(),
            install::sidekiq(),
            "Ruby; `average_scheduled_poll_interval` 1 s; a fetched job is in the memory of the worker alone",
        ),
        System {
            share: 10,
            ..peer(
                "arq 0.28.0",
                install::python(folder, "arq"),
                "Python, uvloop, hiredis; `job_timeout` 15 s (it holds a job for 10 s more), `poll_delay` 10 ms; no bulk call",
            )
        },
        System {
            share: 10,
            ..peer(
                "Celery 5.7.0",
                install::python(folder, "celery"),
                "Python; 32 threads, `task_acks_late`, `visibility_timeout` 15 s, no result backend; no bulk call",
            )
        },
    ])
}
