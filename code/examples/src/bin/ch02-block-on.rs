//! Step 1 of an executor: run one future to its end, asleep while it waits.
//!
//! Run it: `cargo run -p examples --bin ch02-block-on`

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

// ANCHOR: waker
/// Wakes the thread that runs the future.
struct WakeThread(Thread);

impl Wake for WakeThread {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
// ANCHOR_END: waker

// ANCHOR: block_on
/// Polls `future` until it is ready, and sleeps between the polls.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(WakeThread(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
// ANCHOR_END: block_on

// ANCHOR: letter
/// A letter on its way: what both the sender and the reader can reach.
#[derive(Default)]
struct Post {
    letter: Option<String>,
    reader: Option<Waker>,
}

/// A future that is ready once the letter is there.
struct Letter(Arc<Mutex<Post>>);

impl Future for Letter {
    type Output = String;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<String> {
        let mut post = self.0.lock().expect("no holder panics");
        match post.letter.take() {
            Some(letter) => Poll::Ready(letter),
            None => {
                post.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

fn deliver(post: &Mutex<Post>, letter: &str) {
    let mut post = post.lock().expect("no holder panics");
    post.letter = Some(letter.to_owned());
    let reader = post.reader.take();
    drop(post);
    if let Some(reader) = reader {
        reader.wake();
    }
}
// ANCHOR_END: letter

// ANCHOR: main
fn main() {
    let post = Arc::new(Mutex::new(Post::default()));
    let letter = Letter(Arc::clone(&post));

    thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        deliver(&post, "hello");
    });

    let text = block_on(async { letter.await.to_uppercase() });
    assert_eq!(text, "HELLO");
    println!("{text}");
}
// ANCHOR_END: main

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{poll_fn, ready};

    #[test]
    fn a_ready_future_needs_no_wake_up() {
        assert_eq!(block_on(ready(7)), 7);
    }

    // ANCHOR: two_polls
    #[test]
    fn a_letter_on_its_way_costs_two_polls() {
        let post = Arc::new(Mutex::new(Post::default()));
        let mut letter = Letter(Arc::clone(&post));
        let mut polls = 0;

        let text = block_on(poll_fn(|context| {
            polls += 1;
            let answer = Pin::new(&mut letter).poll(context);
            if answer.is_pending() {
                let post = Arc::clone(&post);
                thread::spawn(move || deliver(&post, "hello"));
            }
            answer
        }));

        assert_eq!((text.as_str(), polls), ("hello", 2));
    }
    // ANCHOR_END: two_polls

    #[test]
    fn a_letter_that_came_first_is_not_lost() {
        let post = Arc::new(Mutex::new(Post::default()));
        deliver(&post, "early");
        assert_eq!(block_on(Letter(post)), "early");
    }
}
