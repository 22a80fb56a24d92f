//! A rate limit: so many a second on average, and a few at once.
//!
//! The bucket fills with a token every `interval` and holds `burst` of them; each call takes one,
//! and waits if there is none. Callers are served in the order in which they came.
//!
//! Only one moment is stored, that at which the bucket will be full again. It is the
//! *theoretical arrival time* of the [generic cell rate algorithm] (ITU-T I.371), and it makes
//! the bucket exact: no timer runs while nobody asks.
//!
//! Take the crate [`governor`] for keys, quotas per minute and other clocks.
//!
//! [generic cell rate algorithm]: https://www.itu.int/rec/T-REC-I.371
//! [`governor`]: https://docs.rs/governor

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

// ANCHOR: bucket
/// Grants a number of calls a second, and up to `burst` of them at once.
#[derive(Debug)]
pub struct TokenBucket {
    /// How long one token takes to come.
    interval: Duration,
    burst: NonZeroU32,
    /// When the bucket will be full again. It is full now if that has passed.
    full_at: Mutex<Instant>,
    /// Those who wait stand in line here, so that a latecomer can't overtake them.
    line: tokio::sync::Mutex<()>,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(per_second: NonZeroU32, burst: NonZeroU32) -> TokenBucket {
        TokenBucket {
            interval: Duration::from_secs(1) / per_second.get(),
            burst,
            full_at: Mutex::new(Instant::now()),
            line: tokio::sync::Mutex::default(),
        }
    }

    /// Takes a token if there is one; otherwise says how long it takes until there is.
    pub fn try_take(&self) -> Result<(), Duration> {
        let now = Instant::now();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        // Without the token, the bucket is full one interval later, and may not lack more than
        // `burst` of them.
        let without_it = (*full_at).max(now) + self.interval;
        let lacks = without_it - now;
        match lacks.checked_sub(self.interval * self.burst.get()) {
            Some(too_much) if !too_much.is_zero() => Err(too_much),
            _ => {
                *full_at = without_it;
                Ok(())
            }
        }
    }

    /// Waits for a token and takes it.
    ///
    /// Cancel safe: a call that is dropped while it waits has taken nothing.
    pub async fn take(&self) {
        let _first_in_line = self.line.lock().await;
        while let Err(wait) = self.try_take() {
            sleep(wait).await;
        }
    }
}
// ANCHOR_END: bucket

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::time::{advance, timeout};

    use super::*;
    use crate::cancel_at_every_await::cancel_at_every_await;

    const SECOND: Duration = Duration::from_secs(1);

    fn bucket(per_second: u32, burst: u32) -> TokenBucket {
        let some = |number| NonZeroU32::new(number).expect("not zero");
        TokenBucket::new(some(per_second), some(burst))
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_bucket_serves_a_burst_and_then_the_rate() {
        let (start, bucket) = (Instant::now(), bucket(1, 2));
        let mut moments = Vec::new();
        for _ in 0..5 {
            bucket.take().await;
            moments.push(start.elapsed().as_secs());
        }
        assert_eq!(moments, [0, 0, 1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_bucket_fills_up_to_its_burst_and_no_further() {
        let bucket = bucket(1, 3);
        advance(3600 * SECOND).await;
        let taken = (0..10).filter(|_| bucket.try_take().is_ok()).count();
        assert_eq!(taken, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_says_how_long_to_wait() {
        let bucket = bucket(4, 1);
        assert_eq!(bucket.try_take(), Ok(()));
        let wait = bucket.try_take().expect_err("it is empty");
        assert_eq!(wait, SECOND / 4);
        advance(wait).await;
        assert_eq!(bucket.try_take(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_takes_nothing() {
        let (start, bucket) = (Instant::now(), bucket(1, 1));
        bucket.take().await;
        assert!(timeout(SECOND / 2, bucket.take()).await.is_err());
        bucket.take().await;
        assert_eq!(start.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_are_served_in_order() {
        let bucket = bucket(1, 1);
        bucket.take().await;
        let order = Mutex::new(Vec::new());
        let call = async |name| {
            bucket.take().await;
            order.lock().expect("no panic").push(name);
        };
        tokio::join!(call("first"), call("second"), call("third"));
        assert_eq!(
            order.into_inner().expect("no panic"),
            ["first", "second", "third"]
        );
    }

    proptest! {
        /// In any span of time, at most the burst and what has come in meanwhile.
        #[test]
        fn no_window_grants_more_than_it_may(
            per_second in 1_u32..50,
            burst in 1_u32..10,
            pauses in prop::collection::vec(0_u64..400, 1..80),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a small runtime");
            let granted = runtime.block_on(async {
                let (start, bucket) = (Instant::now(), bucket(per_second, burst));
                let mut granted = Vec::new();
                for pause in pauses {
                    advance(Duration::from_millis(pause)).await;
                    if bucket.try_take().is_ok() {
                        granted.push(start.elapsed());
                    }
                }
                granted
            });
            for (first, from) in granted.iter().enumerate() {
                for (last, to) in granted.iter().enumerate().skip(first) {
                    let most = f64::from(burst) + (*to - *from).as_secs_f64() * f64::from(per_second);
                    prop_assert!((last - first + 1) as f64 <= most + 1e-6);
                }
            }
        }
    }

    #[test]
    fn a_take_that_is_dropped_anywhere_has_taken_nothing() {
        let points = cancel_at_every_await(async |cut| {
            let (start, bucket) = (Instant::now(), bucket(1, 1));
            bucket.take().await;
            let ahead = async {
                bucket.take().await; // at 1 s
            };
            let (taken, ()) = tokio::join!(cut.run(bucket.take()), ahead);
            bucket.take().await;
            let expected = if taken.is_some() { 3 } else { 2 };
            assert_eq!(start.elapsed(), expected * SECOND);
        });
        assert!(points > 0);
    }
}
