//! A reader that fails when its peer has been silent for too long.
//!
//! `timeout(limit, reader.read_line(…))` limits a line, and when it fires it drops the half of
//! the line that has come. [`IdleReader`] limits the *silence* instead: each byte starts the
//! clock again. The timer stands in the reader and not in the future of a read, so everything
//! that reads may be built on top, and a read that loses a `select!` does not restart it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{self, Instant, Sleep};

// ANCHOR: reader
/// Reads from `inner`, which may be silent for `limit` at a time.
pub struct IdleReader<R> {
    inner: R,
    limit: Duration,
    silence: Pin<Box<Sleep>>,
    /// A read has found nothing, and `silence` is running since then.
    waiting: bool,
}

impl<R> IdleReader<R> {
    /// Needs the timer of a Tokio runtime, and panics without one.
    pub fn new(inner: R, limit: Duration) -> Self {
        let silence = Box::pin(time::sleep(limit));
        Self {
            inner,
            limit,
            silence,
            waiting: false,
        }
    }
}
// ANCHOR_END: reader

// ANCHOR: poll
/// Errors: `TimedOut` when a read has found nothing for the limit. The time
/// in which nothing is read does not count; data that is there always comes
/// first. Cancel safety: that of the read which is used.
impl<R: AsyncRead + Unpin> AsyncRead for IdleReader<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Poll::Ready(read) = Pin::new(&mut this.inner).poll_read(context, buffer) {
            this.waiting = false;
            return Poll::Ready(read);
        }
        if !this.waiting {
            this.waiting = true;
            this.silence.as_mut().reset(Instant::now() + this.limit);
        }
        let silence = this.silence.as_mut().poll(context);
        silence.map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}
// ANCHOR_END: poll

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, duplex};
    use tokio::time::sleep;

    const SECOND: Duration = Duration::from_secs(1);

    /// Sends `bytes`, one every two seconds, and stays connected.
    async fn drip(mut client: impl AsyncWriteExt + Unpin, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            sleep(2 * SECOND).await;
            client.write_u8(*byte).await?;
        }
        std::future::pending().await
    }

    #[tokio::test(start_paused = true)]
    async fn each_byte_starts_the_clock_again() {
        let (client, server) = duplex(64);
        let mut server = IdleReader::new(server, 3 * SECOND);
        let start = Instant::now();
        let mut word = [0; 5];
        tokio::select! {
            read = server.read_exact(&mut word) => read.map(drop).expect("no silence of 3 s"),
            _ = drip(client, b"hello") => unreachable!("it stays connected"),
        }
        assert_eq!((&word, start.elapsed()), (b"hello", 10 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_an_error_and_comes_after_the_limit() {
        let (client, server) = duplex(64);
        let mut lines = BufReader::new(IdleReader::new(server, 3 * SECOND)).lines();
        let start = Instant::now();
        let error = tokio::select! {
            line = lines.next_line() => line.expect_err("the line has no end"),
            _ = drip(client, b"hi") => unreachable!("it stays connected"),
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), 7 * SECOND); // bytes at 2 s and 4 s, then 3 s of silence
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_loses_a_race_does_not_restart_the_clock() {
        let (_client, server) = duplex(64);
        let mut server = IdleReader::new(server, 3 * SECOND);
        let mut byte = [0];
        for _ in 0..2 {
            tokio::select! {
                _ = server.read(&mut byte) => panic!("nothing comes"),
                () = sleep(SECOND) => {} // The read is dropped.
            }
        }
        let start = Instant::now();
        let error = server.read(&mut byte).await.expect_err("silence");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), SECOND); // The third of three.
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_the_program_does_not_read_is_not_silence() {
        let (mut client, server) = duplex(64);
        let mut server = IdleReader::new(server, 3 * SECOND);
        client.write_all(b"ab").await.expect("room");
        for byte in *b"ab" {
            sleep(60 * SECOND).await;
            assert_eq!(server.read_u8().await.expect("it is there"), byte);
        }
        let start = Instant::now();
        server.read_u8().await.expect_err("silence");
        assert_eq!(start.elapsed(), 3 * SECOND);
    }
}
