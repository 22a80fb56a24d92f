//! The HTTP API, asked by its client and by hand.

use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use task_queue::broker::sqlite::{SqliteBroker, Sync};
use task_queue::broker::{Cancel, Enqueued, JobState, Options};
use task_queue::client::{Client, ClientError};
use task_queue::config::Config;
use task_queue::http::{JobRequest, SelectRequest};
use task_queue::job::JobId;
use task_queue::name::{QueueName, TaskName};
use task_queue::{demo, server};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time;
use tokio_util::sync::CancellationToken;

use clap::Parser;

const END: Duration = Duration::from_secs(30);
const TOKEN: &str = "0123456789abcdef";

/// A server in this process, on a port of its own.
struct Running {
    address: String,
    shutdown: CancellationToken,
    served: JoinHandle<()>,
    _folder: TempDir,
}

async fn start(options: &[&str]) -> Running {
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
    fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.address), None).unwrap()
    }

    /// One request by hand: its status and body.
    async fn ask(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        reqwest::Client::new().post(url).body(body)
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        reqwest::Client::new().get(format!("http://{}{path}", self.address))
    }
}

fn job(task: &str, payload: &str) -> JobRequest {
    let payload = RawValue::from_string(payload.to_owned()).unwrap();
    JobRequest {
        id: Some(JobId::new()),
        ..JobRequest::new(TaskName::new(task).unwrap(), Some(payload))
    }
}

#[tokio::test]
async fn a_job_is_sent_waited_for_and_looked_at() {
    let server = start(&[]).await;
    let client = server.client();
    let job = job("echo", "{\"n\": [1, 2]}");
    let id = job.id.unwrap();
    let jobs = [job];
    assert_eq!(client.enqueue(&jobs).await.unwrap(), [Enqueued::New(id)]);
    assert_eq!(client.enqueue(&jobs).await.unwrap(), [Enqueued::Known(id)]);
    let status = client.wait(id, END).await.unwrap();
    assert_eq!(status.state, JobState::Completed);
    assert_eq!(status.result.as_deref(), Some("{\"n\":[1,2]}"));
    let view = client.inspect(id).await.unwrap();
    assert_eq!(view.queue.as_str(), "default");
    assert!(view.trace.is_some());
    assert_eq!(client.cancel(id).await.unwrap(), Cancel::TooLate);
}

#[tokio::test]
async fn a_task_without_a_handler_becomes_a_dead_letter_that_can_be_purged() {
    let server = start(&[]).await;
    let client = server.client();
    let mut job = job("nobody", "1");
    job.max_attempts = Some(1);
    let id = job.id.unwrap();
    client.enqueue(&[job]).await.unwrap();
    assert_eq!(client.wait(id, END).await.unwrap().state, JobState::Dead);
    let queue = QueueName::new("default").unwrap();
    let page = client.dead(&queue, None).await.unwrap();
    assert!(
        page.jobs[0]
            .status
            .error
            .as_ref()
            .unwrap()
            .contains("nobody")
    );
    let which = SelectRequest::Jobs { jobs: vec![id] };
    assert_eq!(client.purge(&which).await.unwrap(), 1);
    assert_eq!(client.purge(&which).await.unwrap(), 0);
}

#[tokio::test]
async fn a_running_job_hears_that_it_is_canceled() {
    let server = start(&[]).await;
    let client = server.client();
    let job = job("sleep", "{\"ms\": 600000}");
    let id = job.id.unwrap();
    client.enqueue(&[job]).await.unwrap();
    while client.inspect(id).await.unwrap().status.state != JobState::Running {
        time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(client.cancel(id).await.unwrap(), Cancel::Requested);
    assert_eq!(
        client.wait(id, END).await.unwrap().state,
        JobState::Canceled
    );
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
        ("x".repeat(10_000_000), 413, "length limit exceeded"),
    ] {
        let (got, answer) = server.ask(server.post("/v1/jobs", body)).await;
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(
            got == status && message.contains(expected),
            "{got} {answer}"
        );
    }
}

#[tokio::test]
async fn addresses_that_are_not_there_are_answered_with_an_error_of_the_same_form() {
    let server = start(&[]).await;
    for (request, status, code) in [
        (server.get("/v2/jobs"), 404, "not_found"),
        (server.get("/v1/jobs/xyz"), 422, "invalid"),
        (
            server.get(&format!("/v1/jobs/{}", JobId::new())),
            404,
            "not_found",
        ),
        (server.get("/v1/jobs"), 405, "wrong_method"),
        (server.post("/v1/queues/a%20b/pause", ""), 422, "invalid"),
        (
            server.get("/v1/queues/default/dead?limit=many"),
            422,
            "invalid",
        ),
    ] {
        let (got, answer) = server.ask(request).await;
        assert_eq!(
            (got, answer["error"]["code"].as_str()),
            (status, Some(code)),
            "{answer}"
        );
    }
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
async fn a_token_is_asked_for_where_there_is_something_to_protect() {
    let server = start(&["--token", TOKEN]).await;
    let (status, _) = server.ask(server.get("/v1/queues")).await;
    assert_eq!(status, 401);
    let wrong = server.get("/v1/queues").bearer_auth("0123456789abcdeX");
    assert_eq!(server.ask(wrong).await.0, 401);
    let right = server.get("/v1/queues").bearer_auth(TOKEN);
    assert_eq!(server.ask(right).await.0, 200);
    for path in ["/healthz", "/readyz", "/metrics", "/"] {
        assert_eq!(server.ask(server.get(path)).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn numbers_and_events_tell_of_every_queue() {
    let server = start(&["--no-worker"]).await;
    server.client().enqueue(&[job("echo", "1")]).await.unwrap();
    let metrics = server
        .get("/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let line = "taskq_ready_jobs{queue=\"default\",priority=\"5\"} 1";
    assert!(metrics.contains(line), "{metrics}");
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
    let seen: Value = serde_json::from_str(data.trim()).unwrap();
    assert_eq!(seen["queues"][0]["ready"][5], 1);
}

#[tokio::test]
async fn while_it_drains_it_is_not_ready_and_answers_who_waits_for_the_last_job() {
    let server = start(&[]).await;
    let client = server.client();
    let job = job("sleep", "{\"ms\": 400}");
    let id = job.id.unwrap();
    client.enqueue(&[job]).await.unwrap();
    while client.inspect(id).await.unwrap().status.state != JobState::Running {
        time::sleep(Duration::from_millis(10)).await;
    }
    server.shutdown.cancel();
    assert_eq!(server.ask(server.get("/readyz")).await.0, 503);
    let status = client.wait(id, END).await.unwrap();
    assert_eq!(status.state, JobState::Completed);
    time::timeout(END, server.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn connections_that_send_nothing_keep_nobody_out() {
    let server = start(&[]).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(&server.address).await.unwrap());
    }
    assert_eq!(server.ask(server.get("/healthz")).await.0, 200);
}

#[tokio::test]
async fn a_request_head_that_is_too_large_is_refused() {
    let server = start(&[]).await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    // The server may hang up before it has read all of it.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = String::new();
    let _ = time::timeout(END, stream.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
}
