//! A store for one measurement: a `redis-server` of its own, or a file.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::machine;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Redis,
    /// SQLite with this `sync`.
    File(&'static str),
}

pub struct Store {
    kind: Kind,
    /// On the disk of the build, since a folder for temporary files may be one in memory.
    folder: TempDir,
    redis: Option<Redis>,
}

struct Redis {
    server: Child,
    port: u16,
    client: redis::Connection,
}

impl Store {
    pub fn start(kind: Kind, folder: &Path) -> Result<Self> {
        let folder = TempDir::new_in(folder)?;
        let redis = match kind {
            Kind::Redis => Some(Redis::start(folder.path())?),
            Kind::File(_) => None,
        };
        Ok(Self {
            kind,
            folder,
            redis,
        })
    }

    /// Where programs find it.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Redis => format!("redis://127.0.0.1:{}", self.port()),
            Kind::File(sync) => format!(
                "sqlite:{}?sync={sync}",
                self.folder.path().join("jobs.db").display()
            ),
        }
    }

    pub fn port(&self) -> u16 {
        self.redis.as_ref().map_or(0, |redis| redis.port)
    }

    /// Commands that Redis has run, those that scripts call among them.
    pub fn commands(&mut self) -> Option<u64> {
        let redis = self.redis.as_mut()?;
        let about: String = redis::cmd("INFO")
            .arg("commandstats")
            .query(&mut redis.client)
            .ok()?;
        let calls = about
            .lines()
            .filter(|line| !line.starts_with("cmdstat_info:"))
            .filter_map(|line| {
                let (_, calls) = line.split_once("calls=")?;
                calls.split(',').next()?.parse::<u64>().ok()
            });
        Some(calls.sum())
    }

    /// Processor time of the server; a file has none.
    pub fn cpu(&self) -> Option<Duration> {
        let redis = self.redis.as_ref()?;
        Some(machine::cpu(redis.server.id()))
    }

    /// Bytes: memory of the server, or of the file and its log on the disk.
    pub fn size(&self) -> u64 {
        if let Some(redis) = &self.redis {
            return machine::memory(redis.server.id());
        }
        let files = std::fs::read_dir(self.folder.path())
            .into_iter()
            .flatten()
            .flatten();
        let sizes = files.filter_map(|file| Some(file.metadata().ok()?.len()));
        sizes.sum()
    }
}

impl Redis {
    fn start(folder: &Path) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Command::new("redis-server")
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--save",
                "",
            ])
            .args(["--appendonly", "yes", "--appendfsync", "everysec"])
            .args(["--auto-aof-rewrite-percentage", "0"])
            .arg("--dir")
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .context("cannot run redis-server")?;
        let mut starting = Starting(Some(server));
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}"))?;
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            if let Ok(client) = client.get_connection()
                && let Some(server) = starting.0.take()
            {
                return Ok(Self {
                    server,
                    port,
                    client,
                });
            }
            if Instant::now() > until {
                bail!("redis-server does not answer at port {port}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Keeps a server that never came up from staying.
struct Starting(Option<Child>);

impl Drop for Starting {
    fn drop(&mut self) {
        self.0.as_mut().map(stop);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        stop(&mut self.server);
    }
}

fn stop(server: &mut Child) {
    // It may have ended by itself.
    let _ = server.kill();
    let _ = server.wait();
}
