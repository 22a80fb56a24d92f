//! Marks: futures that know their place in the source and report each poll.

use std::any::type_name;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::probe::{self, Mark};

/// Gives any future its place in the source: `sleep(second).at_place::<3>().await`.
pub trait At: IntoFuture + Sized {
    /// Wraps the future in a mark; `PLACE` is its index among the places of the program.
    fn at_place<const PLACE: u32>(self) -> Marked<Self::IntoFuture> {
        Marked {
            mark: None,
            place: PLACE,
            inner: self.into_future(),
        }
    }
}

impl<F: IntoFuture> At for F {}

pin_project! {
    /// A future that reports when it is polled, parked, finished and dropped.
    ///
    /// It adds nothing else: the future inside is polled when it would be polled without it.
    pub struct Marked<F> {
        // First, so that a dropped mark reports before the marks inside it do.
        mark: Option<Mark>,
        place: u32,
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for Marked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mark = this
            .mark
            .get_or_insert_with(|| probe::reach(*this.place, type_name::<F>()));
        let poll = mark.poll(cx, |cx| this.inner.poll(cx));
        if poll.is_ready() {
            *this.mark = None;
        }
        poll
    }
}
