//! A client's connection that shows hyper only what has been checked.
//!
//! It follows the requests on the wire, head by head and body by body, and lets nothing
//! through whose end it hasn't understood. A head that's refused is replaced by one of ours,
//! which carries the status: so the answer comes in its turn, after those of the requests before
//! it, and the connection ends with it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Sleep;

use crate::head::{LONGEST_HEAD, LONGEST_TARGET, Next, REFUSED, Refusal, check};

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;

/// The first bytes of HTTP/2, whose frames `h2` checks.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

mod write;

/// What became of the request for a WebSocket that is under way.
#[derive(Debug, Default)]
pub struct Switch(AtomicU8);

impl Switch {
    /// The server has agreed: what follows isn't HTTP.
    pub fn open(&self) {
        self.0.store(1, Relaxed);
    }

    /// It hasn't: what follows is the next request.
    pub fn refuse(&self) {
        self.0.store(2, Relaxed);
    }
}

/// The connection.
pub struct Strict<T> {
    io: T,
    buffer: BytesMut,
    /// So many of these bytes are checked, and may be read.
    cleared: usize,
    /// So many of the others have no end of a line that we look for.
    scanned: usize,
    next: Next,
    switch: Arc<Switch>,
    /// How long a client may take nothing.
    still: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    lingered: usize,
}

impl<T> Strict<T> {
    /// Around a new connection. The other end of `switch` is told what became of an upgrade.
    pub fn new(io: T, still: Duration, switch: Arc<Switch>) -> Strict<T> {
        Strict {
            io,
            buffer: BytesMut::new(),
            cleared: 0,
            scanned: 0,
            next: Next::Start,
            switch,
            still,
            stalled: None,
            lingered: 0,
        }
    }

    // ANCHOR: clear
    /// Checks what's in the buffer, clears what may be read, and says whether that led anywhere.
    fn clear(&mut self) -> io::Result<bool> {
        match &mut self.next {
            Next::Start => {
                if self.buffer.starts_with(HTTP2) {
                    self.next = Next::Other;
                } else if !HTTP2.starts_with(&self.buffer) {
                    self.next = Next::Head;
                } else {
                    return Ok(false);
                }
                return Ok(true);
            }
            Next::Head => match self.find_head() {
                Ok(None) => {}
                Ok(Some(end)) => match check(&self.buffer[..end]) {
                    Ok(next) => (self.cleared, self.next) = (end, next),
                    Err(refusal) => self.refuse(refusal),
                },
                Err(refusal) => self.refuse(refusal),
            },
            Next::Length(left) => {
                let some = (self.buffer.len() as u64).min(*left);
                self.cleared = some as usize;
                *left -= some;
                if *left == 0 {
                    self.next = Next::Head;
                }
            }
            Next::Chunked(chunks) => {
                let Some((length, over)) = chunks.advance(&self.buffer) else {
                    self.next = Next::Broken;
                    return Err(io::Error::other("a chunk that is none"));
                };
                self.cleared = length;
                if over {
                    self.next = Next::Head;
                }
            }
            Next::Other => self.cleared = self.buffer.len(),
            Next::Undecided | Next::Nothing | Next::Broken => {}
        }
        Ok(self.cleared > 0)
    }

    /// Puts a head of ours in the place of what was refused, and reads no more.
    fn refuse(&mut self, Refusal { status, why }: Refusal) {
        let head = format!(
            "GET / HTTP/1.1\r\nhost: refused\r\n{REFUSED}: {status} {why}\r\nconnection: close\r\n\r\n"
        );
        self.buffer.clear();
        self.buffer.extend_from_slice(head.as_bytes());
        self.cleared = head.len();
        self.next = Next::Nothing;
    }
    // ANCHOR_END: clear

    /// Where the head in the buffer ends, if it does. Lines end with CR LF, and with nothing less.
    fn find_head(&mut self) -> Result<Option<usize>, Refusal> {
        while self.scanned == 0 && self.buffer.starts_with(b"\r\n") {
            self.buffer.advance(2); // after a body, as some clients send it
        }
        let refuse = |status, why| Err(Refusal { status, why });
        let bytes = &self.buffer[..];
        let mut end = None;
        while let Some(at) = bytes[self.scanned..].iter().position(|byte| *byte == b'\n') {
            let line = self.scanned + at;
            if line == 0 || bytes[line - 1] != b'\r' {
                return refuse(400, "a line that ends with LF alone");
            }
            self.scanned = line + 1;
            if bytes[..line].ends_with(b"\n\r") {
                end = Some(std::mem::take(&mut self.scanned));
                break;
            }
        }
        if end.is_none() && self.scanned == 0 && bytes.len() > LONGEST_TARGET {
            return refuse(414, "the target is too long");
        }
        match end.unwrap_or(bytes.len()) > LONGEST_HEAD {
            true => refuse(431, "the head is too long"),
            false => Ok(end),
        }
    }
}

impl<T: AsyncRead + Unpin> Strict<T> {
    /// Reads more into the buffer. `Ok(0)` is the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.buffer.reserve(CHUNK);
        tokio_util::io::poll_read_buf(Pin::new(&mut self.io), cx, &mut self.buffer)
    }

    /// Whether the client speaks HTTP/2, as its first bytes say. Fails if the connection ends
    /// before it's known.
    ///
    /// Cancel safe: what was read stays in the buffer.
    pub async fn is_http2(&mut self) -> io::Result<bool> {
        while !self.clear()? && matches!(self.next, Next::Start) {
            if poll_fn(|cx| self.poll_fill(cx)).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(matches!(self.next, Next::Other))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Strict<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.cleared > 0 {
                let some = this.cleared.min(out.remaining());
                out.put_slice(&this.buffer[..some]);
                this.buffer.advance(some);
                this.cleared -= some;
                return Poll::Ready(Ok(()));
            }
            match this.next {
                Next::Nothing => return Poll::Pending, // our answer ends the connection
                Next::Broken => return Poll::Ready(Ok(())),
                Next::Undecided => {
                    this.next = match this.switch.0.swap(0, Relaxed) {
                        0 => return Poll::Pending, // hyper polls again when it has answered
                        1 => Next::Other,
                        _ => Next::Head,
                    }
                }
                Next::Other if this.buffer.is_empty() => {
                    return Pin::new(&mut this.io).poll_read(cx, out);
                }
                _ => {}
            }
            if !this.buffer.is_empty() && this.clear()? {
                continue;
            }
            if ready!(this.poll_fill(cx))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
