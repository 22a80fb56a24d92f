//! Frames of HTTP/2 that RFC 9113 forbids, or that cost more than they're worth, and what becomes
//! of the connection. The cases are those that `h2spec` asks, in our own words.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use crate::support::{gateway, impatient, server};

/// The preface, and our settings, which are empty.
pub const BEGIN: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// `GET http://shop/`, coded by the static table.
pub const GET: &[u8] = &[0x82, 0x86, 0x84, 0x41, 0x04, b's', b'h', b'o', b'p'];

// Kinds of frames, by section 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH: u8 = 5;
const PING: u8 = 6;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;

/// Flags of HEADERS: of the stream, and of the head.
const END: u8 = 1 | 4;

/// How a connection takes a frame.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// GOAWAY with this code, and the end.
    Away(u32),
    /// RST_STREAM with this code; the connection lives.
    Reset(u32),
    /// An answer, and the connection lives.
    Answer,
}
use Outcome::{Answer, Away, Reset};

// Codes, by section 7. `h2` says PROTOCOL_ERROR for some faults for which the RFC has a code of
// their own; the connection ends with either.
const PROTOCOL: u32 = 1;
const FLOW: u32 = 3;
const SIZE: u32 = 6;

pub fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(body);
    frame
}

fn setting(name: u8, value: u32) -> Vec<u8> {
    let mut body = vec![0, name];
    body.extend(value.to_be_bytes());
    frame(SETTINGS, 0, 0, &body)
}

/// A request with one more field.
fn with(field: &[u8]) -> Vec<u8> {
    frame(HEADERS, END, 1, &[GET, field].concat())
}

/// A field that isn't in the table, as it goes over the wire.
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0, u8::try_from(name.len()).unwrap()];
    field.extend(name.bytes());
    field.push(u8::try_from(value.len()).unwrap());
    field.extend(value.bytes());
    field
}

fn cases() -> Vec<(&'static str, Vec<u8>, Outcome)> {
    let head = || frame(HEADERS, END, 1, GET);
    let head_of = |stream| frame(HEADERS, END, stream, GET);
    let open = || frame(HEADERS, 1, 1, GET); // the head goes on
    let missing = frame(HEADERS, END, 1, &[0x86, 0x84]);
    let twice = frame(HEADERS, END, 1, &[&[0x82][..], GET].concat());
    let late = frame(HEADERS, END, 1, &[&field("x", "y")[..], GET].concat());
    vec![
        ("a request", head(), Answer),
        (
            "a kind that no one knows",
            [frame(77, 9, 0, b"?"), head()].concat(),
            Answer,
        ),
        (
            "a setting that no one knows",
            [setting(99, 1), head()].concat(),
            Answer,
        ),
        (
            "priorities, which are history",
            [frame(PRIORITY, 0, 3, &[0; 5]), head()].concat(),
            Answer,
        ),
        (
            "data on no stream",
            frame(DATA, 0, 0, b"hi"),
            Away(PROTOCOL),
        ),
        (
            "data on a stream that isn't open",
            frame(DATA, 0, 1, b"hi"),
            Away(PROTOCOL),
        ),
        (
            "data with more padding than bytes",
            [frame(HEADERS, 4, 1, GET), frame(DATA, 8, 1, &[9, 1])].concat(),
            Away(PROTOCOL),
        ),
        ("a head on no stream", head_of(0), Away(PROTOCOL)),
        (
            "a head on a stream of the server's",
            head_of(2),
            Away(PROTOCOL),
        ),
        (
            "a head on an older stream",
            [head_of(5), head_of(3)].concat(),
            Away(PROTOCOL),
        ),
        (
            "a head with more padding than bytes",
            frame(HEADERS, END | 8, 1, &[99, 0x82]),
            Away(PROTOCOL),
        ),
        (
            "a head that another frame cuts",
            [open(), frame(PING, 0, 0, &[0; 8])].concat(),
            Away(PROTOCOL),
        ),
        (
            "a head that another stream goes on with",
            [open(), frame(CONTINUATION, 4, 3, &[])].concat(),
            Away(PROTOCOL),
        ),
        (
            "a head that goes on, and hasn't begun",
            frame(CONTINUATION, 4, 1, GET),
            Away(PROTOCOL),
        ),
        (
            "an index beyond the table",
            frame(HEADERS, END, 1, &[0xff, 0xff, 0x7f]),
            Away(PROTOCOL),
        ),
        (
            "a table that is larger than agreed",
            frame(HEADERS, END, 1, &[0x3f, 0xe1, 0xff, 0x7f]),
            Away(PROTOCOL),
        ),
        (
            "a frame that is longer than agreed",
            frame(DATA, 0, 1, &[0; 16_385]),
            Away(SIZE),
        ),
        (
            "settings of half a setting",
            frame(SETTINGS, 0, 0, &[0; 5]),
            Away(PROTOCOL),
        ),
        (
            "settings of a stream",
            frame(SETTINGS, 0, 1, &[]),
            Away(PROTOCOL),
        ),
        (
            "settings that are taken note of, and more",
            frame(SETTINGS, 1, 0, &[0; 6]),
            Away(PROTOCOL),
        ),
        (
            "a push that is neither on nor off",
            setting(2, 2),
            Away(PROTOCOL),
        ),
        (
            "a window beyond its bound",
            setting(4, 1 << 31),
            Away(PROTOCOL),
        ),
        ("frames below their bound", setting(5, 1), Away(PROTOCOL)),
        (
            "a push by a client",
            frame(PUSH, 4, 1, &[0, 0, 0, 2]),
            Away(PROTOCOL),
        ),
        (
            "a ping of six bytes",
            frame(PING, 0, 0, &[0; 6]),
            Away(PROTOCOL),
        ),
        (
            "a ping of a stream",
            frame(PING, 0, 1, &[0; 8]),
            Away(PROTOCOL),
        ),
        (
            "a window that grows by nothing",
            frame(WINDOW, 0, 0, &[0; 4]),
            Away(PROTOCOL),
        ),
        (
            "a window that grows beyond its bound",
            frame(WINDOW, 0, 0, &[0x7f, 255, 255, 255]),
            Away(FLOW),
        ),
        (
            "a window of three bytes",
            frame(WINDOW, 0, 0, &[0; 3]),
            Away(PROTOCOL),
        ),
        (
            "the reset of a stream that isn't open",
            frame(RESET, 0, 1, &[0; 4]),
            Away(PROTOCOL),
        ),
        (
            "a reset of three bytes",
            [frame(HEADERS, 4, 1, GET), frame(RESET, 0, 1, &[0; 3])].concat(),
            Away(PROTOCOL),
        ),
        ("no method", missing, Reset(PROTOCOL)),
        ("two methods", twice, Reset(PROTOCOL)),
        ("a method after a field", late, Reset(PROTOCOL)),
        (
            "a field in capitals",
            with(&field("X", "y")),
            Away(PROTOCOL),
        ),
        (
            "a field of one connection",
            with(&field("connection", "close")),
            Reset(PROTOCOL),
        ),
        (
            "te that isn't trailers",
            with(&field("te", "gzip")),
            Reset(PROTOCOL),
        ),
        (
            "a pseudo field of answers",
            with(&field(":status", "200")),
            Reset(PROTOCOL),
        ),
        (
            "a length that isn't the body's",
            [
                frame(
                    HEADERS,
                    4,
                    1,
                    &[GET, &field("content-length", "9")].concat(),
                ),
                frame(DATA, 1, 1, b"hi"),
            ]
            .concat(),
            Reset(PROTOCOL),
        ),
        (
            "data after the end",
            [head(), frame(DATA, 1, 1, b"hi")].concat(),
            Away(PROTOCOL),
        ),
    ]
}

