//! Wrong: asks every future whenever one of them was woken.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};

type BoxFuture = Pin<Box<dyn Future<Output = ()>>>;

struct Flag {
    woken: AtomicBool,
    executor: Thread,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.executor.unpark();
    }
}

/// Polls the futures until each has finished.
fn run_all(futures: Vec<BoxFuture>) {
    let mut running: Vec<(Arc<Flag>, BoxFuture)> = futures
        .into_iter()
        .map(|future| {
            let flag = Flag {
                woken: AtomicBool::new(true),
                executor: thread::current(),
            };
            (Arc::new(flag), future)
        })
        .collect();

    while !running.is_empty() {
        let raised = |(flag, _): &(Arc<Flag>, BoxFuture)| flag.woken.swap(false, Ordering::AcqRel);
        if !running.iter().any(raised) {
            thread::park();
            continue;
        }
        running.retain_mut(|(flag, future)| {
            let waker = Waker::from(Arc::clone(flag));
            let mut context = Context::from_waker(&waker);
            future.as_mut().poll(&mut context).is_pending()
        });
    }
}

fn main() {}
