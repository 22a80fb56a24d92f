//! What the client makes of answers, and of the environment that it runs in.

use std::process::Command;
use std::time::Duration;

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use service::client::{Client, ClientError};
use service::problem::Problem;
use service::serve::{Limits, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(30);

async fn start() -> String {
    let full = async || {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Problem::new(status, "full", "there are 10").retry_after(1)
    };
    let router = Router::new()
        .route(
            "/double",
            post(async |Json(number): Json<u32>| Json(2 * number)),
        )
        .route("/full", get(full))
        .route("/odd", get(async || (StatusCode::BAD_GATEWAY, "<html>")));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = serve(listener, router, Limits::STANDARD, CancellationToken::new());
    tokio::spawn(served);
    format!("http://{address}/")
}

fn client(url: &str) -> Result<Client, ClientError> {
    Client::new(url, Some("secret".to_owned()), PATIENCE)
}

#[tokio::test]
async fn answers_are_read_and_refusals_say_whether_to_come_again() {
    let client = client(&start().await).unwrap();
    let doubled: u32 = client.post("/double", &21).await.unwrap();
    assert_eq!(doubled, 42);
    for (path, expected) in [
        ("/full", ("full", true)),
        ("/odd", ("502", false)),
        ("/none", ("404", false)),
    ] {
        match client.get::<u32>(path).await.unwrap_err() {
            ClientError::Refused { code, retry, .. } => {
                assert_eq!((code.as_str(), retry), expected)
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url).unwrap().get::<u32>("/").await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
}

#[test]
fn what_is_no_address_is_refused_before_anything_is_sent() {
    for url in ["", "localhost:7070", "https://127.0.0.1", "http://"] {
        let error = client(url).unwrap_err();
        assert!(
            matches!(error, ClientError::Address { .. }),
            "{url}: {error}"
        );
    }
}

/// A test where the environment names a proxy at which nothing listens. The environment belongs to
/// the whole process, so it runs in one of its own.
fn behind_a_proxy(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test])
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("http_proxy", "http://127.0.0.1:9");
    command
}

#[track_caller]
fn passes(mut command: Command) {
    let child = command.output().unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}");
    assert!(output.contains("1 passed"), "{output}");
}

#[test]
fn a_proxy_of_the_environment_is_not_asked_for_loopback() {
    let test = "client::answers_are_read_and_refusals_say_whether_to_come_again";
    let mut command = behind_a_proxy(test);
    command.env_remove("NO_PROXY").env_remove("no_proxy");
    passes(command);
}

#[tokio::test]
async fn a_client_without_settings_reaches_this_machine() {
    let answer = reqwest::get(start().await + "odd").await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
}

/// `.cargo/config.toml` sees to that, so that a proxy fails neither the tests nor the programs of
/// the book.
#[test]
fn a_proxy_of_the_environment_is_not_asked_by_what_cargo_runs() {
    passes(behind_a_proxy(
        "client::a_client_without_settings_reaches_this_machine",
    ));
}
