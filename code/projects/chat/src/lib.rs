//! A chat platform in which nothing unseen is lost.
//!
//! ```text
//!  browser, `chat cli`, `chat load`
//!      │ WebSocket                    │ HTTP
//!      ▼                              ▼
//!  connection: reads and writes     http: page, sessions, rooms, history
//!      │ desk: what is asked          │
//!      ▼                              │
//!  hub ──► room (one task each) ◄──► bus ◄──► rooms of other servers
//!      ▲     │  │ append, then show   │
//!      │     │  ▼                     ▼
//!  outbox ◄──┘ store: SQLite, or PostgreSQL
//! ```
//!
//! - A line is on disk before it is shown. Each room numbers its lines without a hole, so a client
//!   knows what it has, asks for what follows, and sends again what wasn't acknowledged: [`wire`].
//! - A [`room`] never waits: not for the disk, not for a client, not for another server.
//! - An [`outbox`] is bounded. A client that doesn't read loses its connection and no line.
//! - Who is here is a matter of leases: [`room::presence`].
//! - Servers tell each other hints, which may get lost: [`bus`]. The truth is in the [`store`].

use anyhow::{Context, Result};
use service::guard::Guard;
use service::options::Edge;
use service::{health, metrics as numbers};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::name::Name;
use crate::options::Options;
use crate::session::Keys;

pub mod bus;
pub mod cli;
pub mod client;
pub mod connection;
pub mod desk;
pub mod http;
pub mod hub;
pub mod load;
pub mod metrics;
pub mod name;
pub mod options;
pub mod outbox;
pub mod room;
pub mod session;
pub mod store;
pub mod wire;

/// The room that is there from the start.
pub const LOBBY: &str = "lobby";

/// Serves until `stop`, then tells each client, waits until the last line is kept, and closes
/// the store.
///
/// # Errors
///
/// The store can't be opened, or the bus not be reached, at the start.
pub async fn serve(listener: TcpListener, options: Options, stop: CancellationToken) -> Result<()> {
    let store = store::open(&options.db).await.context("--db")?;
    let lobby = Name::try_from(LOBBY).expect("a name");
    store.create_room(lobby, None, false).await?;
    let bus = match &options.bus {
        None => bus::alone(),
        Some(url) => bus::redis::join(url, stop.clone()).await?,
    };
    let keys = Keys::new(&store.secret().await?, options.session);
    let (metrics, registry) = Metrics::new();
    let hub = Hub::new(store.clone(), bus, metrics);
    let app = http::App::new(hub.clone(), keys, stop.clone());

    let ready = move || {
        let store = store.clone();
        async move { store.check().await.map_err(|error| error.to_string()) }
    };
    let operator = app.clone().operator_routes();
    let operator = operator.merge(numbers::routes(registry, async || {}));
    let public = health::routes(stop.clone(), ready);
    let connections = app.connections.clone();
    let pages = own_pages_only(&options.edge).around(app.routes(), public);
    let router = Guard::new(&options.edge).around(operator, pages);

    tracing::info!("open http://{}/ in two tabs", listener.local_addr()?);
    service::serve::serve(listener, router, options.edge.limits(), stop).await;
    connections.close();
    let ended = async {
        connections.wait().await;
        hub.ended().await;
    };
    if timeout(options.edge.drain, ended).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    spawn_blocking(move || drop(hub)).await?;
    Ok(())
}

/// People have sessions and no operator's token; what a browser sends must come from our own page.
fn own_pages_only(edge: &Edge) -> Guard {
    let mut edge = edge.clone();
    edge.token = None;
    Guard::new(&edge)
}
