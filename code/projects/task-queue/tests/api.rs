//! The HTTP API, asked by its client and by hand.

use serde_json::Value;
use task_queue::broker::{Cancel, Enqueued, JobState, Select};
use task_queue::job::JobId;
use task_queue::name::QueueName;
use tokio::time;

use crate::program::{BEGUN, END, job, until_metric, until_running};
use crate::served::start;

const TOKEN: &str = "0123456789abcdef";

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
    let which = Select::Jobs { jobs: vec![id] };
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
    until_running(&client, id).await;
    assert_eq!(client.cancel(id).await.unwrap(), Cancel::Requested);
    assert_eq!(
        client.wait(id, END).await.unwrap().state,
        JobState::Canceled
    );
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
            (got, answer["code"].as_str()),
            (status, Some(code)),
            "{answer}"
        );
    }
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
    let job = job("sleep", "{\"ms\": 2000}");
    let id = job.id.unwrap();
    client.enqueue(&[job]).await.unwrap();
    until_metric(&format!("http://{}/metrics", server.address), BEGUN).await;
    server.shutdown.cancel();
    let ready = server.get("/readyz").send().await.unwrap();
    assert_eq!(ready.status(), 503);
    assert_eq!(ready.headers()["retry-after"], "1");
    let status = client.wait(id, END).await.unwrap();
    assert_eq!(status.state, JobState::Completed);
    time::timeout(END, server.served).await.unwrap().unwrap();
}
