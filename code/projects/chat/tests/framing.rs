//! RFC 6455 by its bytes: each vector is sent as it stands, and the close code is the one that the
//! RFC wants. The cases are those of Autobahn's public list, in groups.

use std::net::SocketAddr;
use std::time::Duration;

use testbed::machine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{PATIENCE, Server, file, program};

pub const FIN: u8 = 0x80;
const CONTINUE: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;

/// Upgrades a connection by hand. Returns the status, and the stream after the head.
pub async fn upgrade(address: SocketAddr, headers: &str) -> (u16, TcpStream) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse();
    (status.unwrap(), stream)
}

/// A frame as a client sends it: masked, here with a mask of zeros.
pub fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![head];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        long => {
            bytes.push(0x80 | 126);
            bytes.extend((long as u16).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// The next frame that isn't a text about the room.
pub async fn answer(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    loop {
        let head = stream.read_u8().await.expect("an answer");
        let length = match stream.read_u8().await.unwrap() {
            126 => usize::from(stream.read_u16().await.unwrap()),
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.unwrap();
        if head != FIN | TEXT {
            return (head & 0xF, payload);
        }
    }
}

async fn close_code(bytes: &[u8]) -> Option<u16> {
    let server = Server::start().await;
    let token = server.person("ann").await.token;
    let headers = format!("Authorization: Bearer {token}\r\n");
    let (_, mut stream) = upgrade(server.address(), &headers).await;
    stream.write_all(bytes).await.ok(); // it may be cut off before the last byte
    loop {
        let (kind, payload) = timeout(PATIENCE, answer(&mut stream)).await.unwrap();
        match kind {
            CLOSE if payload.is_empty() => return None,
            CLOSE => return Some(u16::from_be_bytes([payload[0], payload[1]])),
            _pong => {}
        }
    }
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    let payload = [&code.to_be_bytes(), reason].concat();
    frame(FIN | CLOSE, &payload)
}

#[tokio::test]
async fn each_broken_frame_gets_the_close_code_that_the_rfc_wants() {
    let join = br#"{"join":{"room":"lobby"}}"#;
    let unmasked = [&[FIN | TEXT, join.len() as u8], &join[..]].concat();
    let split = |middle: Vec<u8>| [frame(TEXT, &join[..9]), middle].concat();
    let long_control = [&[FIN | PING, 0x80 | 126, 0, 126, 0, 0, 0, 0], &[0; 126][..]].concat();
    let vectors: Vec<(&str, Vec<u8>, u16)> = vec![
        ("a frame without a mask", unmasked, 1002),
        ("reserved bit 1", frame(FIN | 0x40 | TEXT, join), 1002),
        ("reserved bit 2", frame(FIN | 0x20 | TEXT, join), 1002),
        ("reserved bit 3", frame(FIN | 0x10 | PING, b""), 1002),
        ("reserved data opcode 3", frame(FIN | 0x3, join), 1002),
        ("reserved data opcode 7", frame(FIN | 0x7, join), 1002),
        ("reserved control opcode 11", frame(FIN | 0xB, b""), 1002),
        ("reserved control opcode 15", frame(FIN | 0xF, b""), 1002),
        ("a ping in fragments", frame(PING, b""), 1002),
        ("a ping of 126 bytes", long_control, 1002),
        (
            "a continuation of nothing",
            frame(FIN | CONTINUE, join),
            1002,
        ),
        (
            "a new text inside of another",
            split(frame(FIN | TEXT, join)),
            1002,
        ),
        (
            "text that isn't UTF-8",
            frame(FIN | TEXT, b"\xc3\x28"),
            1007,
        ),
        ("a surrogate", frame(FIN | TEXT, b"\xed\xa0\x80"), 1007),
        ("UTF-8 that is cut off", frame(FIN | TEXT, b"\"\xc3"), 1007),
        ("binary", frame(FIN | BINARY, join), 1008),
        ("text that isn't JSON", frame(FIN | TEXT, b"tea"), 1008),
        (
            "JSON that isn't ours",
            frame(FIN | TEXT, b"{\"tea\":1}"),
            1008,
        ),
        ("an empty text", frame(FIN | TEXT, b""), 1008),
        ("a close with one byte", frame(FIN | CLOSE, b"\x03"), 1002),
        ("a close with a code below 1000", close(999, b""), 1002),
        (
            "a close with 1005, which isn't sent",
            close(1005, b""),
            1002,
        ),
        (
            "a close with 1006, which isn't sent",
            close(1006, b""),
            1002,
        ),
        (
            "a close whose reason isn't UTF-8",
            close(1000, b"\xff"),
            1007,
        ),
        ("a close", close(1000, b"bye"), 1000),
        ("a close with a code of one's own", close(4321, b""), 4321),
    ];
    for (what, bytes, code) in vectors {
        assert_eq!(close_code(&bytes).await, Some(code), "{what}");
    }
}

#[tokio::test]
async fn a_message_above_the_limit_is_too_big_whole_or_in_pieces_without_end() {
    let big = frame(FIN | TEXT, &[b'x'; 40_000]);
    assert_eq!(close_code(&big).await, Some(1009));
    let mut endless = frame(TEXT, &[b'x'; 1_000]);
    for _ in 0..40 {
        endless.extend(frame(CONTINUE, &[b'x'; 1_000]));
    }
    assert_eq!(close_code(&endless).await, Some(1009));
}

#[tokio::test]
async fn a_message_in_pieces_with_a_ping_in_between_is_whole() {
    let server = Server::start().await;
    let token = server.person("ann").await.token;
    let headers = format!("Authorization: Bearer {token}\r\n");
    let (_, mut stream) = upgrade(server.address(), &headers).await;
    let join = r#"{"join":{"room":"lobby","epoch":0}}"#.as_bytes();
    let say = r#"{"say":{"room":"lobby","id":"a1","text":"Käse"}}"#.as_bytes();
    let half = say
        .windows(2)
        .position(|two| two == "ä".as_bytes())
        .unwrap()
        + 1; // inside of it
    let bytes = [
        frame(FIN | TEXT, join),
        frame(TEXT, &say[..half]),
        frame(FIN | PING, b"still there?"),
        frame(CONTINUE, b""),
        frame(FIN | CONTINUE, &say[half..]),
    ];
    for byte in bytes.concat() {
        stream.write_u8(byte).await.unwrap(); // a byte at a time: each half frame is waited for
    }
    let pong = timeout(PATIENCE, answer(&mut stream)).await.unwrap();
    assert_eq!(pong, (PONG, b"still there?".to_vec()));
    let mut ben = server.connect("ben").await;
    ben.ask(&crate::support::join("lobby", 0, 0)).await.unwrap();
    assert_eq!(crate::support::line(&mut ben).await.text, "Käse");
}

#[tokio::test]
async fn a_head_of_megabytes_is_refused_at_the_cap() {
    let folder = tempfile::tempdir().unwrap();
    let server = program("127.0.0.1:0", &file(&folder), &[]);
    let before = machine::cpu(server.id());
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let mut sent = 0;
    stream.write_all(b"GET /ws HTTP/1.1\r\nX: ").await.unwrap();
    while stream.write_all(&[b'x'; 1024]).await.is_ok() && sent < 20 << 20 {
        sent += 1024;
    }
    assert!(sent < 8 << 20, "it took {sent} bytes of a head");
    let took = machine::cpu(server.id()) - before;
    assert!(took < Duration::from_millis(100), "{took:?}");
}
