//! On a paused clock and in memory; the last ones over TCP.

use super::*;
use tokio::io::{DuplexStream, duplex};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

const LIMITS: Limits = Limits {
    connections: 4,
    line_bytes: 32,
    buffer_bytes: 64,
    idle: Duration::from_secs(60),
    line: Duration::from_secs(5),
    write: Duration::from_secs(10),
};

/// A client whose pipe to the server holds `room` bytes each way.
fn connect(room: usize) -> (DuplexStream, JoinHandle<io::Result<()>>, CancellationToken) {
    let (client, server) = duplex(room);
    let (store, stop) = (Store::default(), CancellationToken::new());
    let heard = stop.clone();
    let talk = async move { converse(server, &store, &LIMITS, &heard).await };
    (client, tokio::spawn(talk), stop)
}

/// Sends `bytes`, one a second, until the server has gone.
async fn drip(client: &mut DuplexStream, bytes: &[u8]) {
    for byte in bytes {
        if client.write_u8(*byte).await.is_err() {
            return;
        }
        sleep(SECOND).await;
    }
}

async fn kind(talk: JoinHandle<io::Result<()>>) -> io::ErrorKind {
    let ended = talk.await.expect("no panic");
    ended.expect_err("a limit was broken").kind()
}

#[tokio::test(start_paused = true)]
async fn half_a_line_waits_for_its_rest_and_two_lines_are_two() -> io::Result<()> {
    let (mut client, talk, _stop) = connect(64);
    client.write_all(b"SET na").await?;
    sleep(SECOND).await;
    client.write_all(b"me Ann Lee\nGET name\n").await?;
    client.shutdown().await?;
    let mut answers = String::new();
    client.read_to_string(&mut answers).await?;
    assert_eq!(answers, "OK\nVALUE Ann Lee\n");
    talk.await.expect("no panic")
}

#[tokio::test(start_paused = true)]
async fn a_client_that_drips_has_the_time_of_a_line() {
    let (mut client, talk, _stop) = connect(64);
    let start = Instant::now();
    drip(&mut client, b"GET a_very_slow_name").await;
    assert_eq!(kind(talk).await, io::ErrorKind::TimedOut);
    assert!(start.elapsed() <= 7 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_has_the_time_to_be_idle() {
    let (_client, talk, _stop) = connect(64);
    let start = Instant::now();
    assert_eq!(kind(talk).await, io::ErrorKind::TimedOut);
    assert_eq!(start.elapsed(), LIMITS.idle);
}

#[tokio::test(start_paused = true)]
async fn a_line_may_have_its_bytes_and_no_more() -> io::Result<()> {
    let (mut client, talk, _stop) = connect(64);
    let longest = format!("SET a {}\n", "x".repeat(25));
    assert_eq!(longest.len(), LIMITS.line_bytes);
    client.write_all(longest.as_bytes()).await?;
    let mut answer = [0; 3];
    client.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"OK\n");
    client.write_all(&[b'x'; 33]).await?;
    assert_eq!(kind(talk).await, io::ErrorKind::Other);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_no_answers_is_let_go() {
    let (mut client, talk, _stop) = connect(8);
    let ask = async {
        for _ in 0..100 {
            client.write_all(b"GET name\n").await?;
        }
        Ok::<_, io::Error>(())
    };
    ask.await.expect_err("the server stops reading");
    assert_eq!(kind(talk).await, io::ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_idle_clients_and_answers_begun_lines() -> io::Result<()> {
    let (mut idle, first, stop) = connect(64);
    stop.cancel();
    assert_eq!(idle.read(&mut [0]).await?, 0);
    first.await.expect("no panic")?;

    let (mut busy, second, stop) = connect(64);
    busy.write_all(b"GET na").await?;
    sleep(SECOND).await;
    stop.cancel();
    busy.write_all(b"me\n").await?;
    let mut answer = String::new();
    busy.read_to_string(&mut answer).await?;
    assert_eq!(answer, "NONE\n");
    second.await.expect("no panic")
}

#[tokio::test(start_paused = true)]
async fn a_stop_may_cost_a_client_that_does_not_wait_answers_that_were_given() -> io::Result<()> {
    let (listener, client) = (TcpSocket::new_v4()?, TcpSocket::new_v4()?);
    listener.set_send_buffer_size(64 * 1024)?; // has room for what the client's has no room for
    client.set_recv_buffer_size(4 * 1024)?;
    listener.bind(([127, 0, 0, 1], 0).into())?;
    let listener = listener.listen(1)?;
    let mut client = client.connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    let (store, stop) = (Store::default(), CancellationToken::new());
    let talk = converse(server, &store, &LIMITS, &stop);
    tokio::pin!(talk);
    let mut said = 0;
    let flood = async {
        loop {
            said += 1;
            let line = format!("SET n {said}\n");
            client.write_all(line.as_bytes()).await.expect("it's there");
        }
    };
    // The paused clock goes on when both wait, for the client reads nothing.
    tokio::select! {
        ended = &mut talk => panic!("it ended: {ended:?}"),
        _elapsed = timeout(SECOND, flood) => stop.cancel(),
    }
    tokio::time::resume();
    let (mut heard, mut buffer) = (0, [0; 1024]);
    loop {
        tokio::select! {
            ended = &mut talk => break ended?,
            read = client.read(&mut buffer) => heard += read?,
        }
        yield_now().await; // the server is to notice as soon as there's room
    }
    let mut rest = Vec::new();
    let end = client.read_to_end(&mut rest).await.expect_err("a reset");
    assert_eq!(end.kind(), io::ErrorKind::ConnectionReset);
    let answers = (heard + rest.len()) / "OK\n".len();
    let given = store.answer("GET n")["VALUE ".len()..].trim_end().parse();
    assert!(answers < given.expect("a number"), "{answers} answers");
    Ok(())
}

#[tokio::test]
async fn the_store_outlives_a_bad_client_and_stops() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, stop) = (listener.local_addr()?, CancellationToken::new());
    let server = tokio::spawn(serve(listener, LIMITS, stop.clone()));

    let mut bad = TcpStream::connect(address).await?;
    bad.write_all(&[0xff, b'\n']).await?;
    assert_eq!(bad.read(&mut [0]).await?, 0);

    let mut good = TcpStream::connect(address).await?;
    good.write_all(b"SET name Ann\n").await?;
    let mut answer = [0; 3];
    good.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"OK\n");

    stop.cancel();
    assert_eq!(good.read(&mut answer).await?, 0);
    server.await.expect("no panic");
    assert!(TcpStream::connect(address).await.is_err());
    Ok(())
}
