//! Servers in this process and beside it, and clients for them.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use chat::client::{Connection, Identity, log_in};
use chat::name::Name;
use chat::options::Options;
use chat::store::{Place, Store};
use chat::wire::{Ask, Line, Told};
use clap::Parser;
use tempfile::TempDir;
use testbed::postgres::Postgres;
use testbed::program::Program;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The longest that a test waits for anything, also on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// A server in this process, on a port and a file of its own.
pub struct Server {
    pub url: String,
    pub folder: TempDir,
    pub stop: CancellationToken,
    pub ended: JoinHandle<()>,
}

impl Server {
    pub async fn start() -> Server {
        Server::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Options)) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("chat.db");
        let mut options = Arguments::parse_from(["chat", "--drain", "10"]).options;
        options.db = Place::File(db);
        change(&mut options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let serving = chat::serve(listener, options, stop.clone());
        let ended = tokio::spawn(async move { serving.await.unwrap() });
        Server {
            url,
            folder,
            stop,
            ended,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.url["http://".len()..].parse().unwrap()
    }

    pub async fn person(&self, who: &str) -> Identity {
        let identity = timeout(PATIENCE, log_in(&self.url, &name(who), None)).await;
        identity.unwrap().unwrap()
    }

    /// A new person's connection.
    pub async fn connect(&self, who: &str) -> Connection {
        let identity = self.person(who).await;
        Connection::open(&self.url, &identity.token).await.unwrap()
    }

    /// A new person's connection, in the lobby.
    pub async fn enter(&self, who: &str) -> Connection {
        let mut connection = self.connect(who).await;
        connection.ask(&join("lobby", 0, 0)).await.unwrap();
        joined(&mut connection).await;
        connection
    }

    /// A number of `/metrics`.
    pub async fn number(&self, name: &str) -> u64 {
        let client = service::client::Client::new(&self.url, None, PATIENCE).unwrap();
        let request = client.request("GET".parse().unwrap(), "/metrics");
        let page = client.send(request).await.unwrap().text().await.unwrap();
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap().parse().unwrap()
    }
}

/// The program as a child process; it is killed with this value.
pub fn program(listen: &str, db: &str, more: &[&str]) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command
        .args(["serve", "--listen", listen, "--db", db])
        .args(more);
    Program::start(command)
}

/// A new person in the lobby of a server beside this process.
pub async fn enter(server: &Program, who: &str) -> Connection {
    let url = server.url("");
    let identity = log_in(&url, &name(who), None).await.unwrap();
    let mut connection = Connection::open(&url, &identity.token).await.unwrap();
    connection.ask(&join("lobby", 0, 0)).await.unwrap();
    joined(&mut connection).await;
    connection
}

/// A file in this folder, as `--db` takes it.
pub fn file(folder: &TempDir) -> String {
    folder.path().join("chat.db").display().to_string()
}

/// A database of one's own, as `--db` takes it.
pub async fn database() -> String {
    database_of(Postgres::shared()).await
}

/// The same, of a server of one's own.
pub async fn database_of(server: &Postgres) -> String {
    let database = server.database().await;
    let name = database.url().rsplit('=').next().unwrap();
    let host = server
        .socket_folder()
        .display()
        .to_string()
        .replace('/', "%2F");
    format!("postgres://postgres@{host}/{name}")
}

/// What is kept there.
pub async fn open(db: &str) -> Store {
    chat::store::open(&db.parse().unwrap()).await.unwrap()
}

pub fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

pub fn join(room: &str, epoch: u64, after: u64) -> Ask {
    let room = name(room);
    Ask::Join { room, epoch, after }
}

pub fn say(room: &str, id: &str, text: &str) -> Ask {
    let (room, id, text) = (name(room), id.to_owned(), text.to_owned());
    Ask::Say { room, id, text }
}

/// The next thing of this kind; what else is told is passed over.
pub async fn next<T>(connection: &mut Connection, want: impl Fn(Told) -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(found) = want(connection.hear().await.unwrap()) {
                return found;
            }
        }
    };
    timeout(PATIENCE, search).await.expect("it is told")
}

pub async fn joined(connection: &mut Connection) -> (u64, u64) {
    let joined = |told| match told {
        Told::Joined { epoch, after, .. } => Some((epoch, after)),
        _ => None,
    };
    next(connection, joined).await
}

pub async fn line(connection: &mut Connection) -> Line {
    let line = |told| match told {
        Told::Line(line) => Some(line),
        _ => None,
    };
    next(connection, line).await
}

pub async fn kept(connection: &mut Connection) -> (String, u64) {
    let kept = |told| match told {
        Told::Kept { id, seq, .. } => Some((id, seq)),
        _ => None,
    };
    next(connection, kept).await
}

/// The number of those here, once it is this.
pub async fn count_here(connection: &mut Connection, want: usize) {
    let here = |told| matches!(told, Told::Here { count, .. } if count == want).then_some(());
    next(connection, here).await;
}

/// How the connection ends.
pub async fn end(connection: &mut Connection) -> String {
    let ended = async {
        loop {
            if let Err(error) = connection.hear().await {
                return error.to_string();
            }
        }
    };
    timeout(PATIENCE, ended).await.expect("it ends")
}
