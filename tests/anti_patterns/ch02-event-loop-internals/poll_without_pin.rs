use std::task::{Context, Poll, Waker};

async fn answer() -> u32 {
    42
}

fn main() {
    let mut future = answer();
    let mut context = Context::from_waker(Waker::noop());
    let polled = future.poll(&mut context);
    assert_eq!(polled, Poll::Ready(42));
}
