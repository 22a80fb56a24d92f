//! The other direction: a client that takes nothing, and the end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

use super::Strict;

/// After our last byte, so long and so much is read and thrown away: a socket that's closed with
/// bytes unread resets the connection, and the client may lose our answer.
const LINGER: (Duration, usize) = (Duration::from_secs(1), 256 * 1024);

impl<T: AsyncRead + AsyncWrite + Unpin> Strict<T> {
    /// Fails if the client has taken nothing for too long.
    fn poll_stalled<R>(
        &mut self,
        cx: &mut Context<'_>,
        wrote: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if wrote.is_ready() {
            self.stalled = None;
            return wrote;
        }
        let still = self.still;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(still)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Strict<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.poll_stalled(cx, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.poll_stalled(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.poll_stalled(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
        let limit = this
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(LINGER.0)));
        if limit.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        while this.lingered < LINGER.1 {
            this.buffer.clear();
            match ready!(this.poll_fill(cx)) {
                Ok(0) | Err(_) => break,
                Ok(more) => this.lingered += more,
            }
        }
        Poll::Ready(Ok(()))
    }
}
