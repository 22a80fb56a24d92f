//! Wrong: keeps the waker of the first poll, which belongs to a task that has let go.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

#[derive(Default)]
struct State {
    fired: bool,
    waker: Option<Waker>,
}

#[derive(Clone, Default)]
struct Signal(Arc<Mutex<State>>);

impl Signal {
    fn fire(&self) {
        let mut state = self.0.lock().unwrap();
        state.fired = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Future for Signal {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        if state.fired {
            return Poll::Ready(());
        }
        state.waker.get_or_insert_with(|| context.waker().clone());
        Poll::Pending
    }
}

fn main() {}
