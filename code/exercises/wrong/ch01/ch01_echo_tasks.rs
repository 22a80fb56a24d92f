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
