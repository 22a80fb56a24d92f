//! Wrong: whoever is awaited in the accept loop holds up everybody behind.

use std::io::Result;
use std::thread;
use tokio::net::TcpListener;

/// Sends back whatever each client sends, until `listener` fails.
fn serve_with_threads(listener: std::net::TcpListener) -> Result<()> {
    loop {
        let (mut socket, _) = listener.accept()?;
        thread::spawn(move || -> Result<()> {
            let mut reader = socket.try_clone()?;
            std::io::copy(&mut reader, &mut socket)?;
            Ok(())
        });
    }
}

/// The same on the threads of the runtime, however few they are.
async fn serve(listener: TcpListener) -> Result<()> {
    loop {
        let (mut socket, _) = listener.accept().await?;
        let (mut reader, mut writer) = socket.split();
        tokio::io::copy(&mut reader, &mut writer).await?;
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    /// Sends `text` and returns what comes back, if it does within five seconds.
    async fn echoed(socket: &mut TcpStream, text: &[u8]) -> Vec<u8> {
        let mut buffer = vec![0; text.len()];
        let exchange = async {
            socket.write_all(text).await?;
            socket.read_exact(&mut buffer).await
        };
        timeout(Duration::from_secs(5), exchange)
            .await
            .expect("an answer should come")
            .expect("the connection should stay open");
        buffer
    }

    async fn started() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener));
        address
    }

    // `tokio::test` runs an async function, here on one thread, as a #[test]
    #[tokio::test]
    async fn the_version_with_threads_echoes() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || serve_with_threads(listener));
        let mut socket = TcpStream::connect(address).await.unwrap();
        assert_eq!(echoed(&mut socket, b"hello").await, b"hello");
    }

    #[tokio::test]
    async fn serve_echoes_as_often_as_it_is_asked() {
        let mut socket = TcpStream::connect(started().await).await.unwrap();
        for text in ["one", "two", "three"] {
            assert_eq!(echoed(&mut socket, text.as_bytes()).await, text.as_bytes());
        }
    }

    #[tokio::test]
    async fn serve_does_not_let_a_silent_client_hold_up_others() {
        let address = started().await;
        let _silent = TcpStream::connect(address).await.unwrap();
        let mut socket = TcpStream::connect(address).await.unwrap();
        assert_eq!(echoed(&mut socket, b"hello").await, b"hello");
    }

    #[tokio::test]
    async fn serve_keeps_a_hundred_connections_open_on_one_thread() {
        let address = started().await;
        let mut sockets = Vec::new();
        for _ in 0..100 {
            sockets.push(TcpStream::connect(address).await.unwrap());
        }
        for socket in &mut sockets {
            assert_eq!(echoed(socket, b"hi").await, b"hi");
        }
    }
}
