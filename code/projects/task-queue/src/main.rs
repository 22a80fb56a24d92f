//! `cargo run -p task-queue`: the queue with a store in a file, the demo handlers and the dashboard.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use task_queue::broker::redis::RedisBroker;
use task_queue::broker::sqlite::SqliteBroker;
use task_queue::broker::{Broker, StoreUrl};
use task_queue::config::Config;
use task_queue::error::BrokerError;
use task_queue::{demo, server};

fn main() -> ExitCode {
    let config = Config::parse();
    service::run(async |stop| run(&config, stop).await)
}

async fn run(config: &Config, stop: CancellationToken) -> Result<()> {
    config.edge.begin()?;
    let listener = config.edge.bind().await?;
    let options = config.store_options();
    match &config.store {
        StoreUrl::Sqlite { path, sync } => {
            let broker = SqliteBroker::open(path, *sync, options).await;
            serve(listener, broker, config, stop).await
        }
        StoreUrl::Redis { url, namespace } => {
            let broker = RedisBroker::connect(url, namespace, options).await;
            serve(listener, broker, config, stop).await
        }
    }
}

async fn serve<B: Broker>(
    listener: TcpListener,
    broker: Result<B, BrokerError>,
    config: &Config,
    stop: CancellationToken,
) -> Result<()> {
    let broker = broker.with_context(|| format!("cannot open {}", config.store))?;
    let (address, registry) = (listener.local_addr()?, demo::registry()?);
    info!(store = %config.store, "dashboard at http://{address}/");
    server::serve(listener, broker, registry, config, stop).await?;
    Ok(())
}
