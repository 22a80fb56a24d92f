//! What is compared, and how each is set.

use std::path::Path;

use anyhow::Result;

use testbed::install;
use testbed::report::grouped;

use crate::sidekiq;
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
            let most = grouped(self.most_due as f64, 0);
            settings += &format!(
                "; gets {most} jobs end to end, since it ends when it finds 8,000 that are due"
            );
        }
        settings
    }
}

/// All of them. Those that are wanted, by their names, are installed where that works.
pub fn all(folder: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Result<Vec<System>> {
    std::fs::create_dir_all(folder)?;
    let this = std::env::current_exe()?.display().to_string();
    let mut all = ours(&this);
    all.push(System {
        side: Side::Floor,
        delays: false,
        ..system(
            "minimal loop",
            Kind::Redis,
            Ok(vec![this, "minimal".into()]),
            "claims one by one with one script, and finishes with another; no heartbeat, retry, delay, \
             history, result, count, or recovery; idle loops look every millisecond",
        )
    });
    all.extend(peers_of_node_rust_and_ruby(folder, is_wanted));
    all.extend(peers_of_python(folder, is_wanted));
    Ok(all)
}

type Program = Result<Vec<String>, String>;

/// Installs nothing that is not to be measured.
fn asked(is_wanted: bool, install: impl FnOnce() -> Program) -> Program {
    match is_wanted {
        true => install(),
        false => Err("not asked for".to_owned()),
    }
}

/// A peer that gets everything.
fn system(name: &str, store: Kind, program: Program, settings: &str) -> System {
    System {
        name: name.to_owned(),
        side: Side::Peer,
        store,
        program,
        share: 1,
        most_due: usize::MAX,
        delays: true,
        settings: settings.to_owned(),
    }
}

fn ours(this: &str) -> Vec<System> {
    let ours = |name, store, more: &str| System {
        side: Side::Ours,
        ..system(
            name,
            store,
            Ok(vec![this.to_owned(), "ours".into()]),
            &format!(
                "standard settings: heartbeats, retries, history, and results kept for an hour; {more}"
            ),
        )
    };
    vec![
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
    ]
}

fn peers_of_node_rust_and_ruby(folder: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Vec<System> {
    vec![
        system(
            "BullMQ 6.7.0",
            Kind::Redis,
            asked(is_wanted("BullMQ 6.7.0"), || {
                install::node("bullmq", "peer.js", folder)
            }),
            "Node; `lockDuration` and `stalledInterval` 15 s, `maxStalledCount` 1",
        ),
        System {
            most_due: 7_500,
            ..system(
                "apalis-redis 1.0.0",
                Kind::Redis,
                asked(is_wanted("apalis-redis 1.0.0"), || {
                    install::cargo("apalis", "apalis-peer", folder)
                }),
                "Rust; `batch_size` 100, `parallelize(tokio::spawn)`, `poll_with_interval` 200 ms, \
                 a heartbeat every 5 s of which three may be missed",
            )
        },
        system(
            &sidekiq::name(),
            Kind::Redis,
            sidekiq::installed(),
            "Ruby; `average_scheduled_poll_interval` 1 s; a job that was fetched is in the memory of its worker alone",
        ),
    ]
}

fn peers_of_python(folder: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Vec<System> {
    let peer = |name, folder_of, settings| System {
        share: 10,
        ..system(
            name,
            Kind::Redis,
            asked(is_wanted(name), || {
                install::python(folder_of, "peer.py", folder)
            }),
            settings,
        )
    };
    vec![
        peer(
            "arq 0.28.0",
            "arq",
            "uvloop, hiredis; `job_timeout` 15 s, after which it holds a job for 10 s more; `poll_delay` 10 ms; no bulk call",
        ),
        peer(
            "Celery 5.7.0",
            "celery",
            "32 threads, `task_acks_late`, `visibility_timeout` 15 s, no result backend; no bulk call",
        ),
    ]
}
