//! A client with all of its layers in their order, made of the patterns of the book.
//!
//! ```console
//! cargo run -p examples --bin ch26-client
//! ```

use patterns::breaker::{Breaker, Law};
use patterns::deadline::Deadline;
use patterns::retry::{Backoff, Failure, RetryBudget, retry};
use tokio::sync::Semaphore;
use tokio::time::{Duration, timeout};

// ANCHOR: client
/// What an answer may be: the error says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Error {
    Busy,     // the service said so, or we have no permit
    Open,     // the breaker refuses
    NoAnswer, // not within the limit
}

struct Client {
    whole: Duration,   // for a call, its retries included
    attempt: Duration, // for one of them
    backoff: Backoff,
    budget: RetryBudget,
    breaker: Breaker,
    permits: Semaphore,
}

impl Client {
    /// The price, or the last known one. A read: it's safe to repeat.
    async fn price(&self, known: u32, ask: impl AsyncFn() -> Result<u32, Error>) -> u32 {
        let deadline = Deadline::after(self.whole);
        let dice = || 0.5; // `fastrand::f64`
        let attempts = retry(&self.backoff, &self.budget, deadline, dice, async || {
            self.attempt(&ask).await.map_err(|error| match error {
                Error::Open => Failure::Final(error),
                Error::Busy | Error::NoAnswer => Failure::Again(error),
            })
        });
        deadline
            .run(attempts)
            .await
            .map_or(known, |answer| answer.unwrap_or(known))
    }

    async fn attempt(&self, ask: impl AsyncFn() -> Result<u32, Error>) -> Result<u32, Error> {
        let entered = self.breaker.enter().map_err(|_| Error::Open)?;
        let _permit = self.permits.try_acquire().map_err(|_| Error::Busy)?;
        let answer = timeout(self.attempt, ask()).await;
        match answer.unwrap_or(Err(Error::NoAnswer)) {
            Ok(price) => {
                entered.succeeded();
                Ok(price)
            }
            Err(error) => {
                entered.failed();
                Err(error)
            }
        }
    }
}
// ANCHOR_END: client

