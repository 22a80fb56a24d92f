//! A server in this process, on a port of its own, and requests by hand.

use clap::Parser;
use serde_json::Value;
use task_queue::broker::Options;
use task_queue::broker::sqlite::{SqliteBroker, Sync};
use task_queue::client::Client;
use task_queue::config::Config;
use task_queue::{demo, server};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A server in this process, on a port of its own.
pub struct Running {
    pub address: String,
    pub shutdown: CancellationToken,
    pub served: JoinHandle<()>,
    _folder: TempDir,
}

pub async fn start(options: &[&str]) -> Running {
    service::raise_file_limit();
    let folder = tempfile::tempdir().unwrap();
    let config = Config::parse_from([&["task-queue"], options].concat());
    let limits = Options {
        max_depth: 5,
        ..config.store_options()
    };
    let path = folder.path().join("queue.db");
    let broker = SqliteBroker::open(&path, Sync::Normal, limits)
        .await
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let served = tokio::spawn(async move {
        let registry = demo::registry().unwrap();
        server::serve(listener, broker, registry, &config, stop)
            .await
            .unwrap();
    });
    Running {
        address,
        shutdown,
        served,
        _folder: folder,
    }
}

impl Running {
    pub fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.address), None).unwrap()
    }

    /// One request by hand: its status and body.
    pub async fn ask(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    pub fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        let request = reqwest::Client::new().post(url).body(body);
        request.header("content-type", "application/json")
    }

    pub fn get(&self, path: &str) -> reqwest::RequestBuilder {
        reqwest::Client::new().get(format!("http://{}{path}", self.address))
    }
}
