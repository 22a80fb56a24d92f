//! Look up many names, at most `limit` at a time, and return the answers in the order of the
//! names. One line of adapters is enough.

use futures::{StreamExt, stream};

/// The answers, in the order of the names.
async fn look_up_all<F>(names: Vec<u64>, limit: usize, look_up: impl Fn(u64) -> F) -> Vec<u64>
where
    F: Future<Output = u64>,
{
    // TODO: which adapter keeps the order?
    let _ = (stream::iter(names).map(look_up).next(), limit);
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::cell::Cell;
    use tokio::time::{Duration, Instant, sleep};

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn answers_are_in_the_order_of_the_names_and_overlap() {
        let start = Instant::now();
        let look_up = async |seconds| {
            sleep(Duration::from_secs(seconds)).await;
            seconds * 10
        };
        let answers = look_up_all(vec![3, 1, 2], 3, |name| look_up(name)).await;
        assert_eq!(answers, [30, 10, 20]);
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_the_limit_are_under_way() {
        let (now, most) = (Cell::new(0), Cell::new(0));
        let look_up = async |name| {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            sleep(Duration::from_secs(1)).await;
            now.set(now.get() - 1);
            name
        };
        look_up_all((0..20).collect(), 4, |name| look_up(name)).await;
        assert_eq!(most.get(), 4);
    }
}
