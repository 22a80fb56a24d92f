//! Bodies that are changed on the way through.

use http_body_util::Full;
use hyper::Response;
use hyper::header::HeaderValue;

use crate::support::{gateway, get, impatient, send, server, server_that, statuses};

const IN: &str =
    "request = { json = { set = { channel = \"web\" }, remove = [\"admin\"], at_most = 100 } }";
const OUT: &str = "answer = { json = { set = { by = 7 }, remove = [\"secret\"], at_most = 100 } }";

fn post(kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-type: {kind}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

/// A server that answers with this type and body, and a validator.
async fn says(kind: &'static str, body: String) -> std::net::SocketAddr {
    let answer = move |_: &hyper::Request<bytes::Bytes>| {
        let mut answer = Response::new(Full::from(body.clone()));
        let headers = answer.headers_mut();
        headers.insert("content-type", HeaderValue::from_static(kind));
        headers.insert("etag", HeaderValue::from_static("\"1\""));
        answer
    };
    server_that(answer).await.0
}

#[tokio::test]
async fn fields_of_a_request_are_set_and_removed_and_the_rest_keeps_its_bytes() {
    let (address, seen) = server().await;
    let gateway = gateway(&[address], "", IN);
    let body = r#"{"tea": 12345678901234567890123, "admin": true, "channel": "app"}"#;
    for kind in [
        "application/json; charset=utf-8",
        "application/vnd.shop+json",
    ] {
        let answer = send(gateway.address, post(kind, body)).await;
        assert_eq!(statuses(&answer), [200]);
    }
    let changed = r#"POST / {"channel":"web","tea":12345678901234567890123}"#;
    assert_eq!(seen.all(), [changed, changed]);
}

#[tokio::test]
async fn a_request_that_cannot_be_changed_does_not_reach_the_server() {
    let (address, seen) = server().await;
    let gateway = gateway(&[address], "", IN);
    let long = format!("{{\"tea\": \"{}\"}}", "x".repeat(100));
    for (body, status) in [("[1]", 400), ("{\"tea\"", 400), (long.as_str(), 413)] {
        let answer = send(gateway.address, post("application/json", body)).await;
        assert_eq!(statuses(&answer), [status], "{body}");
    }
    let coded = "application/json\r\ncontent-encoding: gzip";
    let answer = send(gateway.address, post(coded, "{}")).await;
    assert_eq!(statuses(&answer), [415]);
    assert_eq!(seen.count(), 0);
    let answer = send(gateway.address, post("text/plain", "{\"admin\": 1}")).await;
    assert_eq!(statuses(&answer), [200]); // no rule is for this type
}

#[tokio::test]
async fn a_body_that_is_to_be_changed_and_stands_still_is_a_408() {
    let (address, seen) = server().await;
    let gateway = impatient(&[address], "", IN);
    let whole = post("application/json", "{\"tea\": 1}");
    let answer = send(gateway.address, &whole[..whole.len() - 3]).await;
    assert_eq!(statuses(&answer), [408]);
    assert_eq!(seen.count(), 0);
}

#[tokio::test]
async fn fields_of_an_answer_are_set_and_removed_and_its_validators_go() {
    let address = says("application/json", r#"{"secret": 1, "tea": 2}"#.to_owned()).await;
    let gateway = gateway(&[address], "", OUT);
    let answer = get(gateway.address, "/", &["range: bytes=0-1"]).await;
    assert!(answer.ends_with("\r\n\r\n{\"by\":7,\"tea\":2}"), "{answer}");
    assert!(answer.contains("content-length: 16\r\n") && !answer.contains("etag"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_changed_is_kept_back() {
    let long = format!("{{\"secret\": \"{}\"}}", "x".repeat(100));
    for body in [long, "{\"secret\": 1".to_owned(), "[\"secret\"]".to_owned()] {
        let gateway = gateway(&[says("application/json", body).await], "", OUT);
        let answer = get(gateway.address, "/", &[]).await;
        assert_eq!(statuses(&answer), [502]);
        assert!(!answer.contains("secret"), "{answer}");
    }
    let text = says("text/plain", "secret".to_owned()).await;
    let gateway = gateway(&[text], "", OUT);
    assert!(get(gateway.address, "/", &[]).await.ends_with("secret"));
}
