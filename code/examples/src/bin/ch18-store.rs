//! The store of chapter 18, on a port of its own, until Ctrl-C.
//!
//! Run it: `cargo run -p examples --bin ch18-store`, then speak to it with `nc 127.0.0.1 4018`:
//! `SET name Ann`, `GET name`.

use std::io;
use std::time::Duration;

use examples::store::{Limits, serve};
use tokio::net::TcpListener;
use tokio::signal;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const LIMITS: Limits = Limits {
    connections: 8_000,
    line_bytes: 1_024,
    buffer_bytes: 1_024,
    idle: Duration::from_secs(600),
    line: Duration::from_secs(5),
    write: Duration::from_secs(10),
};

// ANCHOR: main
#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:4018").await?;
    println!("listening on {}", listener.local_addr()?);

    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, LIMITS, stop.clone()));
    signal::ctrl_c().await?;
    stop.cancel();
    match timeout(Duration::from_secs(10), server).await {
        Ok(ended) => ended.map_err(io::Error::other),
        Err(_) => Err(io::Error::other("clients are still busy after 10 s")),
    }
}
// ANCHOR_END: main
