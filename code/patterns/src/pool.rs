//! A pool of connections: so many at most, used again and again, and given back by dropping.
//!
//! A semaphore counts the connections that are lent, a stack keeps those that are idle. The last
//! one given back is the first one lent again, so that what isn't needed grows old and goes.
//!
//! This is the pool to understand the others by. For databases take `deadpool` or the pool of
//! `sqlx`, which also open connections ahead of time and test them on the wire.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

// ANCHOR: pool
/// Lends connections that `connect` makes, and at most so many at a time.
#[derive(Debug)]
pub struct Pool<C, F> {
    connect: F,
    /// Connections older than this are not lent again.
    longest_life: Duration,
    idle: Mutex<Vec<Connection<C>>>,
    permits: Semaphore,
}

#[derive(Debug)]
struct Connection<C> {
    inner: C,
    made: Instant,
    broken: bool,
}

impl<C, F, E> Pool<C, F>
where
    F: AsyncFn() -> Result<C, E>,
{
    /// A pool without connections; `connect` makes one when one is needed.
    pub fn new(size: usize, longest_life: Duration, connect: F) -> Pool<C, F> {
        Pool {
            connect,
            longest_life,
            idle: Mutex::default(),
            permits: Semaphore::new(size),
        }
    }

    /// Lends an idle connection, or makes one. Waits while all of them are lent.
    ///
    /// Cancel safe: dropped while it waits or connects, it keeps no place in the pool.
    ///
    /// # Errors
    ///
    /// What `connect` returns, if it has to be called.
    pub async fn get(&self) -> Result<Lent<'_, C>, E> {
        let permit = self.permits.acquire().await.expect("never closed");
        let connection = match self.idle_one() {
            Some(connection) => connection,
            None => Connection {
                inner: (self.connect)().await?, // on an error, the permit goes back
                made: Instant::now(),
                broken: false,
            },
        };
        Ok(Lent {
            connection: Some(connection),
            idle: &self.idle,
            _permit: permit,
        })
    }

    /// The idle connection that was used last and isn't too old. Drops those that are.
    fn idle_one(&self) -> Option<Connection<C>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| connection.made.elapsed() < self.longest_life);
        idle.pop()
    }
}

/// A connection on loan. Dropping it gives it back.
#[derive(Debug)]
pub struct Lent<'a, C> {
    connection: Option<Connection<C>>,
    idle: &'a Mutex<Vec<Connection<C>>>,
    // Dropped after `Drop::drop` has run: the connection is back before the next one is let in.
    _permit: SemaphorePermit<'a>,
}

impl<C> Lent<'_, C> {
    /// Says that the connection must not be used again, say after a half-finished answer.
    pub fn mark_broken(&mut self) {
        self.connection.as_mut().expect("lent").broken = true;
    }
}

impl<C> Drop for Lent<'_, C> {
    fn drop(&mut self) {
        let connection = self.connection.take().expect("lent");
        if !connection.broken {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(connection);
        }
    }
}
// ANCHOR_END: pool

impl<C> Deref for Lent<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.connection.as_ref().expect("lent").inner
    }
}

impl<C> DerefMut for Lent<'_, C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.connection.as_mut().expect("lent").inner
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::{advance, sleep, timeout};
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready};

    use super::*;
    use crate::cancel_at_every_await::cancel_at_every_await;

    const HOUR: Duration = Duration::from_secs(3600);

    /// Counts the connections that were made.
    fn pool(size: usize, made: &Cell<u32>) -> Pool<u32, impl AsyncFn() -> Result<u32, ()>> {
        Pool::new(size, HOUR, async || {
            made.set(made.get() + 1);
            Ok(made.get())
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_given_back_is_lent_again() {
        let made = Cell::new(0);
        let pool = pool(2, &made);
        for _ in 0..3 {
            assert_eq!(*pool.get().await.expect("connects"), 1);
        }
        assert_eq!(made.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_lent_than_the_pool_has() {
        let made = Cell::new(0);
        let pool = pool(2, &made);
        let _first = pool.get().await.expect("connects");
        let second = pool.get().await.expect("connects");
        let mut third = spawn(pool.get());
        assert_pending!(third.poll());
        drop(second);
        assert_eq!(*assert_ready!(third.poll()).expect("connects"), 2);
        assert_eq!(made.get(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_broken_or_old_connection_is_not_lent_again() {
        let made = Cell::new(0);
        let pool = pool(1, &made);
        pool.get().await.expect("connects").mark_broken();
        assert_eq!(*pool.get().await.expect("connects"), 2);
        advance(HOUR).await;
        assert_eq!(*pool.get().await.expect("connects"), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_or_cancelled_connect_leaves_the_place_free() {
        let tries = Cell::new(0);
        let pool = Pool::new(1, HOUR, async || {
            tries.set(tries.get() + 1);
            match tries.get() {
                1 => Err("refused"),
                2 => {
                    sleep(HOUR).await;
                    Err("unreachable")
                }
                _ => Ok("connected"),
            }
        });
        assert_eq!(pool.get().await.err(), Some("refused"));
        let second = Duration::from_secs(1);
        assert!(timeout(second, pool.get()).await.is_err());
        assert_eq!(*pool.get().await.expect("connects"), "connected");
    }

    #[test]
    fn a_get_that_is_dropped_anywhere_keeps_no_place() {
        let points = cancel_at_every_await(async |cut| {
            let pool = Pool::new(1, HOUR, async || {
                sleep(Duration::from_secs(1)).await;
                Ok::<_, ()>("connected")
            });
            let mut lent = pool.get().await.expect("connects");
            lent.mark_broken();
            let give_back = async {
                sleep(Duration::from_secs(1)).await;
                drop(lent);
            };
            // Waits for the place, then for the connection.
            let (got, ()) = tokio::join!(cut.run(pool.get()), give_back);
            drop(got);
            assert_eq!(*pool.get().await.expect("connects"), "connected");
        });
        assert!(points >= 2, "{points}");
    }
}
