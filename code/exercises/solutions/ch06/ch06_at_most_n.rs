use futures::stream::{self, StreamExt};

pub async fn map_bounded<T, R, F>(items: Vec<T>, n: usize, work: impl Fn(T) -> F) -> Vec<R>
where
    F: Future<Output = R>,
{
    let numbered = items.into_iter().enumerate().map(|(number, item)| {
        let future = work(item);
        async move { (number, future.await) }
    });
    let mut results: Vec<_> = stream::iter(numbered)
        .buffer_unordered(n.max(1))
        .collect()
        .await;
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::time::Duration;
    use tokio::time::{Instant, sleep, timeout};

    async fn fetch(seconds: u64) -> u64 {
        sleep(Duration::from_secs(seconds)).await;
        seconds
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn results_are_in_the_order_of_the_items() {
        let results = map_bounded(vec![5, 1, 3, 2], 2, fetch).await;
        assert_eq!(results, [5, 1, 3, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_result_that_waits_takes_no_place() {
        let start = Instant::now();
        map_bounded(vec![5, 1, 3, 2], 2, fetch).await;
        assert_eq!(start.elapsed(), Duration::from_secs(6));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_n_are_under_way() {
        let (now, most) = (Cell::new(0), Cell::new(0));
        let work = |seconds| {
            let (now, most) = (&now, &most);
            async move {
                now.set(now.get() + 1);
                most.set(most.get().max(now.get()));
                fetch(seconds).await;
                now.set(now.get() - 1);
            }
        };
        map_bounded(vec![3, 1, 4, 1, 5, 9, 2, 6], 3, work).await;
        assert_eq!(most.get(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_zero_does_not_wait_for_ever() {
        let hour = Duration::from_secs(3600);
        let results = timeout(hour, map_bounded(vec![2, 1], 0, fetch)).await;
        assert_eq!(results.expect("it ends"), [2, 1]);
    }
}
