//! Tokio's `watch`, as [loom] sees it.
//!
//! [loom]: https://docs.rs/loom/0.7.3/loom/

use std::sync::Arc;

use tokio::sync::watch;

use crate::Point;

/// Tokio's sender, with a [`Point`] before every call.
#[derive(Debug)]
pub struct Sender<T> {
    inner: watch::Sender<T>,
    point: Arc<Point>,
}

/// Tokio's receiver, with a [`Point`] before every call.
#[derive(Clone, Debug)]
pub struct Receiver<T> {
    inner: watch::Receiver<T>,
    point: Arc<Point>,
}

impl<T> Sender<T> {
    /// See [`watch::Sender::new`].
    pub fn new(value: T) -> Self {
        Self {
            inner: watch::Sender::new(value),
            point: Arc::default(),
        }
    }

    /// See [`watch::Sender::subscribe`].
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver {
            inner: self.point.step(|| self.inner.subscribe()),
            point: Arc::clone(&self.point),
        }
    }

    /// See [`watch::Sender::send_modify`].
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.point.step(|| self.inner.send_modify(modify));
    }

    /// See [`watch::Sender::send_replace`].
    pub fn send_replace(&self, value: T) -> T {
        self.point.step(|| self.inner.send_replace(value))
    }

    /// See [`watch::Sender::receiver_count`].
    pub fn receiver_count(&self) -> usize {
        self.point.step(|| self.inner.receiver_count())
    }
}

impl<T> Receiver<T> {
    /// See [`watch::Receiver::changed`].
    pub async fn changed(&mut self) -> Result<(), watch::error::RecvError> {
        self.point.steps(self.inner.changed()).await
    }

    /// Without the value, whose guard would lock out threads that loom lets go on.
    pub fn borrow_and_update(&mut self) {
        self.point.step(|| drop(self.inner.borrow_and_update()));
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.point.step(|| {});
    }
}
