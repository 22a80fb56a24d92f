//! Clients that don't read, or don't answer: closed in time, and no one else's trouble.

use std::time::Duration;

use chat::client::Connection;
use tokio::net::TcpSocket;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{PATIENCE, Server, joined, kept, line, say};

/// Enters the lobby, and reads nothing from then on.
async fn never_reads(server: &Server, token: &str) -> impl Sized + use<> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(server.address()).await.unwrap();
    let mut request = format!("ws://{}/ws", server.address())
        .into_client_request()
        .unwrap();
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    let join = Message::text(r#"{"join":{"room":"lobby"}}"#);
    futures::SinkExt::send(&mut socket, join).await.unwrap();
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_that_never_read_are_closed_in_time_and_others_hear_all_at_once() {
    let server = Server::start().await;
    let sleeper = server.person("sleeper").await;
    let mut asleep = Vec::new();
    for _ in 0..20 {
        asleep.push(never_reads(&server, &sleeper.token).await);
    }
    let mut reader = server.enter("reader").await;
    let text = "\u{1}".repeat(4_000); // six times as long in JSON
    for speaker in 0..6 {
        let mut one = server.enter(&format!("speaker{speaker}")).await;
        for id in 0..50 {
            one.ask(&say("lobby", &id.to_string(), &text))
                .await
                .unwrap();
            kept(&mut one).await;
            assert_eq!(line(&mut reader).await.seq, speaker * 50 + id + 1);
        }
    }
    let closed = async {
        while server.number("chat_connections").await > 1 {
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE, closed).await.expect("they are closed");
    assert_eq!(server.number("chat_closed_total{code=\"4008\"}").await, 20);
    drop(asleep);
}

#[tokio::test]
async fn one_who_was_closed_comes_back_and_has_missed_nothing() {
    let server = Server::start().await;
    let ben = server.person("ben").await;
    let mut first = Connection::open(&server.url, &ben.token).await.unwrap();
    first
        .ask(&crate::support::join("lobby", 0, 0))
        .await
        .unwrap();
    let (epoch, _) = joined(&mut first).await;
    let mut ann = server.enter("ann").await;
    let mut last = 0;
    for number in 1..=40 {
        ann.ask(&say("lobby", &number.to_string(), "Tea?"))
            .await
            .unwrap();
        kept(&mut ann).await;
        if number == 20 {
            last = line(&mut first).await.seq; // of twenty lines he has read one
            drop(std::mem::replace(&mut first, server.connect("other").await));
        }
    }
    let mut back = Connection::open(&server.url, &ben.token).await.unwrap();
    back.ask(&crate::support::join("lobby", epoch, last))
        .await
        .unwrap();
    for seq in last + 1..=40 {
        assert_eq!(line(&mut back).await.seq, seq);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_long_lines_is_cut_to_what_a_queue_holds() {
    let server = Server::start().await;
    let text = "x".repeat(4_000);
    for speaker in 0..6 {
        let mut one = server.enter(&format!("speaker{speaker}")).await;
        for id in 0..50 {
            one.ask(&say("lobby", &id.to_string(), &text))
                .await
                .unwrap();
            kept(&mut one).await;
        }
    }
    let mut ben = server.connect("ben").await;
    ben.ask(&crate::support::join("lobby", 0, 0)).await.unwrap();
    let (_, after) = joined(&mut ben).await;
    assert!(
        (100..200).contains(&after),
        "{after} of 300 lines are a gap"
    );
    for seq in after + 1..=300 {
        assert_eq!(line(&mut ben).await.seq, seq);
    }
}
