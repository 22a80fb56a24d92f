//! Requests that are wrong, too large, too many, too slow or never come.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use clap::Parser;
use serde_json::json;
use task_queue::broker::JobState;
use task_queue::client::ClientError;
use task_queue::config::Config;
use task_queue::http::{self, App, JobRequest};
use task_queue::metrics::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::program::{END, Program, job, sqlite};
use crate::served::start;
use crate::stores::{Sqlite, Store};
use crate::support::OPTIONS;

/// Less than the server gives a client for the head of a request.
const SOON: Duration = Duration::from_secs(5);

/// Connections that send nothing.
async fn silent(program: &Program, number: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..number {
        streams.push(TcpStream::connect(&program.address()).await.unwrap());
    }
    streams
}

/// Waits until the server hangs up.
async fn hung_up(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset is a way to hang up, too.
    let _ = time::timeout(END, stream.read_to_end(&mut rest))
        .await
        .expect("the server hangs up");
}

async fn healthy(program: &Program) -> bool {
    let url = format!("http://{}/healthz", program.address());
    reqwest::get(url).await.unwrap().status() == 200
}

/// The program raises its limit of open files as far as it may: 256 are what it starts with.
/// 600 are fewer than 1,024, which may be all that the tests themselves can have.
#[tokio::test]
async fn six_hundred_connections_that_send_nothing_keep_nobody_out_and_are_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(folder.path());
    let program = Program::start_under("ulimit -Sn 256", &store, &["--no-worker"]);
    let mut silent = silent(&program, 600).await;
    // One that has had an answer, and falls silent then.
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    silent[0].write_all(request).await.unwrap();
    let mut answer = [0; 12];
    let answered = time::timeout(SOON, silent[0].read_exact(&mut answer)).await;
    answered.expect("an answer at once").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    assert!(time::timeout(SOON, healthy(&program)).await.unwrap());
    for stream in &mut silent {
        hung_up(stream).await;
    }
    assert!(healthy(&program).await);
}

#[tokio::test]
async fn beyond_the_limit_a_connection_waits_until_a_silent_one_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--no-worker", "--max-connections", "20"];
    let program = Program::start(&sqlite(folder.path()), &options);
    let _silent = silent(&program, 20).await;
    let answer = healthy(&program);
    tokio::pin!(answer);
    assert!(time::timeout(SOON / 5, &mut answer).await.is_err());
    assert!(time::timeout(END, answer).await.unwrap());
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let config = Config::parse_from(["task-queue"]);
    let (draining, closing) = (CancellationToken::new(), CancellationToken::new());
    let store = Sqlite::open(OPTIONS).await.broker();
    time::pause();
    let app = App::new(store, Metrics::new(), None, &config, draining, closing);
    let never = tokio_stream::pending::<Result<Bytes, Infallible>>();
    let request = axum::http::Request::post("/v1/jobs")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from_stream(never))
        .unwrap();
    let now = Instant::now();
    let answer = http::router(app).oneshot(request).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), now.elapsed().as_secs()),
        (408, 30)
    );
}

#[tokio::test]
async fn a_payload_nested_too_deep_for_its_handler_is_a_dead_letter_with_the_reason() {
    let server = start(&[]).await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let job = job("echo", &deep);
    let id = job.id.unwrap();
    server.client().enqueue(&[job]).await.unwrap();
    let status = server.client().wait(id, END).await.unwrap();
    assert_eq!(status.state, JobState::Dead);
    let error = status.error.unwrap();
    assert!(error.contains("recursion limit exceeded"), "{error}");
}

#[tokio::test]
async fn wrong_requests_are_answered_with_the_field_and_the_rule() {
    let server = start(&[]).await;
    let jobs = |job: &str| format!("{{\"jobs\": [{job}]}}");
    for (body, status, expected) in [
        ("{".to_owned(), 422, "EOF while parsing"),
        (jobs("{}"), 422, "jobs[0]: missing field `task`"),
        (jobs("{\"task\": \"a b\"}"), 422, "jobs[0].task: task name"),
        (
            jobs("{\"task\": \"t\", \"queue\": \"../x\"}"),
            422,
            "jobs[0].queue: queue name",
        ),
        (
            jobs("{\"task\": \"t\", \"priority\": 10}"),
            422,
            "10 is not one of 0 to 9",
        ),
        (
            jobs("{\"task\": \"t\", \"colour\": 1}"),
            422,
            "unknown field `colour`",
        ),
        (
            jobs("{\"task\": \"t\", \"max_attempts\": 0}"),
            422,
            "max_attempts",
        ),
        (
            jobs("{\"task\": \"t\", \"delay_ms\": 1, \"run_at_ms\": 1}"),
            422,
            "give one of them",
        ),
        (
            jobs(&format!(
                "{{\"task\": \"t\", \"payload\": \"{}\"}}",
                "x".repeat(300_000)
            )),
            422,
            "payload: it has 300002 bytes",
        ),
        (
            jobs("{\"task\": \"t\", \"queue\": \"{q}\\n\"}"),
            422,
            "jobs[0].queue: queue name",
        ),
        (
            jobs("{\"task\": \"t\", \"payload\": [1,}"),
            422,
            "expected value",
        ),
        ("x".repeat(10_000_000), 413, "length limit exceeded"),
    ] {
        let (got, answer) = server.ask(server.post("/v1/jobs", body)).await;
        let message = answer["detail"].as_str().unwrap_or_default();
        assert!(
            got == status && message.contains(expected),
            "{got} {answer}"
        );
    }
    let no_text = b"{\"jobs\": [{\"task\": \"\xff\"}]}".to_vec();
    let (got, answer) = server.ask(server.post("/v1/jobs", no_text)).await;
    assert_eq!(got, 422, "{answer}");
}

