//! A relay stands between a client and a server and passes bytes on, in both directions.
//! A client that has said all shuts its direction down, and still waits for the answer.
//!
//! Complete `relay` without `copy_bidirectional`. It returns how many bytes went each way.

use std::io;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, split};

async fn relay<A, B>(client: A, server: B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (mut from_client, mut to_client) = split(client);
    let (mut from_server, mut to_server) = split(server);
    let there = async {
        let bytes = copy(&mut from_client, &mut to_server).await?;
        to_server.shutdown().await?;
        Ok(bytes)
    };
    let back = async {
        let bytes = copy(&mut from_server, &mut to_client).await?;
        to_client.shutdown().await?;
        Ok(bytes)
    };
    tokio::try_join!(there, back)
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, DuplexStream, duplex};
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    const HOUR: Duration = Duration::from_secs(3600);

    /// A client and a server, with a relay between them.
    fn pair() -> (
        DuplexStream,
        DuplexStream,
        JoinHandle<io::Result<(u64, u64)>>,
    ) {
        let (client, inbound) = duplex(8);
        let (outbound, server) = duplex(8);
        (client, server, tokio::spawn(relay(inbound, outbound)))
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_client_reaches_the_server_and_the_answer_comes_back() {
        let (mut client, mut server, relay) = pair();
        let server = tokio::spawn(async move {
            let mut request = String::new();
            server.read_to_string(&mut request).await.expect("text");
            server.write_all(request.to_uppercase().as_bytes()).await
        });
        let talk = async {
            client.write_all(b"a long request").await?;
            client.shutdown().await?;
            let mut answer = String::new();
            client.read_to_string(&mut answer).await?;
            io::Result::Ok(answer)
        };
        let answer = timeout(HOUR, talk).await.expect("the end is passed on");
        assert_eq!(answer.expect("no error"), "A LONG REQUEST");
        server.await.expect("no panic").expect("the client reads");
        let bytes = relay.await.expect("no panic").expect("no error");
        assert_eq!(bytes, (14, 14));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_may_speak_first() {
        let (mut client, mut server, _relay) = pair();
        server.write_all(b"hello").await.expect("there is room");
        let mut greeting = [0; 5];
        let read = timeout(HOUR, client.read_exact(&mut greeting)).await;
        read.expect("both ways at the same time").expect("5 bytes");
        assert_eq!(&greeting, b"hello");
    }
}
