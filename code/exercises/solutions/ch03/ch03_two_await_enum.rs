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
    AtSecond(u32, Receiver<u32>),
    Returned,
}

impl Future for Add {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        loop {
            match std::mem::replace(&mut *self, Add::Returned) {
                Add::AtFirst(mut first, second) => match Pin::new(&mut first).poll(cx) {
                    Poll::Pending => {
                        *self = Add::AtFirst(first, second);
                        return Poll::Pending;
                    }
                    Poll::Ready(left) => {
                        *self = Add::AtSecond(left.expect("the sender is alive"), second);
                    }
                },
                Add::AtSecond(left, mut second) => match Pin::new(&mut second).poll(cx) {
                    Poll::Pending => {
                        *self = Add::AtSecond(left, second);
                        return Poll::Pending;
                    }
                    Poll::Ready(right) => {
                        return Poll::Ready(left + right.expect("the sender is alive"));
                    }
                },
                Add::Returned => panic!("`Add` polled after completion"),
            }
        }
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;
    use tokio_test::{assert_pending, assert_ready_eq, task};

    #[test]
    fn it_waits_for_the_first_number_and_then_for_the_second() {
        let (send_first, first) = oneshot::channel();
        let (send_second, second) = oneshot::channel();
        let mut sum = task::spawn(Add::AtFirst(first, second));
        assert_pending!(sum.poll());
        send_first.send(30).unwrap();
        assert!(sum.is_woken(), "the first channel does not know the waker");
        assert_pending!(sum.poll());
        assert_pending!(sum.poll());
        send_second.send(12).unwrap();
        assert!(sum.is_woken(), "the second channel does not know the waker");
        assert_ready_eq!(sum.poll(), 42);
    }

    #[test]
    fn numbers_that_are_there_already_are_added_in_one_poll() {
        let (send_first, first) = oneshot::channel();
        let (send_second, second) = oneshot::channel();
        send_first.send(1).unwrap();
        send_second.send(2).unwrap();
        assert_ready_eq!(task::spawn(Add::AtFirst(first, second)).poll(), 3);
    }

    #[test]
    fn the_enum_is_not_larger_than_the_async_fn() {
        let by_rustc = size_of_val(&add(oneshot::channel().1, oneshot::channel().1));
        assert!(size_of::<Add>() <= by_rustc, "rustc needs {by_rustc} bytes");
    }
}
