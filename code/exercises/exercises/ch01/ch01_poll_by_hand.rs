//! `in_turn` reads from several sockets, one after the other: while the first is
//! silent, nobody reads the second.
//!
//! Complete `as_they_come`, which reads from whichever socket has something.
//! Use one thread and no runtime: make the sockets non-blocking, and go around
//! asking each of them until all have been closed by their other ends.

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
    // TODO: `read` answers in one of four ways. Decide what each of them means.
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
    let busy = ErrorKind::WouldBlock;
    println!("not an error, an answer: {busy}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::{thread, time::Duration};

    /// Both ends of a connection.
    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (one, listener.accept().unwrap().0)
    }

    /// Runs `check` on a thread of its own, so that a read that never returns fails the test.
    fn within_five_seconds(check: impl FnOnce() + Send + 'static) {
        let (done, result) = mpsc::channel();
        thread::spawn(move || {
            check();
            done.send(()).unwrap();
        });
        result
            .recv_timeout(Duration::from_secs(5))
            .expect("it should not panic, and not wait for a silent socket");
    }

    #[test]
    fn in_turn_reads_sockets_that_have_been_closed() {
        within_five_seconds(|| {
            let (mut far, near) = connection();
            far.write_all(b"hello").unwrap();
            drop(far);
            let mut text = Vec::new();
            in_turn(vec![near], |_, bytes| text.extend_from_slice(bytes)).unwrap();
            assert_eq!(text, b"hello");
        });
    }

    #[test]
    fn as_they_come_reads_every_byte_of_every_socket() {
        within_five_seconds(|| {
            let (mut far, mut near) = (Vec::new(), Vec::new());
            for _ in 0..3 {
                let (one, other) = connection();
                far.push(one);
                near.push(other);
            }
            let writer = thread::spawn(move || {
                for _ in 0..100 {
                    for socket in &mut far {
                        socket.write_all(&[7; 100]).unwrap();
                    }
                    thread::yield_now();
                }
            });
            let mut counts = [0; 3];
            as_they_come(near, |number, bytes| counts[number] += bytes.len()).unwrap();
            writer.join().unwrap();
            assert_eq!(counts, [10_000; 3]);
        });
    }

    #[test]
    fn as_they_come_does_not_wait_for_a_silent_socket() {
        within_five_seconds(|| {
            let (silent, near_silent) = connection();
            let (mut quick, near_quick) = connection();
            quick.write_all(b"q").unwrap();
            // The first socket speaks only after the second has been heard.
            let mut far = vec![silent, quick];
            let mut heard = Vec::new();
            as_they_come(vec![near_silent, near_quick], |number, _| {
                heard.push(number);
                if number == 1 {
                    far[0].write_all(b"s").unwrap();
                }
                if number == 0 {
                    far.clear(); // closes both
                }
            })
            .unwrap();
            assert_eq!(heard, [1, 0]);
        });
    }
}
