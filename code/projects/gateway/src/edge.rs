//! Where clients come in: a thread a core, each with a runtime, a listener and a pool of its own.
//!
//! The kernel hands each new connection to one of the listeners (`SO_REUSEPORT`), and all that it
//! causes stays on that thread: no task moves, no lock waits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::connection::{Shared, serve};
use crate::forward::Client;
use crate::pool::Pool;

/// Connections that the kernel holds for us.
const BACKLOG: u32 = 4096;

/// How long we wait when no file can be opened. The listener must outlive that.
const PAUSE: Duration = Duration::from_millis(50);

/// The workers.
pub struct Edge {
    /// Where they listen.
    pub address: SocketAddr,
    threads: Vec<JoinHandle<()>>,
}

impl Edge {
    /// Starts so many workers. 0: one a core.
    pub fn start(shared: &Arc<Shared>, listen: SocketAddr, workers: usize) -> io::Result<Edge> {
        let workers = match workers {
            0 => thread::available_parallelism()?.get(),
            workers => workers,
        };
        // Sockets that share a port take turns, those of another process too: half of the clients
        // would go by its file.
        drop(std::net::TcpListener::bind(listen)?);
        // The first one finds the port, if that is 0.
        let first = socket(listen)?;
        let address = first.local_addr()?;
        let mut sockets = vec![first];
        for _ in 1..workers {
            sockets.push(socket(address)?);
        }
        let start = |socket| {
            let shared = Arc::clone(shared);
            let mut runtime = runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build()?;
            let work = move || runtime.block_on(accept(shared, socket));
            thread::Builder::new()
                .name("gateway".to_owned())
                .spawn(work)
        };
        let threads = sockets.into_iter().map(start).collect::<io::Result<_>>()?;
        Ok(Edge { address, threads })
    }

    /// Waits until all workers have ended, which they do after `stop`.
    pub async fn ended(self) {
        let threads = self.threads.into_iter();
        let join = move || threads.for_each(|thread| drop(thread.join()));
        let _ = tokio::task::spawn_blocking(join).await;
    }
}

/// Listens at once: a socket that is bound and doesn't listen would take no connections, but a
/// client that comes before the last worker has started finds the first.
fn socket(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

// ANCHOR: accept
/// One worker.
async fn accept(shared: Arc<Shared>, listener: std::net::TcpListener) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let (pool, connections) = (Arc::new(Pool::default()), TaskTracker::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, ulimit = service::file_limit(), "can't accept");
                sleep(PAUSE).await; // no file is free, say: others will close theirs
                continue;
            }
        };
        let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() else {
            shared.gateway.load().metrics.too_many.inc();
            continue; // dropped, and so closed
        };
        let (shared, pool) = (Arc::clone(&shared), Arc::clone(&pool));
        connections.spawn(async move {
            let abort = shared.abort.child_token(); // a lock of its own
            let connected = connected(shared, pool, stream, peer);
            abort.run_until_cancelled(connected).await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}
// ANCHOR_END: accept

async fn connected(shared: Arc<Shared>, pool: Arc<Pool>, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let client = |scheme| Client {
        address: peer.ip(),
        scheme,
        switch: Arc::default(),
        pool,
    };
    let Some(tls) = shared.tls.clone() else {
        return serve(shared, client("http"), stream).await;
    };
    let limit = shared.gateway.load().times.head;
    // A client that never shakes hands is a slow one, too.
    if let Ok(Ok(stream)) = timeout(limit, tls.accept(stream)).await {
        serve(shared, client("https"), stream).await;
    }
}
