//! What stands between a program and Redis, and does harm on command.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use task_queue::broker::Options;
use task_queue::broker::redis::RedisBroker;
use task_queue::name::QueueName;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

use crate::stores::Server;

/// What happens to the answer of Redis to the next call of a script. The call itself is passed on,
/// so it is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// The connection is cut after so many bytes of the answer.
    Cut(usize),
    /// Nothing comes back on this connection any more, and it stays open.
    Swallow,
}

/// A proxy on a socket of its own in front of a Redis; it ends with the runtime of its test.
pub struct Proxy {
    folder: TempDir,
    next: Next,
    listeners: Listeners,
}

/// The harm that the next script meets, and that of one connection.
type Next = Arc<Mutex<Option<Harm>>>;
type Met = Arc<Mutex<Option<Harm>>>;
/// Of the connections on which somebody listens to the bells.
type Listeners = Arc<Mutex<Vec<Met>>>;

impl Proxy {
    pub fn start(server: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("proxy.sock")).unwrap();
        let (next, listeners) = (Next::default(), Listeners::default());
        let accept = accept(
            listener,
            server.socket(),
            Arc::clone(&next),
            Arc::clone(&listeners),
        );
        tokio::spawn(accept);
        Self {
            folder,
            next,
            listeners,
        }
    }

    pub fn url(&self) -> String {
        format!(
            "redis+unix://{}",
            self.folder.path().join("proxy.sock").display()
        )
    }

    pub async fn broker(&self, options: Options) -> RedisBroker {
        let namespace = QueueName::new("test").unwrap();
        RedisBroker::connect(&self.url(), &namespace, options)
            .await
            .unwrap()
    }

    /// Does harm to the answer of the next call of a script.
    pub fn harm_next(&self, harm: Harm) {
        *self.next.lock().unwrap() = Some(harm);
    }

    /// Whether the harm that was asked for has been done.
    pub fn has_harmed(&self) -> bool {
        self.next.lock().unwrap().is_none()
    }

    /// How often somebody began to listen to the bells.
    pub fn listeners(&self) -> usize {
        self.listeners.lock().unwrap().len()
    }

    /// Nothing comes back any more to those who listen to the bells now.
    pub fn swallow_bells(&self) {
        for met in self.listeners.lock().unwrap().iter() {
            *met.lock().unwrap() = Some(Harm::Swallow);
        }
    }
}

async fn accept(listener: UnixListener, server: PathBuf, next: Next, listeners: Listeners) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = UnixStream::connect(&server).await else {
            continue; // hung up on, as if Redis itself were away
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let harm = Met::default();
        tokio::spawn(requests(
            from_client,
            to_server,
            Arc::clone(&next),
            Arc::clone(&listeners),
            Arc::clone(&harm),
        ));
        tokio::spawn(answers(from_server, to_client, harm));
    }
}

/// Passes requests on; the script that meets the harm marks its connection.
async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    next: Next,
    listeners: Listeners,
    harm: Met,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let request = &buffer[..length];
        let calls = |name: &[u8]| request.windows(name.len()).any(|word| word == name);
        if calls(b"SUBSCRIBE") {
            listeners.lock().unwrap().push(Arc::clone(&harm));
        }
        if calls(b"EVALSHA")
            && let Some(met) = next.lock().unwrap().take()
        {
            *harm.lock().unwrap() = Some(met);
        }
        if to.write_all(request).await.is_err() {
            return;
        }
    }
}

/// Passes answers on until there is harm to do.
async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, harm: Met) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let met = *harm.lock().unwrap();
        let answer = &buffer[..length];
        let passed = match met {
            None => to.write_all(answer).await.is_ok(),
            Some(Harm::Swallow) => true,
            Some(Harm::Cut(after)) => {
                let _ = to.write_all(&answer[..after.min(length)]).await;
                false
            }
        };
        if !passed {
            return; // both ends are dropped, and with them the connection
        }
    }
}
