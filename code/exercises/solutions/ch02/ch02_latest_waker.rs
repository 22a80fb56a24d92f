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
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_test::task::spawn;

    #[test]
    fn a_fired_signal_is_ready() {
        let signal = Signal::default();
        signal.fire();
        assert!(spawn(signal).poll().is_ready());
    }

    #[test]
    fn firing_wakes_the_task_that_waits() {
        let signal = Signal::default();
        let mut task = spawn(signal.clone());
        assert!(task.poll().is_pending());
        signal.fire();
        assert!(task.is_woken(), "nobody woke the waiting task");
        assert!(task.poll().is_ready());
    }

    #[test]
    fn after_a_move_the_new_task_is_woken() {
        let signal = Signal::default();
        let mut old = spawn(signal.clone());
        assert!(old.poll().is_pending());
        let mut new = spawn(old.into_inner());
        assert!(new.poll().is_pending());

        signal.fire();
        assert!(new.is_woken(), "the wake-up went to the task that let go");
    }
}
