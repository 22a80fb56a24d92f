//! A whole server on this package: `cargo run -p service`, then
//! `curl 127.0.0.1:7099/` and `curl 127.0.0.1:7099/readyz`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use clap::Parser;
use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::info;

use service::guard::Guard;
use service::metrics::Registry;
use service::options::{self, Edge};
use service::problem;
use service::serve::serve;
use service::{body, health, metrics};

/// Greets.
#[derive(Parser)]
#[command(name = "greet", mut_args(options::variables("GREET")))]
#[command(mut_arg("listen", |listen| listen.default_value("127.0.0.1:7099")))]
struct Config {
    #[command(flatten)]
    edge: Edge,
}

fn main() -> ExitCode {
    let config = Config::parse();
    service::run(async |stop| greet(config.edge, stop).await)
}

async fn greet(edge: Edge, stop: CancellationToken) -> Result<()> {
    edge.begin()?;
    let listener = edge.bind().await?;
    info!("greeting at http://{}/", listener.local_addr()?);
    let router = router(&edge, stop.clone());
    serve(listener, router, edge.limits(), stop).await;
    Ok(())
}

fn router(edge: &Edge, stop: CancellationToken) -> Router {
    let greetings = Router::new()
        .route("/", get(async || "hello\n"))
        .route("/slow", get(slow));
    let registry = Arc::new(Registry::with_prefix("greet"));
    let operated =
        health::routes(stop, async || Ok(())).merge(metrics::routes(registry, async || {}));
    Guard::new(edge)
        .around(greetings, operated)
        .fallback(problem::no_address)
        .method_not_allowed_fallback(problem::no_method)
        .layer(body::limit(edge.max_body as usize))
}

async fn slow() -> &'static str {
    time::sleep(Duration::from_secs(1)).await;
    "hello, at last\n"
}
