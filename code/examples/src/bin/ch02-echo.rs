//! Step 4 of an executor: an I/O driver, an echo server and three clients.
//!
//! Run it: `cargo run -p examples --bin ch02-echo`

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;

use examples::executor::{Handle, run};

// ANCHOR: server
const WORDS: [&str; 3] = ["one", "two", "three"];

/// Answers one connection for each word, in a task of its own.
async fn serve(handle: Handle, listener: TcpListener) -> io::Result<()> {
    for _ in WORDS {
        let (stream, _) = handle.sockets().retry(|| listener.accept()).await?;
        stream.set_nonblocking(true)?;
        let sockets = handle.clone();
        handle.spawn(async move {
            if let Err(error) = echo(sockets, &stream).await {
                eprintln!("a connection broke: {error}");
            }
        });
    }
    Ok(())
}

async fn echo(handle: Handle, mut stream: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        let sockets = handle.sockets();
        let read = sockets.retry(|| stream.read(&mut buffer)).await?;
        if read == 0 {
            return Ok(());
        }
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            let written = sockets.retry(|| stream.write(rest)).await?;
            rest = &rest[written..];
        }
    }
}
// ANCHOR_END: server

// ANCHOR: client
/// Says one word to the server, and returns what comes back.
async fn ask(handle: Handle, to: SocketAddr, word: &str) -> io::Result<String> {
    // This blocks, though not for long: the server's kernel answers at once.
    let mut stream = TcpStream::connect(to)?;
    stream.set_nonblocking(true)?;
    stream.write_all(word.as_bytes())?;

    let mut reply = vec![0; word.len()];
    let mut filled = 0;
    while filled < reply.len() {
        let sockets = handle.sockets();
        let rest = &mut reply[filled..];
        match sockets.retry(|| stream.read(rest)).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
    }
    String::from_utf8(reply).map_err(io::Error::other)
}
// ANCHOR_END: client

// ANCHOR: main
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let (replies, answers) = mpsc::channel();

    run(|handle| async move {
        for word in WORDS {
            let (client, replies) = (handle.clone(), replies.clone());
            handle.spawn(async move {
                let reply = ask(client, address, word).await;
                replies.send(reply).expect("main still listens");
            });
        }
        if let Err(error) = serve(handle, listener).await {
            eprintln!("the server broke: {error}");
        }
    });

    let mut answers: Vec<String> = answers.iter().collect::<io::Result<_>>()?;
    answers.sort();
    assert_eq!(answers, ["one", "three", "two"]);
    println!("{}", answers.join(" "));
    Ok(())
}
// ANCHOR_END: main

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn three_clients_get_their_own_words_back() -> io::Result<()> {
        main()
    }

    // ANCHOR: cost
    #[test]
    fn every_tick_wakes_every_task_that_waits() -> io::Result<()> {
        const IDLE: usize = 10;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (counts, counted) = mpsc::channel();

        run(move |handle| async move {
            let mut silent_clients = Vec::new();
            for _ in 0..IDLE {
                silent_clients.push(TcpStream::connect(address));
                let (stream, _) = listener.accept().expect("it connects");
                stream.set_nonblocking(true).expect("a fresh socket");
                let sockets = handle.clone();
                handle.spawn(async move {
                    let ended = echo(sockets, &stream).await;
                    ended.expect("the client hangs up in order");
                });
            }
            while handle.sockets().counts().0 < 20 {
                handle.sleep(Duration::from_millis(1)).await;
            }
            let count = handle.sockets().counts();
            counts.send(count).expect("the test still listens");
        });

        let (ticks, woken) = counted.recv().expect("the count was sent");
        assert!(ticks >= 20);
        assert_eq!(woken, IDLE * ticks);
        Ok(())
    }
    // ANCHOR_END: cost
}
