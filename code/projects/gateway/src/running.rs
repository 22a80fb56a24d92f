//! A gateway that runs: started, given another file, stopped.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use service::options::listening;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::info;

use crate::config::Config;
use crate::connection::Shared;
use crate::edge::Edge;
use crate::gateway::Gateway;
use crate::{health, tls};

/// A gateway that runs. Dropped, it stops without waiting.
pub struct Running {
    /// Where clients connect.
    pub address: SocketAddr,
    /// What its workers share.
    pub shared: Arc<Shared>,
    edge: Edge,
    /// Ends the checks of the servers.
    checks: Mutex<DropGuard>,
    _ends: [DropGuard; 2],
}

impl Running {
    /// Starts it. Fails if its address can't be had, or a file that it names can't be read.
    /// The checks of servers run on the runtime that this is called on.
    pub fn start(config: &Config) -> anyhow::Result<Running> {
        let shared = Arc::new(Shared {
            gateway: ArcSwap::from_pointee(Gateway::new(config, None)?),
            places: Arc::new(Semaphore::new(config.connections)),
            tls: config.tls.as_ref().map(tls::acceptor).transpose()?,
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
        });
        let edge = Edge::start(&shared, config.listen, config.workers);
        let edge = listening(edge, config.listen, "give another `listen` in the file")?;
        Ok(Running {
            address: edge.address,
            checks: Mutex::new(watch(&shared)),
            _ends: [&shared.stop, &shared.abort].map(|end| end.clone().drop_guard()),
            shared,
            edge,
        })
    }

    /// Requests that come from now on go by this file; those under way end as they began.
    /// Addresses, workers, TLS and the number of connections change with a restart.
    /// If a file that it names can't be read, all stays as it is.
    pub fn reload(&self, config: &Config) -> anyhow::Result<()> {
        let before = self.shared.gateway.load_full();
        let gateway = Gateway::new(config, Some(&before))?;
        for upstream in &gateway.upstreams {
            upstream.rule();
        }
        self.shared.gateway.store(Arc::new(gateway));
        *self.checks.lock().unwrap_or_else(PoisonError::into_inner) = watch(&self.shared);
        info!(routes = config.route.len(), "reloaded");
        Ok(())
    }

    /// Accepts no more, lets what is under way end, and cuts it off after the drain time.
    pub async fn stop(self) {
        self.shared.stop.cancel();
        let drain = self.shared.gateway.load().times.drain;
        let mut ended = Box::pin(self.edge.ended());
        if timeout(drain, ended.as_mut()).await.is_err() {
            info!("some requests did not end in time");
            self.shared.abort.cancel();
            ended.await;
        }
    }
}

fn watch(shared: &Shared) -> DropGuard {
    let checks = CancellationToken::new();
    for upstream in &shared.gateway.load().upstreams {
        health::watch(upstream, &checks);
    }
    checks.drop_guard()
}
