//! A store for one measurement: a `redis-server` of its own, or a file.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;
use testbed::redis::Redis;
use testbed::{machine, services};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Redis,
    /// SQLite with this `sync`.
    File(&'static str),
}

/// Kept on the disk of the build, since a folder for temporary files may be one in memory.
pub enum Store {
    Redis(Redis),
    File { folder: TempDir, sync: &'static str },
}

/// As most who use Redis for jobs set it.
const EVERY_SECOND: [&str; 6] = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "everysec",
    "--auto-aof-rewrite-percentage",
    "0",
];

impl Store {
    pub fn start(kind: Kind, folder: &Path) -> Result<Self> {
        let folder = TempDir::new_in(folder)?;
        match kind {
            Kind::File(sync) => Ok(Self::File { folder, sync }),
            Kind::Redis => {
                services::find("redis-server").context("redis-server is not installed")?;
                let port = machine::free_port();
                Ok(Self::Redis(Redis::start_in(folder, &EVERY_SECOND, port)))
            }
        }
    }

    /// Where programs find it.
    pub fn url(&self) -> String {
        match self {
            Self::Redis(redis) => format!("redis://127.0.0.1:{}", redis.port()),
            Self::File { folder, sync } => {
                let path = folder.path().join("jobs.db");
                format!("sqlite:{}?sync={sync}", path.display())
            }
        }
    }

    pub fn port(&self) -> u16 {
        self.redis().map_or(0, Redis::port)
    }

    /// Commands that Redis has run, those that scripts call among them.
    pub fn commands(&self) -> Option<u64> {
        self.redis().map(Redis::commands)
    }

    /// Processor time of the server; a file has none.
    pub fn cpu(&self) -> Option<Duration> {
        self.redis().map(|redis| machine::cpu(redis.id()))
    }

    /// Bytes: memory of the server, or of the file and its log on the disk.
    pub fn size(&self) -> u64 {
        match self {
            Self::Redis(redis) => machine::memory(redis.id()),
            Self::File { folder, .. } => {
                let files = std::fs::read_dir(folder.path()).into_iter().flatten();
                let sizes = files.flatten().filter_map(|file| file.metadata().ok());
                sizes.map(|file| file.len()).sum()
            }
        }
    }

    fn redis(&self) -> Option<&Redis> {
        match self {
            Self::Redis(redis) => Some(redis),
            Self::File { .. } => None,
        }
    }
}
