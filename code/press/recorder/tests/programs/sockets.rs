use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.unwrap();
        stream.write_all(&word).await.unwrap();
    });
    let mut client = TcpStream::connect(address).await.unwrap();
    tokio::task::yield_now().await;
    client.write_all(b"echo").await.unwrap();
    let mut word = [0; 4];
    client.read_exact(&mut word).await.unwrap();
    server.await.unwrap();
}
