//! A gateway that runs: started, given another file, stopped.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use arc_swap::ArcSwap;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
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
    edge: Option<Edge>,
    /// Ends the checks of the servers.
    checks: Mutex<CancellationToken>,
}

impl Running {
    /// Starts it. The checks of servers run on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// If its address can't be had, or a file that it names can't be read.
    pub fn start(config: &Config) -> anyhow::Result<Running> {
        let shared = Arc::new(Shared {
            gateway: ArcSwap::from_pointee(Gateway::new(config, None)?),
            places: Arc::new(Semaphore::new(config.connections)),
            tls: config.tls.as_ref().map(tls::acceptor).transpose()?,
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
        });
        let edge = Edge::start(&shared, config.listen, config.workers)
            .with_context(|| format!("cannot listen on {}", config.listen))?;
        let checks = Mutex::new(watch(&shared));
        let (address, edge) = (edge.address, Some(edge));
        Ok(Running {
            address,
            shared,
            edge,
            checks,
        })
    }

    // ANCHOR: reload
    /// Requests that come from now on go by this file; those under way end as they began.
    /// Addresses, workers, TLS and the number of connections change with a restart.
    ///
    /// # Errors
    ///
    /// If a file that it names can't be read: then all stays as it is.
    pub fn reload(&self, config: &Config) -> anyhow::Result<()> {
        let before = self.shared.gateway.load_full();
        let gateway = Gateway::new(config, Some(&before))?;
        for upstream in &gateway.upstreams {
            upstream.rule();
        }
        self.shared.gateway.store(Arc::new(gateway));
        let mut checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *checks, watch(&self.shared)).cancel();
        info!(routes = config.route.len(), "reloaded");
        Ok(())
    }

    /// Accepts no more, lets what is under way end, and cuts it off after the drain time.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        let drain = self.shared.gateway.load().times.drain;
        let Some(edge) = self.edge.take() else {
            return;
        };
        let mut ended = Box::pin(edge.ended());
        if timeout(drain, ended.as_mut()).await.is_err() {
            info!("some requests did not end in time");
            self.shared.abort.cancel();
            ended.await;
        }
    }
    // ANCHOR_END: reload
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        self.shared.abort.cancel();
        self.checks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cancel();
    }
}

fn watch(shared: &Shared) -> CancellationToken {
    let checks = CancellationToken::new();
    for upstream in &shared.gateway.load().upstreams {
        health::watch(upstream, &checks);
    }
    checks
}
