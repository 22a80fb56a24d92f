//! A server that ends in order: it hears SIGTERM, accepts no more, and gives uploads time to end.
//!
//! Run it: `cargo run -p examples --bin graceful-shutdown`, then speak to it with `nc` at the
//! address that it prints: some lines, and a dot. Its argument is the grace in seconds, 7 if it has
//! none: `docker stop` kills after 10, and up to 2 come after the grace.

// ANCHOR: main
use std::env;
use std::error::Error;
use std::process::{self, ExitCode};
use std::time::Duration;

use tokio::io::{self, AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

fn main() -> ExitCode {
    let runtime = Runtime::new().expect("threads and a selector");
    let end = runtime.block_on(serve());
    // Blocking closures can't be cancelled: wait for them a little, then leave.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match end {
        Ok(0) => ExitCode::SUCCESS,
        Ok(cut) => {
            let were = if cut == 1 { " was" } else { "s were" };
            eprintln!("{cut} upload{were} cut");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal, and says how many uploads it had to cut.
async fn serve() -> Result<usize, Box<dyn Error>> {
    let grace = env::args().nth(1).map_or(Ok(7.0), |text| text.parse())?;
    let grace = Duration::try_from_secs_f64(grace)?;
    // Before the port is open: from here on a signal doesn't kill.
    let signals = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let (stop, cut) = (CancellationToken::new(), CancellationToken::new());
    tokio::spawn(listen(signals, stop.clone()));

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("listening on {}", listener.local_addr()?);
    let clients = TaskTracker::new();
    accept(listener, &clients, &stop, &cut).await; // Closes the port.

    clients.close(); // No task is added: `wait` may end.
    if timeout(grace, clients.wait()).await.is_ok() {
        return Ok(0);
    }
    let late = clients.len();
    cut.cancel();
    let _ = timeout(Duration::from_secs(1), clients.wait()).await;
    Ok(late)
}
// ANCHOR_END: main

// ANCHOR: listen
/// The first signal asks for the end, the second one is the end.
async fn listen((mut term, mut int): (Signal, Signal), stop: CancellationToken) {
    let mut next = async || {
        tokio::select! {
            _ = term.recv() => 128 + 15,
            _ = int.recv() => 128 + 2,
        }
    };
    next().await;
    eprintln!("stopping; a second signal ends it at once");
    stop.cancel();
    process::exit(next().await);
}

async fn accept(
    listener: TcpListener,
    clients: &TaskTracker,
    stop: &CancellationToken,
    cut: &CancellationToken,
) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((socket, _)) => {
                let (stop, cut) = (stop.clone(), cut.clone());
                clients.spawn(async move {
                    // The future of `client` is dropped where it waits.
                    let served = cut.run_until_cancelled(client(socket, stop));
                    if let Some(Err(error)) = served.await {
                        eprintln!("a client: {error}");
                    }
                });
            }
            Err(error) => {
                // Out of files, perhaps: don't spin.
                eprintln!("accept: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
// ANCHOR_END: listen

// ANCHOR: client
/// Lines until a dot are an upload. Idle clients leave at once, uploads end first.
async fn client(socket: TcpStream, stop: CancellationToken) -> io::Result<()> {
    let mut socket = BufStream::new(socket);
    let mut line = String::new();
    loop {
        line.clear();
        let read = stop.run_until_cancelled(socket.read_line(&mut line));
        match read.await.transpose()? {
            None => return socket.shutdown().await, // Idle, and told to stop.
            Some(0) => return Ok(()),
            Some(_) => upload(&mut socket, &mut line).await?,
        }
    }
}

async fn upload(socket: &mut BufStream<TcpStream>, line: &mut String) -> io::Result<()> {
    let mut lines = 0;
    while line.trim_end() != "." {
        lines += 1;
        socket.write_all(b"more?\n").await?;
        socket.flush().await?;
        line.clear();
        if socket.read_line(line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    socket
        .write_all(format!("stored {lines}\n").as_bytes())
        .await?;
    socket.flush().await
}
// ANCHOR_END: client
