//! A client asks a worker, one question at a time, over a pipe: a byte there, a byte back.
//! If a call is dropped half way, the next caller gets its answer. And when the worker has
//! died, no call works anymore.
//!
//! Repair `call`. `connect` starts a worker and returns the pipe to it.

use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

struct Client<C> {
    connect: C,
    /// A worker that owes no answer.
    idle: Option<DuplexStream>,
}

impl<C: FnMut() -> DuplexStream> Client<C> {
    /// The answer to `question`. An error if the worker died of it.
    async fn call(&mut self, question: u8) -> io::Result<u8> {
        // TODO: take the worker out; put it back when it owes nothing.
        let pipe = self.idle.get_or_insert_with(&mut self.connect);
        pipe.write_u8(question).await?;
        pipe.read_u8().await
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::duplex;
    use tokio::time::{sleep, timeout};

    const SECOND: Duration = Duration::from_secs(1);

    /// A worker that thinks for as many seconds as the question says, and dies of 13.
    fn start() -> DuplexStream {
        let (ours, mut theirs) = duplex(64);
        tokio::spawn(async move {
            while let Ok(question) = theirs.read_u8().await {
                sleep(u32::from(question) * SECOND).await;
                if question == 13 || theirs.write_u8(question).await.is_err() {
                    return;
                }
            }
        });
        ours
    }

    fn client() -> Client<impl FnMut() -> DuplexStream> {
        Client {
            connect: start,
            idle: None,
        }
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_owes_nothing_to_the_next() {
        let mut client = client();
        assert!(timeout(SECOND, client.call(5)).await.is_err());
        assert_eq!(client.call(2).await.expect("an answer"), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn another_takes_the_place_of_one_that_died() {
        let mut client = client();
        assert!(client.call(13).await.is_err());
        assert_eq!(client.call(2).await.expect("an answer"), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_owes_nothing_is_asked_again() {
        let mut started = 0;
        let connect = || {
            started += 1;
            start()
        };
        let mut client = Client {
            connect,
            idle: None,
        };
        for question in 1..=3 {
            assert_eq!(client.call(question).await.expect("an answer"), question);
        }
        assert_eq!(started, 1);
    }
}
