use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

struct Shares {
    all: Semaphore,
    each: usize,
    tenants: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Shares {
    fn new(all: usize, each: usize) -> Shares {
        Shares {
            all: Semaphore::new(all),
            each,
            tenants: Mutex::default(),
        }
    }

    /// Runs `work` as soon as the tenant may, and there is room.
    async fn run<T>(&self, tenant: &str, work: impl Future<Output = T>) -> T {
        let own = {
            let mut tenants = self.tenants.lock().unwrap();
            let own = tenants.entry(tenant.to_owned());
            Arc::clone(own.or_insert_with(|| Arc::new(Semaphore::new(self.each))))
        };
        let _own = own.acquire().await.expect("never closed");
        let _common = self.all.acquire().await.expect("never closed");
        work.await
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    async fn second(_: ()) {
        sleep(Duration::from_secs(1)).await;
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn one_tenant_runs_no_more_than_its_share() {
        let (start, shares) = (Instant::now(), Shares::new(8, 1));
        tokio::join!(shares.run("a", second(())), shares.run("a", second(())));
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn all_together_run_no_more_than_there_is_room() {
        let (start, shares) = (Instant::now(), Shares::new(1, 1));
        tokio::join!(shares.run("a", second(())), shares.run("b", second(())));
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_greedy_tenant_does_not_hold_up_a_modest_one() {
        let (start, shares) = (Instant::now(), Shares::new(2, 1));
        let greedy = async {
            let run = || shares.run("greedy", second(()));
            tokio::join!(run(), run(), run())
        };
        let modest = async {
            shares.run("modest", second(())).await;
            start.elapsed()
        };
        let (_, served) = tokio::join!(greedy, modest);
        assert_eq!(served, Duration::from_secs(1));
    }
}