#[tokio::test]
async fn a_full_queue_asks_the_sender_to_come_again() {
    let server = start(&["--no-worker"]).await;
    let jobs: Vec<JobRequest> = (0..6).map(|_| job("echo", "1")).collect();
    let error = server.client().enqueue(&jobs).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Refused { retry: true, .. }),
        "{error:?}"
    );
    let body = serde_json::to_string(&json!({ "jobs": jobs })).unwrap();
    let response = server.post("/v1/jobs", body).send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
    server.client().enqueue(&jobs[..5]).await.unwrap();
}

#[tokio::test]
async fn a_request_head_that_is_too_large_is_refused() {
    let server = start(&[]).await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    // As much as the server takes: with bytes unread, its end would be a reset, which may overtake
    // the answer.
    let head = format!("GET / HTTP/1.1\r\nX-Long: {}", "x".repeat(16 * 1024));
    stream
        .write_all(&head.as_bytes()[..16 * 1024])
        .await
        .unwrap();
    let mut answer = String::new();
    let _ = time::timeout(END, stream.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

/// What a page of another site can send without being asked first, and what a browser adds to it.
#[tokio::test]
async fn a_page_of_another_site_neither_runs_jobs_nor_reads_them() {
    let server = start(&[]).await;
    let jobs = r#"{"jobs": [{"task": "abort"}]}"#;
    let foreign =
        |request: reqwest::RequestBuilder| request.header("origin", "https://evil.example");
    let text = reqwest::Client::new()
        .post(format!("http://{}/v1/jobs", server.address))
        .header("content-type", "text/plain")
        .body(jobs);
    let rebound = server.get("/v1/queues").header("host", "evil.example:7070");
    for (request, status, code) in [
        (foreign(server.post("/v1/jobs", jobs)), 403, "wrong_origin"),
        (
            foreign(server.post("/v1/queues/default/pause", "")),
            403,
            "wrong_origin",
        ),
        (text, 415, "not_json"),
        (rebound, 421, "wrong_host"),
    ] {
        let (got, answer) = server.ask(request).await;
        assert_eq!(
            (got, answer["code"].as_str()),
            (status, Some(code)),
            "{answer}"
        );
    }
    assert!(server.client().queues().await.unwrap().queues.is_empty());
}

#[tokio::test]
async fn a_task_without_a_handler_is_said_when_it_is_enqueued() {
    let server = start(&[]).await;
    let client = server.client();
    while client.workers().await.unwrap().is_empty() {
        time::sleep(Duration::from_millis(10)).await;
    }
    let sent = client
        .send(&[job("echo", "1"), job("ehco", "1")])
        .await
        .unwrap();
    assert_eq!(sent.jobs.len(), 2);
    assert_eq!(
        sent.warnings,
        ["no worker that lives has a handler for task ehco"]
    );
    assert!(
        client
            .send(&[job("echo", "1")])
            .await
            .unwrap()
            .warnings
            .is_empty()
    );
}

#[tokio::test]
async fn the_dashboard_hears_which_process_is_which() {
    let server = start(&[]).await;
    while server.client().workers().await.unwrap().is_empty() {
        time::sleep(Duration::from_millis(10)).await;
    }
    let mut events = server.get("/v1/events").send().await.unwrap();
    let event = time::timeout(END, events.chunk())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let data = std::str::from_utf8(&event)
        .unwrap()
        .strip_prefix("data: ")
        .unwrap();
    let seen: serde_json::Value = serde_json::from_str(data.trim()).unwrap();
    assert_eq!(seen["this"], seen["workers"][0]["id"]);
    assert_eq!(seen["workers"][0]["process"], std::process::id());
}
