//! Wrong: `WouldBlock` means nothing to read yet, not nothing to read ever again.

use std::io::{ErrorKind, Read, Result};
use std::net::TcpStream;

/// Reads all sockets to their ends and calls `received` with the number of the
/// socket and its bytes.
fn in_turn(sockets: Vec<TcpStream>, mut received: impl FnMut(usize, &[u8])) -> Result<()> {
    let mut buffer = [0; 1024];
    for (number, mut socket) in sockets.into_iter().enumerate() {
        loop {
            match socket.read(&mut buffer)? {
                0 => break, // closed by the other end
                count => received(number, &buffer[..count]),
            }
        }
    }
    Ok(())
}

/// As `in_turn`, but no socket waits for another.
fn as_they_come(mut sockets: Vec<TcpStream>, mut received: impl FnMut(usize, &[u8])) -> Result<()> {
    for socket in &sockets {
        socket.set_nonblocking(true)?;
    }
    let mut open = vec![true; sockets.len()];
    let mut buffer = [0; 1024];
    while open.contains(&true) {
        for (number, socket) in sockets.iter_mut().enumerate() {
            if open[number] {
                match socket.read(&mut buffer) {
                    Ok(0) => open[number] = false,
                    Ok(count) => received(number, &buffer[..count]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => open[number] = false,
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(())
}

fn main() {
    let busy = ErrorKind::WouldBlock;
    println!("not an error, an answer: {busy}");
}
