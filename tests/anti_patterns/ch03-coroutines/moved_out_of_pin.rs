use std::pin::pin;
use std::task::{Context, Waker};
use tokio::task::yield_now;

async fn brew() -> u32 {
    yield_now().await;
    2
}

fn main() {
    let mut cx = Context::from_waker(Waker::noop());
    let mut tea = pin!(brew());
    assert!(tea.as_mut().poll(&mut cx).is_pending());
    let shelf = vec![*tea];
    assert_eq!(shelf.len(), 1);
}
