//! A PostgreSQL server of one's own.
//!
//! It listens on a socket in a temporary folder and on no port. It refuses to run as root, and then
//! runs as `nobody`. A small shell stands between it and the tests, which ends the server and
//! removes its folder once the tests are gone, however they ended.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use crate::program::PATIENCE;
use crate::services;

/// Nothing here has to survive a power cut; a crash of the server, which these do not weaken, it does.
const FAST: [&str; 2] = ["fsync=off", "full_page_writes=off"];

/// Runs its arguments until the other end of its input is closed, and removes the folder then.
const WATCH: &str =
    r#"folder=$1; shift; "$@" & read -r _; kill -QUIT $!; wait $!; rm -rf "$folder""#;

/// A server; it ends with this value, or with the process that asked for it.
pub struct Postgres {
    folder: PathBuf,
    settings: Vec<String>,
    watch: Child,
}

/// An empty database of a server.
#[derive(Clone, Debug)]
pub struct Database {
    url: String,
}

impl Postgres {
    /// The server that all tests of one binary share, each with [a database](Self::database) of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    /// Makes a cluster, starts the server with these settings (`&["max_connections=20"]`), and
    /// waits until it accepts connections. Takes about two seconds.
    #[track_caller]
    pub fn start(settings: &[&str]) -> Self {
        // Kept: the shell removes it.
        let folder = TempDir::new().expect("a folder").keep();
        own(&folder);
        let made = user_command("initdb")
            .args(["--auth", "trust", "--username", "postgres", "--no-sync"])
            .args(["--encoding", "UTF8", "--no-locale", "--pgdata"])
            .arg(folder.join("data"))
            .current_dir(&folder)
            .output()
            .expect("initdb can be run");
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb: {said}");
        let settings = settings.iter().map(|&setting| setting.to_owned());
        let settings: Vec<String> = settings.collect();
        let watch = launch(&folder, &settings);
        let postgres = Self {
            folder,
            settings,
            watch,
        };
        postgres.until_it_accepts();
        postgres
    }

    /// Where its socket is: clients take it for a host.
    pub fn socket_folder(&self) -> &Path {
        &self.folder
    }

    /// Makes an empty database that no other test uses.
    pub async fn database(&self) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let client = self.named("postgres").connect().await;
        let create = format!("CREATE DATABASE {name}");
        client.batch_execute(&create).await.expect("a new name");
        self.named(&name)
    }

    /// The id of its first process.
    pub fn id(&self) -> u32 {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid"));
        let first = file.ok().and_then(|file| file.lines().next()?.parse().ok());
        first.expect("a server writes its id into this file")
    }

    /// Ends it as a crash would: without a checkpoint, and without a word to its clients.
    pub fn crash(&mut self) {
        self.end();
    }

    /// Starts it again on the same cluster, after [`crash`](Self::crash).
    #[track_caller]
    pub fn restart(&mut self) {
        self.watch = launch(&self.folder, &self.settings);
        self.until_it_accepts();
    }

    fn named(&self, name: &str) -> Database {
        let folder = self.folder.display();
        let url = format!("host={folder} user=postgres dbname={name}");
        Database { url }
    }

    /// Ends the server and leaves its folder.
    fn end(&mut self) {
        let pid = rustix::process::Pid::from_raw(self.id().cast_signed());
        let pid = pid.expect("an id is not zero");
        // SIGQUIT: at once, without a checkpoint. All its processes end.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        let until = Instant::now() + PATIENCE;
        while self.folder.join("data/postmaster.pid").exists() && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        // The shell would remove the folder.
        let _ = self.watch.kill();
        let _ = self.watch.wait();
    }

    #[track_caller]
    fn until_it_accepts(&self) {
        let until = Instant::now() + PATIENCE;
        let accepts = || {
            let asked = Command::new(services::required("pg_isready", "postgresql"))
                .args(["--quiet", "--host"])
                .arg(&self.folder)
                .status();
            asked.is_ok_and(|status| status.success())
        };
        while !accepts() {
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "it does not accept: {}", log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // With its input closed, the shell ends the server and removes the folder.
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

impl Database {
    /// How clients find it: `host=… user=postgres dbname=…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection to it; its other half is a task of this runtime.
    pub async fn connect(&self) -> Client {
        let connected = tokio_postgres::connect(&self.url, NoTls).await;
        let (client, connection) =
            connected.unwrap_or_else(|error| panic!("{}: {error}", self.url));
        tokio::spawn(connection);
        client
    }
}

fn launch(folder: &Path, settings: &[String]) -> Child {
    let mut server = user_command("postgres");
    server.arg("-D").arg(folder.join("data"));
    server.arg("-k").arg(folder).args(["-h", ""]);
    let all = FAST
        .iter()
        .copied()
        .chain(settings.iter().map(String::as_str));
    for setting in all {
        server.args(["-c", setting]);
    }
    let log = fs::File::create(folder.join("log")).expect("the folder is ours");
    Command::new("sh")
        .args(["-c", WATCH, "sh"])
        .arg(folder)
        .arg(server.get_program())
        .args(server.get_args())
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("there is a shell")
}

/// A program of PostgreSQL, as a user that it takes.
#[track_caller]
fn user_command(program: &str) -> Command {
    let program = services::required(program, "postgresql");
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let nobody = ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"];
    command.args(nobody).arg(program);
    command
}

/// Gives a folder to the user that the server will run as.
fn own(folder: &Path) {
    if rustix::process::geteuid().is_root() {
        let id = |option| {
            let output = Command::new("id").args([option, "nobody"]).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        chown(folder, id("-u"), id("-g")).expect("root may give a folder away");
    }
}
