//! What is compared, and how each is set.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use chat::name::Name;
use chat::session::Keys;
use chat::store::{self, Place};
use tempfile::TempDir;
use testbed::install;
use testbed::program::Program;

use crate::clients::Dialect;

/// How long the sessions of the clients last.
const SESSION: Duration = Duration::from_secs(86_400);

/// One of those that are compared.
pub struct System {
    /// As it stands in the table.
    pub name: &'static str,
    /// How it is set.
    pub settings: &'static str,
    kind: Kind,
    /// A program and its arguments, or why it could not be installed.
    program: Result<Vec<String>, String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ours,
    Plain,
    SocketIo,
}

/// One that runs, and ends with this value.
pub struct Server {
    /// Its process.
    pub program: Program,
    /// Where it listens.
    pub address: SocketAddr,
    /// What its clients say.
    pub dialect: Dialect,
    _folder: TempDir,
}

/// All of them. Those that are wanted, by their names, are installed where that works.
pub fn all(folder: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Result<Vec<System>> {
    std::fs::create_dir_all(folder)?;
    let this = std::env::current_exe()?.display().to_string();
    let bare = |more: &[&str]| {
        let words = [&[this.as_str(), "bare"], more].concat();
        Ok(words.into_iter().map(str::to_owned).collect())
    };
    let mut all = vec![
        System {
            name: "chat",
            settings: "standard settings but for `--max-connections`: each line is on the disk before it is shown, numbered, and replayed to one who comes back",
            kind: Kind::Ours,
            program: Ok(vec![env!("CARGO_BIN_EXE_chat").to_owned()]),
        },
        System {
            name: "axum and broadcast",
            settings: "as axum's own chat example, with rooms: one flush a line, 1,024 lines wait for one who lags, who then loses them; nothing is kept",
            kind: Kind::Plain,
            program: bare(&[]),
        },
        System {
            name: "the same, gathered",
            settings: "one flush for all lines that wait",
            kind: Kind::Plain,
            program: bare(&["--gather"]),
        },
    ];
    for (name, settings, kind, of) in [
        (
            "ws 8.23.0",
            "Node, one process; one `send` for each client; nothing is kept",
            Kind::Plain,
            "ws",
        ),
        (
            "socket.io 4.8.4",
            "Node, one process; WebSocket alone, without polling; `to(room).emit`; nothing is kept",
            Kind::SocketIo,
            "socketio",
        ),
    ] {
        let program = match is_wanted(name) {
            true => install::node(of, "peer.js", folder),
            false => Err("not asked for".to_owned()),
        };
        all.push(System {
            name,
            settings,
            kind,
            program,
        });
    }
    Ok(all)
}

impl System {
    /// Starts it, with so many rooms.
    pub async fn start(&self, rooms: usize) -> Result<Server> {
        let folder = tempfile::tempdir_in(install::folder("chat")?)?;
        let words = self.program.clone().map_err(anyhow::Error::msg)?;
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        let dialect = match self.kind {
            Kind::Plain => Dialect::Plain,
            Kind::SocketIo => Dialect::SocketIo,
            Kind::Ours => {
                let db = folder.path().join("chat.db");
                command.args([
                    "serve",
                    "--listen",
                    "127.0.0.1:0",
                    "--max-connections",
                    "20000",
                    "--db",
                ]);
                command.arg(&db);
                let store = store::open(&Place::File(db)).await?;
                for room in 0..rooms {
                    let name = Name::try_from(format!("r{room}"))?;
                    store.create_room(name, None, false).await?;
                }
                Dialect::Ours(Arc::new(Keys::new(&store.secret().await?, SESSION)))
            }
        };
        let program = tokio::task::spawn_blocking(|| Program::start(command)).await?;
        let address = program.address().parse()?;
        Ok(Server {
            program,
            address,
            dialect,
            _folder: folder,
        })
    }
}
