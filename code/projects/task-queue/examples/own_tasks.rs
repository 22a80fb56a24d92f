//! A queue with a task of its own: `cargo run -p task-queue --example own_tasks`, then
//! `taskq enqueue count_words '{"text": "to be or not to be"}' --wait`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use task_queue::broker::sqlite::{SqliteBroker, Sync};
use task_queue::config::Config;
use task_queue::handler::{Context, Handler, HandlerError, Registry};
use task_queue::server;

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

fn main() -> ExitCode {
    let config = Config::parse();
    service::run(async |stop| run(&config, stop).await)
}

async fn run(config: &Config, stop: CancellationToken) -> Result<()> {
    config.edge.begin()?;
    let tasks = Registry::new().with("count_words", Handler::new(count_words))?;
    let path = Path::new("own_tasks.db");
    let store = SqliteBroker::open(path, Sync::Full, config.store_options()).await?;
    let listener = config.edge.bind().await?;
    server::serve(listener, store, tasks, config, stop).await?;
    Ok(())
}
