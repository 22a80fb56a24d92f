//! What stands between a program and a server, and does harm on command.

use std::convert::Infallible;
use std::future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::time;

/// What happens to answers. Requests are passed on, and executed, whatever happens to their answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Each piece of an answer comes so much later.
    Delay(Duration),
    /// Nothing comes back anymore, and the connection stays open.
    Swallow,
    /// The connection is closed after so many bytes of answers, from now on.
    Close(usize),
    /// The connection is reset after so many bytes of answers, from now on.
    Reset(usize),
}

/// Where requests go.
#[derive(Clone, Debug)]
pub enum Target {
    /// A port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// A proxy on a port of its own in front of a server; it ends with the runtime that it was started on.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// What connections that are yet to come meet.
    all: Option<Fault>,
    /// Whether connections are hung up on at once.
    refuses: bool,
    /// What the next connection meets that sends these bytes.
    next: Option<(Vec<u8>, Fault)>,
    connections: Vec<Connection>,
}

/// One connection: what it has sent that a test may ask for, and what it meets.
struct Connection {
    /// The beginning of what it has sent.
    sent: Vec<u8>,
    fault: watch::Sender<Option<Fault>>,
}

/// How much is kept of what a connection has sent.
const KEPT: usize = 16 * 1024;

impl Proxy {
    /// Starts it in front of `target`.
    pub async fn start(target: Target) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port of loopback");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Mutex::new(Shared::default()));
        tokio::spawn(accept(listener, target, Arc::clone(&shared)));
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does this to the answers on all connections, those that are open and those to come.
    pub fn harm(&self, fault: Fault) {
        self.set(Some(fault));
    }

    /// Does no more harm, to those connections that can still be used.
    pub fn heal(&self) {
        self.set(None);
        lock(&self.shared).refuses = false;
    }

    /// Hangs up on new connections at once.
    pub fn refuse(&self) {
        lock(&self.shared).refuses = true;
    }

    /// Does this to the next connection that sends `part`, from the answer to that on.
    pub fn harm_next(&self, part: &str, fault: Fault) {
        lock(&self.shared).next = Some((part.into(), fault));
    }

    /// Whether what [`harm_next`](Self::harm_next) asked for has begun.
    pub fn has_harmed(&self) -> bool {
        lock(&self.shared).next.is_none()
    }

    /// Does this to the connections that have sent `part` among their first 16 KiB.
    pub fn harm_those_that_sent(&self, part: &str, fault: Fault) {
        for connection in &lock(&self.shared).connections {
            if contains(&connection.sent, part.as_bytes()) {
                connection.fault.send_replace(Some(fault));
            }
        }
    }

    /// How many connections there have been that sent `part` among their first 16 KiB; with an
    /// empty text, all.
    pub fn connections(&self, part: &str) -> usize {
        let shared = lock(&self.shared);
        let connections = shared.connections.iter();
        connections
            .filter(|connection| contains(&connection.sent, part.as_bytes()))
            .count()
    }

    fn set(&self, fault: Option<Fault>) {
        let mut shared = lock(&self.shared);
        shared.all = fault;
        for connection in &shared.connections {
            connection.fault.send_replace(fault);
        }
    }
}

async fn accept(listener: TcpListener, target: Target, shared: Arc<Mutex<Shared>>) {
    while let Ok((client, _)) = listener.accept().await {
        if lock(&shared).refuses {
            continue;
        }
        let shared = Arc::clone(&shared);
        match &target {
            Target::Tcp(address) => match TcpStream::connect(address).await {
                Ok(server) => tokio::spawn(pass(client, server, shared)),
                Err(_) => continue, // hung up on, as if the server itself were away
            },
            Target::Unix(path) => match UnixStream::connect(path).await {
                Ok(server) => tokio::spawn(pass(client, server, shared)),
                Err(_) => continue,
            },
        };
    }
}

/// Serves one connection to its end.
async fn pass<S>(client: TcpStream, server: S, shared: Arc<Mutex<Shared>>)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (number, fault) = {
        let mut shared = lock(&shared);
        let (sender, fault) = watch::channel(shared.all);
        shared.connections.push(Connection {
            sent: Vec::new(),
            fault: sender,
        });
        (shared.connections.len() - 1, fault)
    };
    let (from_server, to_server) = tokio::io::split(server);
    let (from_client, to_client) = client.into_split();
    // The end of answers is the end; that of requests is not.
    tokio::select! {
        () = answers(from_server, to_client, fault) => {}
        never = async {
            requests(from_client, to_server, number, &shared).await;
            future::pending::<Infallible>().await
        } => match never {},
    }
}

/// Passes requests on, and marks the connection that is to meet harm.
async fn requests(
    mut from: OwnedReadHalf,
    mut to: impl AsyncWrite + Unpin,
    number: usize,
    shared: &Mutex<Shared>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        note(&buffer[..length], number, &mut lock(shared));
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

fn note(request: &[u8], number: usize, shared: &mut Shared) {
    let meets = shared.next.take_if(|(part, _)| contains(request, part));
    let connection = &mut shared.connections[number];
    if let Some((_, fault)) = meets {
        connection.fault.send_replace(Some(fault));
    }
    let kept = request.len().min(KEPT - connection.sent.len());
    connection.sent.extend_from_slice(&request[..kept]);
}

/// Passes answers on, as far as there is no harm to do.
async fn answers(
    mut from: impl AsyncRead + Unpin,
    mut to: OwnedWriteHalf,
    mut fault: watch::Receiver<Option<Fault>>,
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut passed = 0;
    while let Ok(length) = from.read(&mut buffer).await {
        let changed = fault.has_changed().unwrap_or(false);
        passed = if changed { 0 } else { passed };
        let met = *fault.borrow_and_update();
        if length == 0 {
            if met == Some(Fault::Swallow) {
                future::pending::<()>().await;
            }
            break;
        }
        let most = match met {
            None => length,
            Some(Fault::Delay(delay)) => {
                time::sleep(delay).await;
                length
            }
            Some(Fault::Swallow) => 0,
            Some(Fault::Close(most) | Fault::Reset(most)) => length.min(most - passed),
        };
        if to.write_all(&buffer[..most]).await.is_err() {
            break;
        }
        passed += most;
        match met {
            Some(Fault::Close(most)) if passed == most => break,
            Some(Fault::Reset(most)) if passed == most => {
                // Without time to linger, a close is a reset; this half would say goodbye first.
                let _ = to.as_ref().set_zero_linger();
                to.forget();
                return;
            }
            _ => {}
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
