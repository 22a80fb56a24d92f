use std::io::ErrorKind;
use std::time::Duration;

use testbed::proxy::{Fault, Proxy, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time;

/// Long enough to say that something does not come.
const WHILE: Duration = Duration::from_millis(100);

/// A proxy in front of a server that says everything twice.
async fn start() -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 1000];
                while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                    let twice = buffer[..length].repeat(2);
                    if stream.write_all(&twice).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    Proxy::start(Target::Tcp(address)).await
}

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

/// Sends, and reads as many bytes as the whole answer has.
async fn ask(stream: &mut TcpStream, text: &str) -> std::io::Result<String> {
    stream.write_all(text.as_bytes()).await?;
    let mut answer = vec![0; 2 * text.len()];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8(answer).unwrap())
}

#[tokio::test]
async fn without_a_fault_all_is_passed_on() {
    let proxy = start().await;
    let mut stream = connect(&proxy).await;
    assert_eq!(ask(&mut stream, "ab").await.unwrap(), "abab");
    assert_eq!(ask(&mut stream, "c").await.unwrap(), "cc");
    assert_eq!(
        (
            proxy.connections(""),
            proxy.connections("bc"),
            proxy.connections("x")
        ),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn the_connection_that_sends_a_word_is_cut_within_the_answer() {
    let proxy = start().await;
    proxy.harm_next("GET", Fault::Close(3));
    let (mut one, mut two) = (connect(&proxy).await, connect(&proxy).await);
    assert_eq!(ask(&mut one, "PUT").await.unwrap(), "PUTPUT");
    assert!(!proxy.has_harmed());
    two.write_all(b"GET").await.unwrap();
    let mut answer = String::new();
    two.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "GET");
    assert!(proxy.has_harmed());
    assert_eq!(ask(&mut one, "GET").await.unwrap(), "GETGET");
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let proxy = start().await;
    let mut stream = connect(&proxy).await;
    proxy.harm(Fault::Reset(0));
    let error = ask(&mut stream, "a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_half_open_connection_stays_open_and_says_nothing() {
    let proxy = start().await;
    let (mut one, mut two) = (connect(&proxy).await, connect(&proxy).await);
    ask(&mut one, "SUBSCRIBE").await.unwrap();
    ask(&mut two, "a").await.unwrap();
    proxy.harm_those_that_sent("SUBSCRIBE", Fault::Swallow);
    assert!(time::timeout(WHILE, ask(&mut one, "b")).await.is_err());
    assert_eq!(ask(&mut two, "b").await.unwrap(), "bb");
}

#[tokio::test]
async fn a_delay_is_waited_for_and_ends_when_the_proxy_is_healed() {
    let proxy = start().await;
    let mut stream = connect(&proxy).await;
    proxy.harm(Fault::Delay(WHILE));
    let before = time::Instant::now();
    ask(&mut stream, "a").await.unwrap();
    assert!(before.elapsed() >= WHILE);
    proxy.harm(Fault::Delay(Duration::from_secs(3600)));
    proxy.heal();
    ask(&mut stream, "a").await.unwrap();
}

#[tokio::test]
async fn connections_are_refused_until_the_proxy_is_healed() {
    let proxy = start().await;
    proxy.refuse();
    assert!(ask(&mut connect(&proxy).await, "a").await.is_err());
    proxy.heal();
    ask(&mut connect(&proxy).await, "a").await.unwrap();
}
