//! Three small servers and a gateway before them, to try things on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::response::IntoResponse;
use service::serve::{Limits, serve};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// What `gateway demo` runs by, with the addresses of its servers to fill in.
const FILE: &str = include_str!("demo/gateway.toml");

/// Starts the servers, and returns a configuration for a gateway before them.
pub async fn start() -> std::io::Result<String> {
    let mut file = FILE.to_owned();
    for number in 1..=3 {
        let address = shop(number).await?;
        file = file.replace(&format!("SERVER_{number}"), &address.to_string());
    }
    Ok(file)
}

/// What to try, as lines for a shell.
pub fn lines(gateway: SocketAddr, page: SocketAddr) -> String {
    format!(
        "The live page:  http://{page}/

Balancing:      for i in 1 2 3 4 5 6; do curl -s http://{gateway}/tea; done
A cache:        curl -si http://{gateway}/menu; curl -si http://{gateway}/menu
A limit:        for i in $(seq 15); do curl -so /dev/null -w '%{{http_code}} ' http://{gateway}/limited; done
A breaker:      curl -s http://{gateway}/2/sick; for i in $(seq 30); do curl -s http://{gateway}/tea; done
and well again: curl -s http://{gateway}/2/well
Strictness:     printf 'POST / HTTP/1.1\\r\\nhost: a\\r\\ncontent-length: 4\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n' | nc {} {}

Ctrl-C ends it.
",
        gateway.ip(),
        gateway.port()
    )
}

async fn shop(number: u64) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let is_sick = Arc::new(AtomicBool::new(false));
    let shop = Router::new().fallback(move |path: Uri| sell(number, Arc::clone(&is_sick), path));
    let never = CancellationToken::new();
    tokio::spawn(serve(listener, shop, Limits::STANDARD, never));
    Ok(address)
}

/// It can be told to fail.
async fn sell(
    number: u64,
    is_sick: Arc<AtomicBool>,
    path: Uri,
) -> Result<impl IntoResponse, StatusCode> {
    sleep(Duration::from_millis(10 * number)).await;
    match path.path().rsplit('/').next() {
        Some("sick") => is_sick.store(true, Relaxed),
        Some("well") => is_sick.store(false, Relaxed),
        _ if is_sick.load(Relaxed) => return Err(StatusCode::SERVICE_UNAVAILABLE),
        _ => {}
    }
    let control = "max-age=10, stale-while-revalidate=10";
    let text = format!("shop {number} sells {}\n", path.path());
    Ok(([(header::CACHE_CONTROL, control)], text))
}
