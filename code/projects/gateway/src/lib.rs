//! An API gateway: it stands before several servers, and refuses what nginx refuses.
//!
//! ```text
//!             one thread a core                                         shared by all
//!  client ──► edge ──► connection ──► strict ──► hyper ──► journey ──► gateway (ArcSwap)
//!                       h1 or h2       head,                  │          routes, upstreams,
//!                                      chunks                 ▼          cache, metrics
//!              route ─► rate ─► tokens ─► at once ─► cache ─► forward
//!                                                             │  retry, balance, breaker
//!                                                             ▼
//!                                                            pool ──► server
//! ```
//!
//! - [`edge`] accepts, on a listener and a runtime for each core; [`connection`] speaks HTTP.
//! - [`strict`] shows hyper only what [`head`] and [`chunks`] have checked.
//! - [`journey`] is the order of the layers; [`target`], [`route`], [`limits`], [`shared`],
//!   [`tokens`], [`cache`], [`headers`], [`json`] and [`compress`] are the layers.
//! - [`forward`] finds a server that answers: [`upstream`] knows them, [`balance`] chooses,
//!   [`pool`] keeps the connections, [`health`] asks them, [`tunnel`] carries WebSockets.
//! - [`config`] is the file, [`check`] what is wrong with it, [`gateway`] what it says; [`running`]
//!   starts, reloads and stops.
//! - [`admin`] is for those who run it, and [`demo`] for those who try it.

pub mod admin;
pub mod answers;
pub mod balance;
pub mod body;
pub mod cache;
pub mod check;
pub mod chunks;
pub mod compress;
pub mod config;
pub mod connection;
pub mod demo;
pub mod edge;
pub mod forward;
pub mod gateway;
pub mod head;
pub mod headers;
pub mod health;
pub mod journey;
pub mod json;
pub mod limits;
pub mod metrics;
pub mod pool;
pub mod route;
pub mod running;
pub mod shared;
pub mod strict;
pub mod target;
pub mod tls;
pub mod tokens;
pub mod tunnel;
pub mod upstream;

mod watch;

use std::future::pending;
use std::path::PathBuf;

use service::guard::Guard;
use service::options::Edge;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::running::Running;

/// Starts a gateway, and listens for those who want its live page. Fails if an address can't be
/// had, or a file that the configuration names can't be read.
pub async fn start(config: &Config, edge: &Edge) -> anyhow::Result<(Running, TcpListener)> {
    let (pages, running) = (edge.bind().await?, Running::start(config)?);
    tracing::info!(gateway = %running.address, page = %pages.local_addr()?, "listening");
    Ok((running, pages))
}

/// Runs a gateway, and its live page behind `edge`, until `stop`. If the configuration is in a
/// file, a change of it or SIGHUP reloads it.
pub async fn serve(
    running: Running,
    pages: TcpListener,
    file: Option<PathBuf>,
    edge: &Edge,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let router = admin::router(&running.shared, &Guard::new(edge));
    let pages = service::serve::serve(pages, router, edge.limits(), stop.clone());
    let pages = tokio::spawn(pages);
    let watched = async {
        match file {
            Some(file) => watch::reload_on_change(&running, &file).await,
            None => pending().await,
        }
    };
    let watched = stop.run_until_cancelled(watched).await;
    running.stop().await;
    pages.await?;
    watched.transpose()?;
    Ok(())
}
