//! A deadline that goes from one service to another, in a header written by hand.
//!
//! Run it: `cargo run -p examples --bin ch15-deadline`

use std::io;
use std::time::Duration;

use patterns::deadline::Deadline;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::time::{Instant, sleep};

// ANCHOR: server
/// How long this server works for anyone.
const AT_MOST: Duration = Duration::from_secs(30);

async fn serve(stream: DuplexStream) -> io::Result<()> {
    let mut deadline = Deadline::after(AT_MOST);
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await? {
        if line.is_empty() {
            break; // The end of the headers.
        }
        if let Some((Deadline::HEADER, value)) = line.split_once(": ") {
            let sent = Deadline::from_header(value, AT_MOST);
            deadline = sent.ok_or(io::ErrorKind::InvalidData)?;
        }
    }
    let database = sleep(Duration::from_secs(3600)); // It hangs.
    let status = match deadline.run(database).await {
        Ok(()) => "200 OK",
        Err(_expired) => "504 Gateway Timeout",
    };
    let reply = format!("HTTP/1.1 {status}\r\n\r\n");
    lines.into_inner().write_all(reply.as_bytes()).await
}
// ANCHOR_END: server

// ANCHOR: client
async fn ask(mut server: DuplexStream, deadline: Deadline) -> io::Result<String> {
    let request = format!(
        "GET /report HTTP/1.1\r\n{}: {}\r\n\r\n",
        Deadline::HEADER,
        deadline.to_header(),
    );
    server.write_all(request.as_bytes()).await?;
    let mut reply = String::new();
    server.read_to_string(&mut reply).await?;
    Ok(reply)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> io::Result<()> {
    let (start, (client, server)) = (Instant::now(), duplex(1024));
    let server = tokio::spawn(serve(server));

    let deadline = Deadline::after(Duration::from_secs(2)); // The user's.
    sleep(Duration::from_millis(500)).await; // Before we call, we work.
    assert_eq!(deadline.to_header(), "1500");

    let reply = ask(client, deadline).await?;
    assert_eq!(reply, "HTTP/1.1 504 Gateway Timeout\r\n\r\n");
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    println!("{}, after {:?}", reply.trim_end(), start.elapsed());
    server.await?
}
// ANCHOR_END: client

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_stops_when_the_user_does() {
        main().expect("the reply");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_number_is_refused() {
        let (mut client, server) = duplex(1024);
        let request = b"GET / HTTP/1.1\r\nx-deadline-ms: soon\r\n\r\n";
        client.write_all(request).await.expect("room");
        let error = serve(server).await.expect_err("no number");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
