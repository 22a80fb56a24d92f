//! Three small servers and a gateway before them, to try things on.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// What `gateway demo` runs by, with the addresses of its servers to fill in.
const FILE: &str = include_str!("demo/gateway.toml");

/// A server that can be told to fail.
struct Shop {
    number: usize,
    is_sick: AtomicBool,
}

/// Starts the servers, and returns a configuration for a gateway before them.
///
/// # Errors
///
/// If no port is free.
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

async fn shop(number: usize) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let is_sick = AtomicBool::new(false);
    let shop = Arc::new(Shop { number, is_sick });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let shop = Arc::clone(&shop);
            let sell = service_fn(move |request| sell(Arc::clone(&shop), request));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), sell));
        }
    });
    Ok(address)
}

async fn sell(
    shop: Arc<Shop>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    sleep(Duration::from_millis(10 * shop.number as u64)).await;
    match path.rsplit('/').next() {
        Some("sick") => shop.is_sick.store(true, Relaxed),
        Some("well") => shop.is_sick.store(false, Relaxed),
        _ if shop.is_sick.load(Relaxed) => {
            let mut answer = Response::new(Full::default());
            *answer.status_mut() = hyper::StatusCode::SERVICE_UNAVAILABLE;
            return Ok(answer);
        }
        _ => {}
    }
    let text = format!("shop {} sells {path}\n", shop.number);
    let mut answer = Response::new(Full::from(text));
    let control = hyper::header::HeaderValue::from_static("max-age=10, stale-while-revalidate=10");
    answer.headers_mut().insert("cache-control", control);
    Ok(answer)
}