fn client() -> Client {
    Client {
        whole: Duration::from_secs(5),
        attempt: Duration::from_secs(1),
        backoff: Backoff {
            first: Duration::from_millis(300),
            longest: Duration::from_secs(3),
            attempts: 3,
        },
        budget: RetryBudget::new(10, 10),
        breaker: Breaker::new(Law {
            window: Duration::from_secs(10),
            calls: 6,
            ratio: 0.5,
            pause: Duration::from_secs(30),
            probes: 1,
        }),
        permits: Semaphore::new(10),
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let price = client().price(100, async || Ok(110)).await;
    println!("{price}");
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;
    use std::mem;
    use std::net::SocketAddr;

    use futures::future::join_all;
    use testbed::proxy::{Fault, Proxy, Target};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_hangs_is_repeated() {
        let (start, asked, client) = (Instant::now(), Cell::new(0), client());
        let price = client.price(100, async || {
            asked.set(asked.get() + 1);
            if asked.get() == 1 {
                pending::<()>().await;
            }
            Ok(110)
        });
        assert_eq!(price.await, 110);
        assert_eq!(start.elapsed(), Duration::from_millis(1_000 + 150));
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_hangs_is_left_alone_and_asked_again_after_the_pause() {
        let (client, asked) = (client(), Cell::new(0));
        let hangs = async || {
            asked.set(asked.get() + 1);
            pending().await
        };
        for _ in 0..2 {
            assert_eq!(client.price(100, hangs).await, 100); // 3 attempts each
        }
        let start = Instant::now();
        for _ in 0..100 {
            assert_eq!(client.price(100, hangs).await, 100);
        }
        assert_eq!((asked.get(), start.elapsed()), (6, Duration::ZERO));

        sleep(Duration::from_secs(30)).await;
        assert_eq!(client.price(100, async || Ok(110)).await, 110);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_waits_to_retry_holds_no_permit() {
        let client = client();
        let fails = client.price(100, async || Err(Error::Busy));
        let other = async {
            sleep(Duration::from_millis(100)).await;
            client.permits.available_permits()
        };
        assert_eq!(tokio::join!(fails, other), (100, 10));
    }

    /// A service that answers each number with ten times as much.
    async fn service() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let item = socket.read_u32().await?;
                    socket.write_u32(item * 10).await
                });
            }
        });
        address
    }

    async fn ask(address: SocketAddr, item: u32) -> Result<u32, Error> {
        let answer = async {
            let mut socket = TcpStream::connect(address).await?;
            socket.write_u32(item).await?;
            socket.read_u32().await
        };
        answer.await.map_err(|_lost| Error::NoAnswer)
    }

    // ANCHOR: chaos
    const MILLIS: Duration = Duration::from_millis(1);

    /// Does harm in six ways, three times each: whether calls get through again after each of
    /// them, and the permits that are left.
    async fn chaos(price: impl AsyncFn(&Client, SocketAddr, u32) -> u32) -> (bool, usize) {
        let proxy = Proxy::start(Target::Tcp(service().await)).await;
        let mut client = client();
        (client.whole, client.attempt) = (300 * MILLIS, 50 * MILLIS);
        client.backoff.first = 10 * MILLIS;
        client.breaker = Breaker::new(Law {
            window: 1_000 * MILLIS,
            calls: 6,
            ratio: 0.5,
            pause: 20 * MILLIS,
            probes: 1,
        });
        let faults = [
            Fault::Delay(20 * MILLIS),
            Fault::Swallow,
            Fault::Close(0),
            Fault::Close(2), // in the middle of an answer
            Fault::Reset(0),
        ];
        let price = async |item| price(&client, proxy.address(), item).await;

        for round in 0..18 {
            match faults.get(round % 6) {
                Some(fault) => proxy.harm(*fault),
                None => proxy.refuse(),
            }
            let prices = join_all((0..20).map(price)).await;
            for (item, price) in (0..).zip(prices) {
                assert!(price == item * 10 || price == 7); // its own, or the old one
            }
            proxy.heal();
            let mut tries = 200;
            while price(42).await != 420 {
                tries -= 1;
                if tries == 0 {
                    return (false, client.permits.available_permits());
                }
                sleep(10 * MILLIS).await; // until the breaker closes
            }
        }
        (true, client.permits.available_permits())
    }

    #[tokio::test]
    async fn whatever_happens_on_the_wire_calls_end_and_the_client_recovers() {
        let price = async |client: &Client, address, item| {
            client.price(7, async || ask(address, item).await).await
        };
        assert_eq!(chaos(price).await, (true, 10));
    }
    // ANCHOR_END: chaos

    /// A call of a broken client: it gives no permit back, or it doesn't report on its probes.
    async fn broken(
        client: &Client,
        at: (SocketAddr, u32),
        leaks: bool,
        opened: &Cell<bool>,
    ) -> u32 {
        let Ok(entered) = client.breaker.enter() else {
            opened.set(true); // who is let in from now on is a probe
            return 7;
        };
        let Ok(permit) = client.permits.try_acquire() else {
            return 7;
        };
        let answer = timeout(client.attempt, ask(at.0, at.1)).await;
        let answer = answer.unwrap_or(Err(Error::NoAnswer));
        if leaks {
            permit.forget();
        }
        match answer {
            _ if opened.get() && !leaks => mem::forget(entered),
            Ok(_) => entered.succeeded(),
            Err(_) => entered.failed(),
        }
        answer.unwrap_or(7)
    }

    #[tokio::test]
    async fn a_client_that_gives_no_permit_back_is_noticed() {
        let opened = Cell::new(false);
        let price = async |client: &Client, address, item| {
            broken(client, (address, item), true, &opened).await
        };
        assert_eq!(chaos(price).await, (false, 0));
    }

    #[tokio::test]
    async fn a_client_whose_probes_do_not_report_is_noticed() {
        let opened = Cell::new(false);
        let price = async |client: &Client, address, item| {
            broken(client, (address, item), false, &opened).await
        };
        assert_eq!(chaos(price).await, (false, 10));
    }
}