/// Sends this after the beginning, and returns the frames that come until it's known how it went.
async fn outcome(to: std::net::SocketAddr, frames: &[u8]) -> Outcome {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(BEGIN).await.unwrap();
    let _ = stream.write_all(frames).await;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.expect("a frame");
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.expect("all of it");
        let code = |at: usize| u32::from_be_bytes(body[at..at + 4].try_into().unwrap());
        match head[3] {
            7 => return Away(code(4)),
            RESET => return Reset(code(0)),
            HEADERS => return Answer,
            _ => {}
        }
    }
}

#[tokio::test]
async fn frames_that_may_not_be_end_their_stream_or_the_connection() {
    let (address, _) = server().await;
    let gateway = gateway(&[address], "", "");
    let mut differ = Vec::new();
    for (name, frames, wanted) in cases() {
        let got = timeout(Duration::from_secs(60), outcome(gateway.address, &frames)).await;
        let got = got.expect(name);
        if got != wanted {
            differ.push((name, got, wanted));
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
}

/// Sends this again and again, and reads nothing. Returns the bytes that it got rid of.
async fn flood(to: std::net::SocketAddr, frames: &[u8]) -> usize {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(BEGIN).await.unwrap();
    let (many, mut sent) = (frames.repeat(1_000), 0);
    let ends = async {
        while stream.write_all(&many).await.is_ok() {
            sent += many.len();
        }
    };
    timeout(Duration::from_secs(60), ends)
        .await
        .expect("the connection ends");
    sent
}

#[tokio::test]
async fn a_client_that_floods_with_settings_or_pings_and_reads_no_answer_is_closed() {
    let (address, seen) = server().await;
    let gateway = impatient(&[address], "", "");
    for frames in [setting(3, 100), frame(PING, 0, 0, &[0; 8])] {
        let sent = flood(gateway.address, &frames).await;
        assert!(sent < 64 << 20, "{sent} bytes were taken");
    }
    assert_eq!(seen.count(), 0);
    assert_eq!(
        outcome(gateway.address, &frame(HEADERS, END, 1, GET)).await,
        Answer
    );
}

#[tokio::test]
async fn a_head_that_unfolds_to_megabytes_reaches_no_server() {
    let (address, seen) = server().await;
    let gateway = gateway(&[address], "", "");
    // One field of 3 KB goes into the table; then it's named 10,000 times, a byte each.
    let mut bomb = [GET, &[0x40, 1, b'x', 0x7f, 0xb9, 0x16]].concat();
    bomb.extend([b'y'; 3_000]);
    bomb.extend([0xbe; 10_000]);
    let got = outcome(gateway.address, &frame(HEADERS, END, 1, &bomb)).await;
    assert_ne!(got, Away(0));
    assert_eq!(seen.count(), 0);
    assert_eq!(
        outcome(gateway.address, &frame(HEADERS, END, 1, GET)).await,
        Answer
    );
}

#[tokio::test]
async fn a_client_cannot_have_a_table_of_gigabytes_kept_for_it() {
    let (address, _) = server().await;
    let gateway = gateway(&[address], "", "");
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(BEGIN).await.unwrap();
    stream.write_all(&setting(1, u32::MAX)).await.unwrap();
    stream
        .write_all(&frame(HEADERS, END, 1, GET))
        .await
        .unwrap();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        if head[3] == HEADERS {
            // A larger table would be announced first (RFC 7541, section 6.3): 001xxxxx.
            assert_ne!(body[0] >> 5, 1, "{body:?}");
            return;
        }
    }
}
