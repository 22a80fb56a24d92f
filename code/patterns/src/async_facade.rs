//! Awaitable calls of a value that lives on a thread of its own.
//!
//! For libraries that block and whose values want to stay on one thread: a database connection, a
//! serial port, a script engine. The value is made on the thread, so it need not be `Send`.
//! Calls run one at a time, in the order in which they were sent.
//! For single calls without a value that stays, `spawn_blocking` is enough.

use std::io;
use std::thread;

use tokio::sync::{mpsc, oneshot};

/// How many calls may wait for the thread before callers wait for a place.
const WAITING: usize = 64;

// ANCHOR: facade
/// A cheap-to-clone handle to a value on its own thread, which ends with its last handle.
pub struct OnThread<T> {
    calls: mpsc::Sender<Option<Call<T>>>,
}

type Call<T> = Box<dyn FnOnce(&mut T) + Send>;

/// The thread has ended: it was stopped, or a call has panicked. Open the value again.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the thread of the value has ended")]
pub struct Gone;

impl<T: 'static> OnThread<T> {
    /// Starts a thread, opens the value on it, and waits until it's open.
    ///
    /// # Errors
    ///
    /// The error of `open`, or of the operating system if it gives no thread.
    pub async fn open<E>(
        open: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<OnThread<T>, E>
    where
        E: From<io::Error> + Send + 'static,
    {
        let (calls, mut queue) = mpsc::channel::<Option<Call<T>>>(WAITING);
        let (tell, is_open) = oneshot::channel();
        let name = thread::Builder::new().name("on-thread".into());
        name.spawn(move || {
            let mut value = match open() {
                Ok(value) => value,
                Err(error) => return drop(tell.send(Err(error))),
            };
            let _ = tell.send(Ok(()));
            while let Some(Some(call)) = queue.blocking_recv() {
                call(&mut value);
            }
            drop(value); // before `queue`, whose end `stop` waits for
        })?;
        let died = |_| Err(io::Error::other("`open` has panicked").into());
        is_open.await.unwrap_or_else(died)?;
        Ok(OnThread { calls })
    }

    /// Runs `call` on the thread, and returns its answer.
    ///
    /// Cancel safe in this sense: a call whose future is dropped before its turn isn't made.
    /// One that has begun runs to its end.
    pub async fn call<R: Send + 'static>(
        &self,
        call: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<R, Gone> {
        let (reply, answer) = oneshot::channel();
        let call: Call<T> = Box::new(move |value| {
            if !reply.is_closed() {
                let _ = reply.send(call(value));
            }
        });
        self.calls.send(Some(call)).await.map_err(|_| Gone)?;
        answer.await.map_err(|_| Gone)
    }

    /// Lets the calls before it run, drops the value, and waits until that's done.
    pub async fn stop(self) {
        let _ = self.calls.send(None).await; // an error: it has ended
        self.calls.closed().await;
    }
}
// ANCHOR_END: facade

impl<T> Clone for OnThread<T> {
    fn clone(&self) -> OnThread<T> {
        OnThread {
            calls: self.calls.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::sync::mpsc as blocking;

    use tokio_test::assert_pending;
    use tokio_test::task::spawn;

    use super::*;

    async fn list() -> OnThread<Vec<u32>> {
        OnThread::open(|| io::Result::Ok(Vec::new())).await.unwrap()
    }

    #[tokio::test]
    async fn the_value_stays_on_one_thread_and_need_not_be_send() {
        let open = || io::Result::Ok(Rc::new(thread::current().id()));
        let home = OnThread::open(open).await.unwrap();
        let seen = home.call(|home| (**home, thread::current().id()));
        let (home, here) = seen.await.unwrap();
        assert_eq!(home, here);
        assert_ne!(here, thread::current().id());
    }

    #[tokio::test]
    async fn calls_run_in_the_order_in_which_they_were_sent() {
        let list = list().await;
        let push = |number| list.call(move |list| list.push(number));
        let (one, two, three) = tokio::join!(push(1), push(2), push(3));
        assert_eq!([one, two, three], [Ok(()), Ok(()), Ok(())]);
        assert_eq!(list.call(|list| list.clone()).await, Ok(vec![1, 2, 3]));
    }

    #[tokio::test]
    async fn a_call_whose_future_was_dropped_before_its_turn_is_not_made() {
        let list = list().await;
        let (release, released) = blocking::channel::<()>();
        let mut busy = spawn(list.call(move |_| released.recv()));
        assert_pending!(busy.poll());
        let mut given_up = spawn(list.call(|list| list.push(1)));
        assert_pending!(given_up.poll());
        drop(given_up);
        release.send(()).unwrap();
        assert_eq!(list.call(|list| list.len()).await, Ok(0));
    }

    #[tokio::test]
    async fn stop_waits_until_the_value_is_dropped() {
        static DROPPED: AtomicBool = AtomicBool::new(false);
        struct File;
        impl Drop for File {
            fn drop(&mut self) {
                thread::yield_now();
                DROPPED.store(true, SeqCst);
            }
        }
        let file = OnThread::open(|| io::Result::Ok(File)).await.unwrap();
        let other = file.clone();
        file.stop().await;
        assert!(DROPPED.load(SeqCst));
        assert_eq!(other.call(|_| ()).await, Err(Gone));
    }

    #[tokio::test]
    async fn a_call_that_panics_ends_the_thread_and_its_caller_is_told() {
        let list = list().await;
        assert_eq!(list.call(|_| panic!("on purpose")).await, Err(Gone));
        list.calls.closed().await;
        assert_eq!(list.call(|_| ()).await, Err(Gone));
    }

    #[tokio::test]
    async fn a_value_that_cannot_be_opened_is_an_error() {
        let refused = || Err::<(), _>(io::Error::other("refused"));
        let error = OnThread::open(refused).await.err().unwrap();
        assert_eq!(error.to_string(), "refused");
    }
}
