//! A queue with a task of its own: `cargo run -p task-queue --example own_tasks`, then
//! `taskq enqueue count_words '{"text": "to be or not to be"}' --wait`.

use anyhow::Result;
use clap::Parser;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use task_queue::broker::AnyBroker;
use task_queue::config::Config;
use task_queue::handler::{Context, Handler, HandlerError, Registry};
use task_queue::{server, telemetry};

#[derive(Deserialize)]
struct Text {
    text: String,
}

async fn count_words(_context: Context, input: Text) -> Result<usize, HandlerError> {
    match input.text.split_whitespace().count() {
        0 => Err(HandlerError::permanent("there is no word in it")),
        words => Ok(words),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let config = Config::parse();
    config.check()?;
    telemetry::init(config.log_format.into(), &config.log)?;
    let tasks = Registry::new().with("count_words", Handler::new(count_words))?;
    let store = AnyBroker::open(&config.store, config.store_options()).await?;
    let listener = TcpListener::bind(config.listen).await?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        stop.cancel();
    });
    server::serve(listener, store, tasks, &config, shutdown).await?;
    Ok(())
}
