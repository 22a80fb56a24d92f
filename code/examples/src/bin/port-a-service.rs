//! `port-a-service.py`, ported: shared state, a queue with three workers, a ticker, and an end
//! in order.
//!
//! Run it: `LISTEN=127.0.0.1:8080 WAREHOUSE=http://127.0.0.1:7071 GRACE=10
//! cargo run -p examples --bin port-a-service`, then `curl -X POST http://127.0.0.1:8080/orders/tea`.

// ANCHOR: main
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, io};

use anyhow::Context;
use async_channel::{Receiver, Sender};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{error, info, warn};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let setting = |name: &'static str| env::var(name).context(name);
    let listener = TcpListener::bind(setting("LISTEN")?).await?;
    let url = setting("WAREHOUSE")?;
    let grace = Duration::try_from_secs_f64(setting("GRACE")?.parse()?)?;

    let http = reqwest::Client::builder().timeout(LONGEST).build()?;
    let warehouse = Warehouse { http, url };
    let left = serve(listener, warehouse, grace).await?;
    if left > 0 {
        error!("{left} orders were not packed in time");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Serves until a signal, and says how many orders were still open after the grace.
async fn serve(
    listener: TcpListener,
    warehouse: Warehouse,
    grace: Duration,
) -> anyhow::Result<usize> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        told.cancel();
    });

    let (jobs, queue) = async_channel::bounded(ROOM);
    let crew = tokio::spawn(supervise(queue.clone(), warehouse));
    tokio::spawn(tick(jobs.clone()));

    let open = TaskTracker::new();
    let router = shop(jobs, open.clone());
    info!("listening on http://{}", listener.local_addr()?);
    let server =
        axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let server = tokio::spawn(server.into_future());

    stop.cancelled().await; // here the `yield` of a cleanup_ctx would stand
    let drained = async {
        server.await??; // requests that have begun may still place orders
        queue.close(); // no order comes in, and those inside may be taken out
        crew.await?;
        anyhow::Ok(())
    };
    match timeout(grace, drained).await {
        Ok(ended) => ended?,
        Err(_) => warn!("the grace is over"),
    }
    Ok(open.len())
}
// ANCHOR_END: main

// ANCHOR: handler
/// What `app[…]` kept. Each request gets a clone of its own, so each field is cheap to clone.
#[derive(Clone)]
struct App {
    stock: Arc<Mutex<HashMap<String, u32>>>,
    jobs: Sender<Job>,
    open: TaskTracker,
}

struct Job {
    item: String,
    /// As long as it lives, `open` counts the job.
    _open: TaskTrackerToken,
}

fn shop(jobs: Sender<Job>, open: TaskTracker) -> Router {
    let stock = HashMap::from([("tea".to_owned(), 1000), ("salt".to_owned(), 0)]);
    let stock = Arc::new(Mutex::new(stock));
    Router::new()
        .route("/orders/{item}", post(order))
        .with_state(App { stock, jobs, open })
}

async fn order(
    State(app): State<App>,
    Path(item): Path<String>,
) -> Result<(StatusCode, String), Refusal> {
    let mut stock = app.stock.lock().expect("no one panics with it");
    let in_stock = stock.get_mut(&item).ok_or(Refusal::Unknown)?;
    let left = in_stock.checked_sub(1).ok_or(Refusal::SoldOut)?;
    let _open = app.open.token();
    let placed = app.jobs.try_send(Job { item, _open });
    placed.map_err(|_| Refusal::Busy)?; // full, or closed
    *in_stock = left;
    Ok((StatusCode::ACCEPTED, format!("{left} left\n")))
}

/// Why an order isn't accepted: each variant is a status.
enum Refusal {
    Unknown,
    SoldOut,
    Busy,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Unknown => (StatusCode::NOT_FOUND, "no such item\n"),
            Refusal::SoldOut => (StatusCode::CONFLICT, "sold out\n"),
            Refusal::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many orders\n"),
        }
        .into_response()
    }
}
// ANCHOR_END: handler

// ANCHOR: crew
const WORKERS: usize = 3;
/// Orders that may wait: a minute's work for three workers at two seconds an order.
const ROOM: usize = 100;
/// The longest that the warehouse may take for an order.
const LONGEST: Duration = Duration::from_secs(30);

/// Keeps the workers at work, until the queue is closed and empty.
async fn supervise(queue: Receiver<Job>, warehouse: Warehouse) {
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(work(queue.clone(), warehouse.clone()));
    }
    while let Some(ended) = workers.join_next().await {
        if let Err(panic) = ended {
            error!("a worker is replaced: {panic}");
            workers.spawn(work(queue.clone(), warehouse.clone()));
        }
    }
}

async fn work(queue: Receiver<Job>, warehouse: Warehouse) {
    while let Ok(job) = queue.recv().await {
        match warehouse.pack(&job.item).await {
            Ok(parcel) => info!("packed {}: parcel {parcel}", job.item),
            Err(error) => error!("not packed: {}: {error:#}", job.item),
        }
    }
}

async fn tick(jobs: Sender<Job>) {
    let mut ticks = interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        info!("{} orders wait", jobs.len());
    }
}

/// A client of the warehouse; clones share its connections.
#[derive(Clone)]
struct Warehouse {
    http: reqwest::Client,
    url: String,
}

impl Warehouse {
    async fn pack(&self, item: &str) -> anyhow::Result<u32> {
        let url = format!("{}/{item}", self.url);
        let answer = self.http.post(url).send().await?.error_for_status()?;
        let parcel = answer.text().await?;
        // Our bug: what another program says is no reason to panic. `parse()?` is right.
        Ok(parcel.trim().parse().expect("a number"))
    }
}
// ANCHOR_END: crew

#[cfg(test)]
mod tests {
    use super::{ROOM, shop};
    use axum::body::Body;
    use axum::http::Request;
    use tokio_util::task::TaskTracker;
    use tower::ServiceExt;

    // ANCHOR: oneshot
    #[tokio::test]
    async fn each_refusal_has_its_status() {
        let (jobs, queue) = async_channel::bounded(ROOM);
        let shop = shop(jobs, TaskTracker::new());
        let status = async |item: &str| {
            let request = Request::post(format!("/orders/{item}")).body(Body::empty());
            let answer = shop.clone().oneshot(request.unwrap()).await.unwrap();
            answer.status().as_u16()
        };
        assert_eq!(status("milk").await, 404);
        assert_eq!(status("salt").await, 409);
        for _ in 0..ROOM {
            assert_eq!(status("tea").await, 202);
        }
        assert_eq!(status("tea").await, 503); // full
        assert_eq!(queue.len(), ROOM);
    }
    // ANCHOR_END: oneshot
}
