//! Bodies on their way through: streamed, never whole in memory, and never still for too long.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use http_body_util::combinators::BoxBody;
use hyper::StatusCode;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// Any error of a body. What matters is that there is one: the other side is cut off.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A body that goes in or out.
pub enum Body {
    /// In memory: our own answers, and those of the cache.
    Full(Full<Bytes>),
    /// From the other side, as it comes.
    Stream(Stream),
    /// The same, made into another one.
    Made(BoxBody<Bytes, Error>),
}

impl Body {
    /// No bytes.
    pub fn empty() -> Body {
        Body::Full(Full::default())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body::Full(Full::new(bytes))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.get_mut() {
            Body::Full(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Body::Stream(body) => body.poll_frame(cx),
            Body::Made(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Full(body) => body.is_end_stream(),
            Body::Stream(body) => body.body.is_end_stream(),
            Body::Made(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Full(body) => body.size_hint(),
            Body::Stream(body) => body.body.size_hint(),
            Body::Made(body) => body.size_hint(),
        }
    }
}

/// How it goes with a client's body.
#[derive(Debug, Default)]
pub struct Progress {
    moved: AtomicBool,
    /// 0, or the status that says how it failed.
    failed: AtomicU16,
}

impl Progress {
    /// Whether some of it came since the last time we asked.
    pub fn has_moved(&self) -> bool {
        self.moved.swap(false, Relaxed)
    }

    /// The client's fault: 400 if the body was broken, 408 if it stood still.
    pub fn failure(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.failed.load(Relaxed)).ok()
    }
}

/// What happens when the last byte of a body has come. Dropped, it has not.
type AtEnd = Box<dyn FnOnce() + Send + Sync>;

/// A body from the wire.
pub struct Stream {
    body: Incoming,
    /// How long it may be silent.
    still: Duration,
    /// Made at the first wait, and moved only when it rings too early: most bodies don't wait.
    alarm: Option<Pin<Box<Sleep>>>,
    /// When the wait under way began.
    since: Option<Instant>,
    progress: Option<Arc<Progress>>,
    at_end: Option<AtEnd>,
}

impl Stream {
    /// A body that fails if it's silent for so long.
    pub fn new(body: Incoming, still: Duration) -> Stream {
        Stream {
            body,
            still,
            alarm: None,
            since: None,
            progress: None,
            at_end: None,
        }
    }

    /// Writes down how it goes.
    pub fn telling(mut self, progress: Arc<Progress>) -> Stream {
        self.progress = Some(progress);
        self
    }

    /// Calls this at its end.
    pub fn and_then(mut self, at_end: AtEnd) -> Stream {
        if self.body.is_end_stream() {
            at_end();
        } else {
            self.at_end = Some(at_end);
        }
        self
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            ready!(self.poll_silent(cx));
            return Poll::Ready(Some(Err(self.fail(408, "the body stood still".into()))));
        };
        self.since = None;
        if let Some(progress) = &self.progress {
            progress.moved.store(true, Relaxed);
        }
        if let Some(Err(error)) = frame {
            return Poll::Ready(Some(Err(self.fail(400, error.into()))));
        }
        if (frame.is_none() || self.body.is_end_stream())
            && let Some(at_end) = self.at_end.take()
        {
            at_end();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    /// Ready when the body has been silent for too long.
    fn poll_silent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let still = self.still;
        let until = *self.since.get_or_insert_with(Instant::now) + still;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(still)));
        loop {
            ready!(alarm.as_mut().poll(cx));
            if Instant::now() >= until {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(until);
        }
    }

    fn fail(&mut self, status: u16, error: Error) -> Error {
        if let Some(progress) = &self.progress {
            progress.failed.store(status, Relaxed);
        }
        self.at_end = None;
        error
    }
}
