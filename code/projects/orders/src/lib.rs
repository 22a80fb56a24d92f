//! An order service that survives a crash after any step.
//!
//! ```text
//!            commands                                     questions
//!               │                                             ▲
//!   http ──► command: load, decide, append              views::questions
//!               │            ▲                                │
//!               ▼            │                                │
//!          store: the log ───┼───────► views: rows and place in one commit
//!               │            │
//!               ▼            │
//!          bus: relay ──► saga: what is next? ──► world: bank, carrier, mail
//! ```
//!
//! What happened is appended to the log in one commit, and everything else follows from it and
//! can be repeated: [`views`] fold the log into tables, the relay of [`bus`] tells other services,
//! and the [`saga`] of each order finds out from its events what is to be done next. The process
//! may end after any step: each follower continues where its last commit left it, and whatever it
//! then does a second time is known by its id on the other side. [`crash`] marks the steps, and
//! the tests end the process at each of them; [`audit()`] compares all books afterwards.
//!
//! [`database`] is files or PostgreSQL, [`store`] the event store, [`shop`] the whole; many
//! machines share their work by [`lease`].

pub mod audit;
pub mod bus;
pub mod clock;
pub mod command;
pub mod consumers;
pub mod crash;
pub mod database;
pub mod demo;
pub mod event;
pub mod http;
pub mod lease;
mod numbers;
pub mod options;
pub mod order;
pub mod parked;
pub mod saga;
pub mod shop;
pub mod status;
pub mod stock;
pub mod store;
pub mod views;
pub mod world;

use anyhow::{Context, Result, ensure};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use options::{Action, Options};
use shop::Shop;

/// Serves until `stop`, or until what the action asks for is done.
///
/// # Errors
///
/// If the files can't be opened, a task panics again and again, or the audit finds a fault.
pub async fn serve(
    listener: TcpListener,
    options: &Options,
    stop: CancellationToken,
) -> Result<()> {
    let shop = Shop::open(&options.settings()?).await;
    let shop = shop.context("cannot open the databases")?;
    let router = http::router(shop.clone(), &options.edge, stop.clone());
    info!("listening on http://{}", listener.local_addr()?);
    let serving = service::serve::serve(listener, router, options.edge.limits(), stop.clone());
    let work = async {
        match &options.action {
            Some(action) => act(&shop, action).await,
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        () = serving => Ok(()),
        ended = shop.run() => Ok(ended?),
        done = work => done,
    };
    let folded = options.settings()?.home.fold().await;
    ended.and(folded.context("the databases are whole only with their logs"))
}

async fn act(shop: &Shop, action: &Action) -> Result<()> {
    if let Action::Demo(play) = action {
        demo::play(shop, play).await?;
    }
    shop.settled().await?;
    let report = audit::audit(shop).await?;
    let faults = report.faults.join("; ");
    ensure!(faults.is_empty(), "the audit finds: {faults}");
    println!(
        "{} orders shipped, {} canceled, {} cents taken, no fault",
        report.shipped, report.canceled, report.taken
    );
    Ok(())
}
