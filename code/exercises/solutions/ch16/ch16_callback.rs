//! `hear` makes a future of a library's callback. The library calls from a thread of its
//! own, or from yours; it may drop the callback without calling it; and the listener may
//! give up before it is called.
//!
//! Return what was heard, or `Silent`; and let no case panic.

use tokio::sync::oneshot;

/// A library: it calls back once, on whatever thread it likes, or never.
trait Radio {
    fn listen(&self, heard: Box<dyn FnOnce(u32) + Send>);
}

/// The radio has dropped the callback without calling it.
#[derive(Debug, PartialEq, Eq)]
struct Silent;

/// What the radio hears next.
async fn hear(radio: &impl Radio) -> Result<u32, Silent> {
    let (tell, told) = oneshot::channel();
    radio.listen(Box::new(move |word| {
        let _ = tell.send(word); // an error: no one waits anymore
    }));
    told.await.map_err(|_| Silent)
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::thread;
    use tokio::task::yield_now;

    struct Thread;
    impl Radio for Thread {
        fn listen(&self, heard: Box<dyn FnOnce(u32) + Send>) {
            thread::spawn(move || heard(7));
        }
    }

    struct Broken;
    impl Radio for Broken {
        fn listen(&self, _heard: Box<dyn FnOnce(u32) + Send>) {}
    }

    /// Keeps the callback until it is called by hand.
    #[derive(Default)]
    struct Slow(Mutex<Option<Box<dyn FnOnce(u32) + Send>>>);
    impl Radio for &'static Slow {
        fn listen(&self, heard: Box<dyn FnOnce(u32) + Send>) {
            *self.0.lock().unwrap() = Some(heard);
        }
    }

    // `tokio::test` runs an async function, here on one thread, as a #[test]
    #[tokio::test]
    async fn a_call_from_another_thread_is_heard() {
        assert_eq!(hear(&Thread).await, Ok(7));
    }

    #[tokio::test]
    async fn a_dropped_callback_is_an_error() {
        assert_eq!(hear(&Broken).await, Err(Silent));
    }

    #[tokio::test]
    async fn a_listener_that_gave_up_does_not_break_the_library() {
        let radio: &'static Slow = Box::leak(Box::default());
        let listener = tokio::spawn(async move { hear(&radio).await });
        yield_now().await; // it listens
        listener.abort();
        assert!(listener.await.unwrap_err().is_cancelled());
        let heard = radio.0.lock().unwrap().take().expect("it listens");
        heard(7);
    }
}
