//! HTTP/2 and TLS in front.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};
use tokio_rustls::TlsConnector;

use crate::support::{config, gateway, server};

#[tokio::test]
async fn http2_in_front_is_http1_behind() {
    let (address, seen) = server().await;
    let gateway = gateway(&[address], "", "");
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get("http://shop/a/../tea")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(body.contains("host: shop\n"), "{body}");
    assert_eq!(seen.all(), ["GET /tea"]);

    let other = Request::get("http://shop/")
        .header("host", "bank")
        .body(Empty::new())
        .unwrap();
    assert_eq!(sender.send_request(other).await.unwrap().status(), 400);
    let ours = Request::get("http://shop/b")
        .header("gateway-refused", "200 ok")
        .body(Empty::new());
    assert_eq!(
        sender.send_request(ours.unwrap()).await.unwrap().status(),
        200
    );
}

#[tokio::test]
async fn a_client_that_opens_and_resets_streams_is_cut_off() {
    let (address, seen) = server().await;
    let gateway = gateway(&[address], "", "");
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    let head = [0x82, 0x86, 0x84, 0x41, 0x04, b's', b'h', b'o', b'p']; // GET http / of shop
    for id in (1_u32..4_000).step_by(2) {
        bytes.extend([0, 0, head.len() as u8, 1, 5]); // HEADERS, its end and the stream's
        bytes.extend(id.to_be_bytes());
        bytes.extend(head);
        bytes.extend([0, 0, 4, 3, 0]); // RST_STREAM
        bytes.extend(id.to_be_bytes());
        bytes.extend(8_u32.to_be_bytes()); // CANCEL
    }
    let _ = stream.write_all(&bytes).await;
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the connection ends");
    assert_eq!(farewell(&answer), Some(CALM_DOWN));
    assert!(seen.count() < 500, "{}", seen.count());
}

/// `ENHANCE_YOUR_CALM`, by RFC 9113, section 7.
const CALM_DOWN: u32 = 11;

/// Why the gateway says that it goes away, if it does.
fn farewell(mut frames: &[u8]) -> Option<u32> {
    while let Some((head, rest)) = frames.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let body = rest.get(..length)?;
        if head[3] == 7 {
            return Some(u32::from_be_bytes(body.get(4..8)?.try_into().ok()?));
        }
        frames = &rest[length..];
    }
    None
}

#[tokio::test]
async fn a_head_of_http2_that_never_ends_is_cut_off() {
    let (address, _) = server().await;
    let gateway = gateway(&[address], "", "");
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    bytes.extend([0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82]); // HEADERS, not their end
    for _ in 0..10_000 {
        bytes.extend([0, 0, 8, 9, 0, 0, 0, 0, 1]); // CONTINUATION
        bytes.extend([0x40, 0x02, b'x', b'y', 0x03, b'a', b'b', b'c']);
    }
    let _ = stream.write_all(&bytes).await;
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the connection ends");
    assert_eq!(farewell(&answer), Some(CALM_DOWN));
}

#[tokio::test]
async fn tls_in_front_chooses_the_version() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["shop".to_owned()]).unwrap();
    let (certificate, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (address, _) = server().await;
    let mut config = config(&[address], "", "");
    config.tls = Some(gateway::config::Tls { certificate, key });
    let gateway = gateway::running::Running::start(&config).unwrap();

    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider);
    let client = client.with_safe_default_protocol_versions().unwrap();
    let mut client = client.with_root_certificates(roots).with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(client));
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let name = ServerName::try_from("shop").unwrap();
    let stream = connector.connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://shop/tea")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(
        String::from_utf8(body.to_vec())
            .unwrap()
            .contains("x-forwarded-proto: https")
    );
}
