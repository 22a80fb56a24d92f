use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::timeout;

#[derive(Clone, Default)]
struct Flag(Arc<Mutex<(bool, Option<Waker>)>>);

impl Future for Flag {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut flag = self.0.lock().unwrap();
        flag.1 = Some(cx.waker().clone());
        if flag.0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let flag = Flag::default();
    let setter = flag.clone();
    let waits = tokio::spawn(flag);
    tokio::task::yield_now().await;
    let mut inner = setter.0.lock().unwrap();
    inner.0 = true;
    inner.1.take().unwrap().wake();
    drop(inner);
    waits.await.unwrap();
    let never = poll_fn(|_| Poll::<()>::Pending);
    assert!(timeout(Duration::from_secs(1), never).await.is_err());
}
