//! Wrong: forgets the first number at the second wait, and polls a receiver that is done.

use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot::Receiver;

pub async fn add(first: Receiver<u32>, second: Receiver<u32>) -> u32 {
    let left = first.await.expect("the sender is alive");
    let right = second.await.expect("the sender is alive");
    left + right
}

pub enum Add {
    AtFirst(Receiver<u32>, Receiver<u32>),
    Returned,
}

impl Future for Add {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let Add::AtFirst(first, second) = &mut *self else {
            panic!("`Add` polled after completion");
        };
        let Poll::Ready(left) = Pin::new(first).poll(cx) else {
            return Poll::Pending;
        };
        let Poll::Ready(right) = Pin::new(second).poll(cx) else {
            return Poll::Pending;
        };
        *self = Add::Returned;
        Poll::Ready(left.expect("the sender is alive") + right.expect("the sender is alive"))
    }
}

fn main() {}
