//! Ordinary methods around an async client, for callers that can't await.
//!
//! The facade owns a runtime with one worker thread, so what the client has spawned (a connection,
//! a heartbeat) runs on between two calls. A `current_thread` runtime would stop it there.
//! In code that is async already, use the client itself.
//!
//! The idea is that of mini-redis' [`BlockingClient`], whose runtime stands still between calls.
//!
//! [`BlockingClient`]: https://github.com/tokio-rs/mini-redis/blob/master/src/clients/blocking_client.rs

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

// ANCHOR: facade
/// An async client that ordinary code can call.
#[derive(Debug)]
pub struct Blocking<C> {
    client: C,
    runtime: Background,
}

impl<C> Blocking<C> {
    /// Starts a runtime and opens the client on it.
    ///
    /// # Errors
    ///
    /// The error of `open`, or of the operating system if it gives no thread.
    ///
    /// # Panics
    ///
    /// Within async code, with "Cannot start a runtime from within a runtime".
    pub fn open<E: From<io::Error>>(
        open: impl AsyncFnOnce() -> Result<C, E>,
    ) -> Result<Blocking<C>, E> {
        let runtime = Background::start()?;
        let client = runtime.get().block_on(open())?;
        Ok(Blocking { client, runtime })
    }

    /// Runs one operation of the client, and holds the calling thread until it ends.
    ///
    /// # Panics
    ///
    /// As [`open`](Blocking::open), or if `operation` panics.
    pub fn call<T>(&mut self, operation: impl AsyncFnOnce(&mut C) -> T) -> T {
        self.runtime.get().block_on(operation(&mut self.client))
    }

    /// Drops the client, and waits up to `limit` for blocking work that it has begun.
    /// Its tasks are dropped. Dropping the facade instead waits for none of it.
    ///
    /// # Panics
    ///
    /// Within async code, unless `limit` is zero.
    pub fn close(self, limit: Duration) {
        let Blocking { client, runtime } = self;
        let guard = runtime.get().enter(); // a `Drop` may spawn
        drop(client);
        drop(guard);
        runtime.stop(limit);
    }
}

/// A runtime whose drop doesn't wait, so that it's harmless in async code too.
#[derive(Debug)]
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
// ANCHOR_END: facade

impl Background {
    fn start() -> io::Result<Background> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build()?;
        Ok(Background(Some(runtime)))
    }

    fn get(&self) -> &Runtime {
        self.0.as_ref().expect("it's there until the drop")
    }

    fn stop(mut self, limit: Duration) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as blocking;
    use std::thread;

    use tokio::sync::{mpsc, oneshot};
    use tokio::task::spawn_blocking;

    use super::*;

    /// An async client of a counter that lives in a task.
    struct Counter(mpsc::Sender<oneshot::Sender<u32>>);

    impl Counter {
        async fn open() -> io::Result<Counter> {
            let (questions, mut asked) = mpsc::channel::<oneshot::Sender<u32>>(1);
            tokio::spawn(async move {
                let mut count = 0;
                while let Some(reply) = asked.recv().await {
                    count += 1;
                    let _ = reply.send(count);
                }
            });
            Ok(Counter(questions))
        }

        async fn next(&mut self) -> u32 {
            let (reply, answer) = oneshot::channel();
            self.0.send(reply).await.expect("the task runs");
            answer.await.expect("it answers")
        }
    }

    #[test]
    fn ordinary_code_calls_an_async_client() {
        let mut counter = Blocking::open(Counter::open).unwrap();
        assert_eq!(counter.call(Counter::next), 1);
        assert_eq!(counter.call(async |counter| counter.next().await), 2);
    }

    #[test]
    fn tasks_of_the_client_run_on_between_two_calls() {
        let (tick, ticks) = blocking::channel();
        let open = async move || {
            tokio::spawn(async move {
                loop {
                    tokio::task::yield_now().await;
                    if tick.send(()).is_err() {
                        break;
                    }
                }
            });
            io::Result::Ok(())
        };
        let _client = Blocking::open(open).unwrap();
        for _ in 0..1_000 {
            ticks.recv_timeout(Duration::from_secs(10)).unwrap();
        }
    }

    #[test]
    fn a_client_that_cannot_be_opened_is_an_error() {
        let refused = async || Err::<(), _>(io::Error::other("refused"));
        assert_eq!(Blocking::open(refused).unwrap_err().to_string(), "refused");
    }

    #[tokio::test]
    async fn it_works_on_the_blocking_pool_and_may_be_dropped_anywhere() {
        let open = || Blocking::open(Counter::open).unwrap();
        let mut counter = spawn_blocking(open).await.unwrap();
        let next = move || (counter.call(Counter::next), counter);
        let (first, counter) = spawn_blocking(next).await.unwrap();
        assert_eq!(first, 1);
        drop(counter); // in async code, where dropping a `Runtime` panics
    }

    #[tokio::test]
    #[should_panic = "Cannot start a runtime from within a runtime"]
    async fn in_async_code_it_panics_instead_of_blocking() {
        let _ = Blocking::open(Counter::open);
    }

    #[test]
    fn close_waits_for_blocking_work_that_has_begun() {
        let (started, has_started) = blocking::channel();
        let (release, released) = blocking::channel::<()>();
        let (done, is_done) = blocking::channel();
        let open = async move || {
            spawn_blocking(move || {
                started.send(()).unwrap();
                released.recv().unwrap();
                done.send(()).unwrap();
            });
            io::Result::Ok(())
        };
        let client = Blocking::open(open).unwrap();
        has_started.recv().unwrap();
        let closing = thread::spawn(move || client.close(Duration::from_secs(60)));
        release.send(()).unwrap();
        closing.join().unwrap();
        assert_eq!(is_done.try_recv(), Ok(()));
    }
}
