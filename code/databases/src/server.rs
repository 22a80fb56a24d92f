//! A PostgreSQL of our own: a folder, a socket in it, and no port.
//!
//! PostgreSQL refuses to run as root, so `setpriv` gives root away first, where we have it.

use std::fs;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;
use tokio_postgres::Config;

/// The user and group `nobody` of Debian.
const NOBODY: u32 = 65_534;

/// What is started here.
const PROGRAMS: [&str; 4] = ["createdb", "initdb", "pg_isready", "postgres"];

/// How often the server is asked whether it's ready, and how many times.
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: u32 = 3_000;

/// A server that ends, and whose data are gone, when this is dropped.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    programs: PathBuf,
    /// Settings beside the defaults, such as `fsync=off`.
    settings: Vec<&'static str>,
    process: Option<Child>,
}

impl Server {
    /// Starts one that forgets what it has written if the machine loses power, which tests may.
    ///
    /// # Errors
    ///
    /// If PostgreSQL isn't installed, or doesn't start.
    pub fn start() -> Result<Server> {
        Server::with(&["fsync=off"])
    }

    /// Starts one with these settings, each `name=value`.
    ///
    /// # Errors
    ///
    /// As for [`start`](Server::start).
    pub fn with(settings: &[&'static str]) -> Result<Server> {
        let folder = tempfile::Builder::new().prefix("databases-").tempdir()?;
        if geteuid().is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let mut server = Server {
            folder,
            programs: programs()?,
            settings: settings.to_vec(),
            process: None,
        };
        let made = server
            .command("initdb")
            .args(["--no-sync", "--auth=trust", "--username=app"])
            .arg("--pgdata")
            .arg(server.data())
            .output()?;
        let said = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "initdb failed: {said}");
        server.run()?;
        Ok(server)
    }

    /// How to connect.
    pub fn config(&self) -> Config {
        let mut config = Config::new();
        config.host_path(self.folder.path());
        config.user("app").dbname("postgres");
        config
    }

    /// Makes a database of this name, and says how to connect to it.
    ///
    /// # Errors
    ///
    /// If there is one.
    pub fn database(&self, name: &str) -> Result<Config> {
        let mut createdb = self.command("createdb");
        createdb.arg("-h").arg(self.folder.path());
        let made = createdb.args(["-U", "app", name]).output()?;
        let said = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "no database {name}: {said}");
        let mut config = self.config();
        config.dbname(name);
        Ok(config)
    }

    /// Ends the server as a power failure would, and starts it again on its data.
    ///
    /// # Errors
    ///
    /// If it doesn't start.
    pub fn restart(&mut self) -> Result<()> {
        self.kill()?;
        self.run()
    }

    fn run(&mut self) -> Result<()> {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        command.arg("-k").arg(self.folder.path());
        command.args(["-c", "listen_addresses="]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        self.process = Some(command.stderr(Stdio::null()).spawn()?);
        for _ in 0..PATIENCE {
            let mut ready = self.command("pg_isready");
            ready.arg("-h").arg(self.folder.path());
            if ready.status()?.success() {
                return Ok(());
            }
            sleep(PAUSE);
        }
        anyhow::bail!("postgres isn't ready after {:?}", PAUSE * PATIENCE)
    }

    fn kill(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        let pid = i32::try_from(process.id())?;
        // Immediate shutdown: the server ends its children, and writes nothing more.
        kill_process(Pid::from_raw(pid).context("no process")?, Signal::QUIT)?;
        process.wait()?;
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of PostgreSQL's programs, as a user that isn't root.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={NOBODY}"));
            command.arg(format!("--regid={NOBODY}"));
            command.arg("--clear-groups");
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::piped());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What can't be ended is left to the one who reads the list of processes.
        let _ = self.kill();
    }
}

/// The folder with the server's programs: Debian keeps them out of the path, by version.
fn programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut folders: Vec<PathBuf> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let complete = |folder: &PathBuf| PROGRAMS.iter().all(|name| folder.join(name).exists());
    let found = folders.into_iter().find(complete);
    found.context("PostgreSQL isn't installed: on Debian, the package `postgresql`")
}
