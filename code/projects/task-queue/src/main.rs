//! `cargo run -p task-queue`: the queue with a store in a file, the demo handlers and the dashboard.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

use task_queue::broker::AnyBroker;
use task_queue::config::Config;
use task_queue::{demo, server, telemetry};

fn main() -> ExitCode {
    let config = Config::parse();
    server::raise_file_limit();
    let runtime = tokio::runtime::Runtime::new().expect("threads and a selector");
    let outcome = runtime.block_on(run(&config));
    // A blocking handler that did not stop when it was told to is not waited for.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: &Config) -> Result<()> {
    config.check()?;
    telemetry::init(config.log_format.into(), &config.log)?;
    let broker = AnyBroker::open(&config.store, config.store_options())
        .await
        .with_context(|| format!("cannot open {}", shown(&config.store)))?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let shutdown = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        stop.cancel();
    });
    let address = listener.local_addr()?;
    info!(
        store = shown(&config.store),
        "dashboard at http://{address}/"
    );
    server::serve(listener, broker, demo::registry()?, config, shutdown).await?;
    Ok(())
}

/// A store's address without its password.
fn shown(store: &str) -> String {
    match (store.split_once("://"), store.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => store.to_owned(),
    }
}
